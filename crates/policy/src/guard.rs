//! The rule that a guard component carries: what the host grants by its settings,
//! as strings that can be put into a component and printed.

use alloc::format;
use alloc::string::String;
use core::fmt;

use keyhole_exchange::settings::{Flags, Settings};

use crate::form::FormRule;
use crate::target::Target;

/// One form to one endpoint, with the content of one file in it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct GuardRule {
    /// `http` or `https`.
    pub scheme: String,
    /// Host and port as in a URL, without a default port.
    pub authority: String,
    /// The token endpoint's path.
    pub path: String,
    /// The client.
    pub client_id: String,
    /// The scope.
    pub scope: String,
    /// The path of the federated token file, as the runtime shows it.
    pub token_file: String,
}

impl GuardRule {
    /// What the exchange asks for with these settings.
    #[must_use]
    pub fn of(settings: &Settings) -> Self {
        let endpoint = settings.endpoint();
        GuardRule {
            scheme: endpoint.scheme().as_str().into(),
            authority: endpoint.authority().into(),
            path: endpoint.path().into(),
            client_id: settings.client_id().as_str().into(),
            scope: settings.scope().as_str().into(),
            token_file: settings.token_file().into(),
        }
    }

    /// The rule, if there are settings that ask for it: a rule in a file that somebody
    /// else made may say anything, plain text to any host for example. A path with
    /// control characters is in no rule.
    ///
    /// # Errors
    /// No settings ask for it. What it says is not quoted: whoever made it chose it.
    pub fn checked(self) -> Result<Self, NoSuchRule> {
        const PATH: &str = "/oauth2/v2.0/token";
        // They are shown to people, and a path is the one field that may have any.
        if self.token_file.chars().any(char::is_control) {
            return Err(NoSuchRule);
        }
        let tenant = self.path.strip_prefix('/');
        let tenant = tenant.and_then(|path| path.strip_suffix(PATH));
        let flags = Flags {
            client_id: Some(self.client_id.clone()),
            tenant_id: Some(tenant.ok_or(NoSuchRule)?.into()),
            scope: Some(self.scope.clone()),
            federated_token_file: Some(self.token_file.clone()),
            authority_host: Some(format!("{}://{}/", self.scheme, self.authority)),
            ..Flags::default()
        };
        match Settings::resolve(&flags, &|_| None) {
            Ok(settings) if Self::of(&settings) == self => Ok(self),
            _ => Err(NoSuchRule),
        }
    }

    /// The one request.
    #[must_use]
    pub fn target(&self) -> Target {
        Target::post(&*self.scheme, &*self.authority, &*self.path)
    }

    /// The one form. Claims are never part of it: they are a secret of the moment,
    /// and a rule is neither.
    #[must_use]
    pub fn form(&self) -> FormRule {
        FormRule::new(&*self.client_id, &*self.scope, None)
    }

    /// The folder that a guest sees and the only entry in it.
    #[must_use]
    pub fn folder_and_entry(&self) -> (&str, &str) {
        match self.token_file.rsplit_once('/') {
            Some(("", entry)) => ("/", entry),
            Some((folder, entry)) => (folder, entry),
            None => (".", &self.token_file),
        }
    }
}

/// A rule that no settings ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoSuchRule;

impl fmt::Display for NoSuchRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Its rule is one that no settings ask for, so keyhole did not make it")
    }
}

impl core::error::Error for NoSuchRule {}

impl fmt::Display for GuardRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} with client_id={} scope={} and the token of {}",
            self.target(),
            self.client_id,
            self.scope,
            self.token_file
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString as _;

    fn rule(token_file: &str) -> GuardRule {
        let settings = Settings::from_env(&|name| {
            Some(match name {
                "AZURE_CLIENT_ID" => "00000000-0000-0000-0000-000000000001".into(),
                "AZURE_TENANT_ID" => "contoso.example".into(),
                "AZURE_FEDERATED_TOKEN_FILE" => token_file.into(),
                _ => return None,
            })
        });
        GuardRule::of(&settings.expect("settings"))
    }

    #[test]
    fn the_rule_is_what_the_settings_ask_for() {
        assert_eq!(
            rule("/t/token").to_string(),
            "POST https://login.microsoftonline.com/contoso.example/oauth2/v2.0/token with \
             client_id=00000000-0000-0000-0000-000000000001 \
             scope=6dae42f8-4368-4678-94ff-3960e28e3630/.default and the token of /t/token"
        );
    }

    #[test]
    fn a_rule_that_no_settings_ask_for_is_none() {
        type Change = fn(&mut GuardRule);
        let own = rule("/t/token");
        assert_eq!(own.clone().checked(), Ok(own.clone()));
        let loopback = GuardRule {
            scheme: "http".into(),
            authority: "127.0.0.1:8080".into(),
            ..own.clone()
        };
        assert_eq!(loopback.clone().checked(), Ok(loopback));
        let changes: [Change; 12] = [
            |rule| rule.scheme = "http".into(),
            |rule| rule.scheme = "HTTPS".into(),
            |rule| rule.scheme = "ftp".into(),
            |rule| rule.authority = "user@evil.test".into(),
            |rule| rule.authority = "evil.test/x?".into(),
            |rule| rule.authority = "login.microsoftonline.com:443".into(),
            |rule| rule.path = "/contoso.example/oauth2/v2.0/authorize".into(),
            |rule| rule.path = "/a/b/oauth2/v2.0/token".into(),
            |rule| rule.client_id = "not a client\nchecked".into(),
            |rule| rule.scope = "a  b".into(),
            |rule| rule.token_file = String::new(),
            |rule| rule.token_file = "a\nchecked".into(),
        ];
        for (index, change) in changes.into_iter().enumerate() {
            let mut forged = own.clone();
            change(&mut forged);
            assert_eq!(forged.checked(), Err(NoSuchRule), "{index}");
        }
    }

    #[test]
    fn a_path_is_one_entry_of_one_folder() {
        for (path, folder, entry) in [
            ("/var/run/token", "/var/run", "token"),
            ("/token", "/", "token"),
            ("token", ".", "token"),
            ("a/token", "a", "token"),
        ] {
            assert_eq!(rule(path).folder_and_entry(), (folder, entry), "{path}");
        }
    }
}
