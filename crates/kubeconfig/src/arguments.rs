//! The arguments of an exec entry: which flags an old one has, and the new
//! ones.

use keyhole_exchange::settings::{Flags, flag};

use crate::wanted::Wanted;

/// The command that both programs have.
pub(crate) const GET_TOKEN: &str = "get-token";
const LOGIN: &str = "--login";
const WORKLOAD_IDENTITY: &str = "workloadidentity";

/// A flag of an exec entry: its name, its short name, whether a value follows,
/// and whether that value may be shown.
struct Flag {
    name: &'static str,
    short: Option<&'static str>,
    takes_value: bool,
    public: bool,
}

const fn flag(name: &'static str, short: Option<&'static str>) -> Flag {
    Flag {
        name,
        short,
        takes_value: true,
        public: true,
    }
}

const fn secret(name: &'static str) -> Flag {
    Flag {
        name,
        short: None,
        takes_value: true,
        public: false,
    }
}

const fn switch(name: &'static str) -> Flag {
    Flag {
        name,
        short: None,
        takes_value: false,
        public: true,
    }
}

/// The flags of kubelogin's `get-token` (pkg/internal/token/options.go, up to
/// v0.2.11), then Keyhole's own.
const FLAGS: &[Flag] = &[
    flag(LOGIN, Some("-l")),
    flag(flag::CLIENT_ID, None),
    flag(flag::TENANT_ID, Some("-t")),
    flag(flag::SERVER_ID, None),
    flag(flag::ENVIRONMENT, Some("-e")),
    flag(flag::AUTHORITY_HOST, None),
    flag(flag::FEDERATED_TOKEN_FILE, None),
    secret("--client-secret"),
    flag("--client-certificate", None),
    secret("--client-certificate-password"),
    secret("--username"),
    secret("--password"),
    flag("--identity-resource-id", None),
    flag("--cache-dir", None),
    flag("--token-cache-dir", None),
    flag("--timeout", None),
    secret("--pop-claims"),
    flag("--redirect-url", None),
    secret("--login-hint"),
    flag("--subscription", Some("-s")),
    flag("--azure-pipelines-service-connection-id", None),
    flag("--azure-config-dir", None),
    flag("--v", Some("-v")),
    switch("--legacy"),
    switch("--pop-enabled"),
    switch("--use-azurerm-env-vars"),
    switch("--disable-environment-override"),
    switch("--disable-instance-discovery"),
    switch("--logtostderr"),
    flag(flag::SCOPE, None),
    flag("--authority-ca", None),
    secret("--proxy"),
    flag("--no-proxy", None),
    flag("--identity-binding", None),
    flag("--identity-binding-sni", None),
    flag("--identity-binding-ca", None),
    flag("--audit", None),
    flag("--cache", None),
    flag("--retry-propagation", None),
    flag("--component", None),
    flag("--digest", None),
    flag("--output", None),
    flag("--log-level", None),
    flag("--log-format", None),
    switch(flag::GITHUB_ACTIONS_TOKEN),
    flag("--github-audience", None),
    switch(flag::KNOWN_AUTHORITIES_ONLY),
    switch("--insecure-http"),
    switch("--no-assertion-checks"),
];

/// One or two arguments that belong together.
struct Part<'a> {
    flag: Option<&'static Flag>,
    value: Option<&'a str>,
    raw: &'a [String],
}

/// Splits arguments as pflag and clap do: `--flag value`, `--flag=value`,
/// `-f value`, `-fvalue`, `-f=value`.
fn parts(mut arguments: &[String]) -> Vec<Part<'_>> {
    let mut out = Vec::new();
    while let Some((first, after)) = arguments.split_first() {
        let (flag, inline) = match named(first) {
            Some((flag, inline)) => (Some(flag), inline),
            None => (None, None),
        };
        let follows = inline.is_none() && flag.is_some_and(|flag| flag.takes_value);
        let taken = if follows && !after.is_empty() { 2 } else { 1 };
        let value = if follows {
            after.first().map(String::as_str)
        } else {
            inline
        };
        let (raw, rest) = arguments.split_at(taken);
        out.push(Part { flag, value, raw });
        arguments = rest;
    }
    out
}

fn named(argument: &str) -> Option<(&'static Flag, Option<&str>)> {
    FLAGS.iter().find_map(|flag| {
        if let Some(rest) = argument.strip_prefix(flag.name) {
            if rest.is_empty() {
                return Some((flag, None));
            }
            if let Some(value) = rest.strip_prefix('=') {
                return Some((flag, Some(value)));
            }
        }
        let rest = argument.strip_prefix(flag.short?)?;
        let value = rest.strip_prefix('=').unwrap_or(rest);
        Some((flag, (!rest.is_empty()).then_some(value)))
    })
}

/// Which of the arguments, by number, hold nothing but what may be shown:
/// known flags, and values of those that never are secret.
pub(crate) fn shown(arguments: &[String]) -> Vec<bool> {
    parts(arguments)
        .iter()
        .flat_map(|part| {
            let public = part.flag.is_some_and(|flag| flag.public);
            let first = part.raw.first().is_some_and(|raw| match part.flag {
                None => raw == GET_TOKEN,
                Some(flag) => public || raw == flag.name,
            });
            [first, public].into_iter().take(part.raw.len())
        })
        .collect()
}

/// New arguments, and what became of the old ones.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Arguments {
    pub(crate) new: Vec<String>,
    /// Flags that were taken over from the old entry.
    pub(crate) kept: Vec<&'static str>,
    /// Flags that the old entry had and the new one has not.
    pub(crate) dropped: Vec<&'static str>,
    /// How many arguments were dropped that are none of a known flag's.
    pub(crate) unknown: usize,
}

/// For an entry that was kubelogin's: values from the command line, and the
/// server and the cloud of the old entry where that says nothing. Its other
/// values are kept if they are of this login, and else belong to another.
pub(crate) fn of_kubelogin(old: &[String], wanted: &Wanted) -> Arguments {
    let parts = parts(old);
    let mut arguments = Arguments {
        new: beginning(),
        ..Arguments::default()
    };
    let of_this_login = last(&parts, LOGIN) == Some(WORKLOAD_IDENTITY);
    for (name, value) in wanted.values() {
        let taken_over = of_this_login || matches!(name, flag::SERVER_ID | flag::ENVIRONMENT);
        let old = last(&parts, name).filter(|old| taken_over && !old.is_empty());
        arguments.push(name, value, old);
    }
    arguments.drop_others(&parts);
    arguments
}

/// For an entry that is Keyhole's: values from the command line replace its
/// own, and all else stays. `None`: nothing changes.
pub(crate) fn of_keyhole(old: &[String], wanted: &Wanted) -> Option<Arguments> {
    let parts = parts(old);
    let differs = |(name, value): &(&'static str, Option<&str>)| {
        value.is_some() && last(&parts, name) != *value
    };
    wanted.values().iter().find(|pair| differs(pair))?;
    let mut arguments = Arguments {
        new: beginning(),
        ..Arguments::default()
    };
    for (name, value) in wanted.values() {
        arguments.push(name, value, last(&parts, name));
    }
    let written = wanted.values().map(|(name, _)| name);
    for part in &parts {
        let rewritten = part
            .flag
            .is_some_and(|flag| flag.name == LOGIN || written.contains(&flag.name));
        if !rewritten && part.raw != [GET_TOKEN] {
            arguments.new.extend_from_slice(part.raw);
        }
    }
    Some(arguments)
}

/// For an auth-provider's configuration.
pub(crate) fn of_provider(
    server: Option<&str>,
    environment: Option<&str>,
    wanted: &Wanted,
) -> Arguments {
    let mut arguments = Arguments {
        new: beginning(),
        ..Arguments::default()
    };
    for (name, value) in wanted.values() {
        let old = match name {
            flag::SERVER_ID => server,
            flag::ENVIRONMENT => environment,
            _ => None,
        };
        arguments.push(name, value, old.filter(|old| !old.is_empty()));
    }
    arguments
}

fn beginning() -> Vec<String> {
    [GET_TOKEN, LOGIN, WORKLOAD_IDENTITY]
        .map(String::from)
        .to_vec()
}

fn last<'a>(parts: &[Part<'a>], name: &str) -> Option<&'a str> {
    let is_it = |part: &&Part<'_>| part.flag.is_some_and(|flag| flag.name == name);
    parts.iter().rev().find(is_it)?.value
}

impl Arguments {
    fn push(&mut self, name: &'static str, wanted: Option<&str>, old: Option<&str>) {
        let Some(value) = wanted.or(old) else {
            return;
        };
        if wanted.is_none() {
            self.kept.push(name);
        }
        self.new.extend([name.to_owned(), value.to_owned()]);
    }

    fn drop_others(&mut self, parts: &[Part<'_>]) {
        for part in parts {
            match part.flag {
                Some(flag) if self.new.iter().any(|new| new == flag.name) => {}
                Some(flag) if self.dropped.contains(&flag.name) => {}
                Some(flag) => self.dropped.push(flag.name),
                None if part.raw == [GET_TOKEN] => {}
                None => self.unknown += part.raw.len(),
            }
        }
    }

    /// The value of a flag among the new arguments.
    fn value(&self, name: &str) -> Option<&String> {
        let at = self.new.iter().position(|new| new == name)?;
        self.new.get(at + 1)
    }

    /// The server that is named.
    pub(crate) fn server_id(&self) -> Option<&String> {
        self.value(flag::SERVER_ID)
    }

    /// What was taken over, to be checked as a flag would be.
    pub(crate) fn taken_over(&self) -> Flags {
        let value = |name| {
            self.kept
                .contains(&name)
                .then(|| self.value(name).cloned())
                .flatten()
        };
        Flags {
            client_id: value(flag::CLIENT_ID),
            tenant_id: value(flag::TENANT_ID),
            server_id: value(flag::SERVER_ID),
            federated_token_file: value(flag::FEDERATED_TOKEN_FILE),
            authority_host: value(flag::AUTHORITY_HOST),
            environment: value(flag::ENVIRONMENT),
            ..Flags::default()
        }
    }
}
