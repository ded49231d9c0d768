//! The settings of a gateway, and the variables that they travel in.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use keyhole_exchange::cloud::{AuthorityFault, AuthorityHost};

use crate::rules::{RuleError, Rules};

/// `https://host[:port]`, the one place that requests go to.
pub const UPSTREAM: &str = "KEYHOLE_UPSTREAM";
/// The names that callers may use in `Host`, besides [`crate::rules::HOSTS`];
/// with commas.
pub const ACCEPT_HOSTS: &str = "KEYHOLE_ACCEPT_HOSTS";
/// The only verbs that pass, with commas; unset: all.
pub const ALLOW_VERBS: &str = "KEYHOLE_ALLOW_VERBS";
/// The only patterns of paths that pass, with commas; unset: all.
pub const ALLOW_PATHS: &str = "KEYHOLE_ALLOW_PATHS";
/// How long the head of an answer may take, in seconds; 0: any time.
pub const HEADER_TIMEOUT: &str = "KEYHOLE_RESPONSE_HEADER_TIMEOUT";

/// A caller that waits longer than this for the head of an answer is told so, in
/// seconds: five times what kube-apiserver itself allows (`--request-timeout`).
pub const DEFAULT_HEADER_TIMEOUT: u64 = 300;

/// What a gateway does.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where requests go.
    pub upstream: AuthorityHost,
    /// Which of them.
    pub rules: Rules,
    /// How long the head of an answer may take, in seconds; `None`: any time.
    pub header_timeout: Option<u64>,
}

/// Why there are no settings.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SettingsError {
    /// [`UPSTREAM`] is not set.
    NoUpstream,
    /// [`UPSTREAM`] is no URL of an upstream.
    Upstream(AuthorityFault),
    /// A rule cannot be used.
    Rule(RuleError),
    /// [`HEADER_TIMEOUT`] is no number.
    HeaderTimeout,
}

impl core::fmt::Display for SettingsError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::NoUpstream => write!(f, "{UPSTREAM} is not set; it is https://host[:port]"),
            Self::Upstream(fault) => write!(f, "{UPSTREAM} cannot be used: {fault}"),
            Self::Rule(error) => error.fmt(f),
            Self::HeaderTimeout => write!(f, "{HEADER_TIMEOUT} is no number of seconds"),
        }
    }
}

impl core::error::Error for SettingsError {}

impl Settings {
    /// The settings that variables make; an empty one counts as unset.
    ///
    /// # Errors
    /// [`SettingsError`]
    pub fn from_env<'a>(variable: impl Fn(&str) -> Option<&'a str>) -> Result<Self, SettingsError> {
        let value = |name: &str| variable(name).unwrap_or_default();
        let upstream = match value(UPSTREAM) {
            "" => return Err(SettingsError::NoUpstream),
            url => AuthorityHost::parse(url).map_err(SettingsError::Upstream)?,
        };
        let rules = rules(value(ACCEPT_HOSTS), value(ALLOW_VERBS), value(ALLOW_PATHS))
            .map_err(SettingsError::Rule)?;
        let seconds = match value(HEADER_TIMEOUT) {
            "" => DEFAULT_HEADER_TIMEOUT,
            text => text.parse().map_err(|_| SettingsError::HeaderTimeout)?,
        };
        Ok(Self {
            upstream,
            rules,
            header_timeout: (seconds > 0).then_some(seconds),
        })
    }

    /// The variables that make these settings.
    #[must_use]
    pub fn to_env(&self) -> Vec<(String, String)> {
        let url = self.upstream.url();
        let seconds = self.header_timeout.unwrap_or_default();
        let mut variables = Vec::from([
            (UPSTREAM, url),
            (ACCEPT_HOSTS, self.rules.hosts().join(",")),
            (HEADER_TIMEOUT, format!("{seconds}")),
        ]);
        let verbs = self.rules.verbs().map(|verbs| verbs.join(","));
        variables.extend(verbs.map(|verbs| (ALLOW_VERBS, verbs)));
        let paths = self.rules.paths().map(|paths| paths.join(","));
        variables.extend(paths.map(|paths| (ALLOW_PATHS, paths)));
        variables
            .into_iter()
            .map(|(name, value)| (name.to_string(), value))
            .collect()
    }
}

fn rules(hosts: &str, verbs: &str, paths: &str) -> Result<Rules, RuleError> {
    let rules = items(hosts).try_fold(Rules::new(), Rules::host)?;
    let rules = items(verbs).try_fold(rules, Rules::verb)?;
    items(paths).try_fold(rules, Rules::path)
}

fn items(list: &str) -> impl Iterator<Item = &str> {
    let items = list.split(',').map(str::trim);
    items.filter(|item| !item.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Settings, SettingsError> {
        Settings::from_env(|name| {
            let found = variables.iter().find(|(variable, _)| *variable == name);
            found.map(|(_, value)| *value)
        })
    }

    #[test]
    fn settings_are_written_as_they_are_read() {
        let settings = read(&[
            (UPSTREAM, "https://API.example:6443/"),
            (ACCEPT_HOSTS, "proxy.internal, [::2]"),
            (ALLOW_VERBS, "get,list"),
            (ALLOW_PATHS, "/version, /api/v1/**"),
            (HEADER_TIMEOUT, "0"),
        ])
        .expect("settings");
        assert_eq!(settings.upstream.authority(), "api.example:6443");
        assert_eq!(settings.header_timeout, None);
        let written = settings.to_env();
        let again: Vec<_> = written
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        assert!(
            again.contains(&(ALLOW_PATHS, "/version,/api/v1/**")),
            "{again:?}"
        );
        // The names of loopback are there in any case, and so twice.
        let again = read(&again).expect("the same settings");
        assert_eq!(again.rules.verbs(), settings.rules.verbs());
        assert_eq!(again.rules.paths(), settings.rules.paths());
        assert!(again.rules.hosts().ends_with(settings.rules.hosts()));
    }

    #[test]
    fn what_is_wrong_is_named() {
        assert_eq!(read(&[]).expect_err("none"), SettingsError::NoUpstream);
        for (variables, named) in [
            (
                [(UPSTREAM, "http://api.example"), (ALLOW_VERBS, "")],
                UPSTREAM,
            ),
            (
                [(UPSTREAM, "https://api.example/x"), (ALLOW_VERBS, "")],
                UPSTREAM,
            ),
            ([(UPSTREAM, "api.example"), (ALLOW_VERBS, "fetch")], "fetch"),
            (
                [(UPSTREAM, "api.example"), (HEADER_TIMEOUT, "5 min")],
                HEADER_TIMEOUT,
            ),
        ] {
            let error = read(&variables).expect_err("settings").to_string();
            assert!(error.contains(named), "{error}");
        }
    }
}
