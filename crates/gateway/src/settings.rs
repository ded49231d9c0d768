//! The variables.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use keyhole_exchange::cloud::{AuthorityHost, Scheme};
use keyhole_proxy_rules::rules::{RuleError, Rules};

use crate::bindings::wasi::cli::environment;
use crate::bindings::wasi::http::types as http;

/// `https://host[:port]`, the one place that requests go to.
const UPSTREAM: &str = "KEYHOLE_UPSTREAM";
/// Names that callers may use in `Host`, besides those of loopback; with commas.
const ACCEPT_HOSTS: &str = "KEYHOLE_ACCEPT_HOSTS";
/// The only verbs that pass, with commas; unset: all.
const ALLOW_VERBS: &str = "KEYHOLE_ALLOW_VERBS";
/// The only patterns of paths that pass, with commas; unset: all.
const ALLOW_PATHS: &str = "KEYHOLE_ALLOW_PATHS";
/// How long the head of an answer may take, in seconds; 0: any time.
const HEADER_TIMEOUT: &str = "KEYHOLE_RESPONSE_HEADER_TIMEOUT";

const SECOND: u64 = 1_000_000_000;

/// A caller that waits longer than this for the head of an answer is told so:
/// five times what kube-apiserver itself allows (`--request-timeout`).
const DEFAULT_HEADER_TIMEOUT: u64 = 300;

pub(crate) struct Settings {
    upstream: AuthorityHost,
    /// Which requests go on.
    pub(crate) rules: Rules,
    /// How long the head of an answer may take, in nanoseconds.
    pub(crate) header_timeout: Option<u64>,
}

impl Settings {
    /// The settings that the variables make, or what is wrong with them.
    pub(crate) fn read() -> Result<Self, String> {
        let variables = environment::get_environment();
        let value = |name: &str| {
            let found = variables.iter().find(|(variable, _)| variable == name);
            found.map_or("", |(_, value)| value.as_str())
        };
        let upstream = value(UPSTREAM);
        if upstream.is_empty() {
            return Err(format!("{UPSTREAM} is not set: it names the upstream"));
        }
        let upstream = AuthorityHost::parse(upstream)
            .map_err(|fault| format!("{UPSTREAM} cannot be used: {fault}"))?;
        let rules = rules(value(ACCEPT_HOSTS), value(ALLOW_VERBS), value(ALLOW_PATHS))
            .map_err(|error| error.to_string())?;
        let seconds = match value(HEADER_TIMEOUT) {
            "" => DEFAULT_HEADER_TIMEOUT,
            text => text
                .parse()
                .map_err(|_| format!("{HEADER_TIMEOUT} is no number of seconds"))?,
        };
        Ok(Self {
            upstream,
            rules,
            header_timeout: (seconds > 0).then(|| seconds.saturating_mul(SECOND)),
        })
    }

    pub(crate) fn scheme(&self) -> http::Scheme {
        match self.upstream.scheme() {
            Scheme::Http => http::Scheme::Http,
            Scheme::Https => http::Scheme::Https,
        }
    }

    /// `host` or `host:port`.
    pub(crate) fn authority(&self) -> String {
        self.upstream.authority()
    }
}

fn rules(hosts: &str, verbs: &str, paths: &str) -> Result<Rules, RuleError> {
    let rules = items(hosts)
        .into_iter()
        .try_fold(Rules::new(), Rules::host)?;
    let rules = items(verbs).into_iter().try_fold(rules, Rules::verb)?;
    items(paths).into_iter().try_fold(rules, Rules::path)
}

fn items(list: &str) -> Vec<&str> {
    let items = list.split(',').map(str::trim);
    items.filter(|item| !item.is_empty()).collect()
}
