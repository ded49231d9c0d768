//! The flags.

use alloc::format;

use keyhole_report::{ExitClass, Failure};

use crate::login::{NO_POP, NO_POP_NEXT, NO_SECRET, NO_SECRET_NEXT};

/// A flag.
#[derive(Debug)]
pub(super) struct Flag {
    /// Its name, without the hyphens.
    pub(super) name: &'static str,
    /// Its letter.
    pub(super) short: Option<char>,
    pub(super) kind: Kind,
    pub(super) deed: Deed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// It has a value of its own.
    Value,
    /// It has none.
    Switch,
    /// One of kubelogin's: it has none, or a Go boolean behind `=`.
    GoSwitch,
}

/// What a flag does.
#[derive(Debug, Clone, Copy)]
pub(super) enum Deed {
    ClientId,
    TenantId,
    ServerId,
    Scope,
    FederatedTokenFile,
    AuthorityHost,
    Environment,
    KnownAuthoritiesOnly,
    Timeout,
    RetryPropagation,
    InsecureHttp,
    NoAssertionChecks,
    Output,
    Login,
    /// Nothing, with one of these values; the form of the value is for texts.
    OneOf(&'static str, &'static [&'static str]),
    /// Nothing, with a number of one byte.
    Number,
    /// Nothing, in the program neither or for what there is none of here.
    Nothing,
    /// It is refused.
    Refuse(Why),
}

/// Why a flag is refused.
#[derive(Debug, Clone, Copy)]
pub(super) enum Why {
    /// The runtime makes connections, and proves names.
    Network,
    /// Nobody tells a component what the runtime saw and decided.
    Sandbox,
    /// A component is granted one file, to read it.
    Files,
    /// It is about which component runs.
    Component,
    /// It is about variables: a second order of them is not worth its code here.
    Variables,
    Secret,
    ProofOfPossession,
}

impl Why {
    pub(super) fn failure(self, name: &str) -> Failure {
        let (why, next) = match self {
            Self::Network => (
                "cannot be done by a component: the runtime makes its connections",
                "Leave it away and tell the runtime, or use the program keyhole.",
            ),
            Self::Sandbox => (
                "cannot be done by a component: it does not see what its runtime sees",
                "Use the program keyhole, whose sandbox is its own.",
            ),
            Self::Files => (
                "cannot be done by a component: it writes no file",
                "Leave it away and keep standard output, or use the program keyhole.",
            ),
            Self::Component => (
                "cannot be done by a component: it is one",
                "Name another to the runtime, or use the program keyhole.",
            ),
            Self::Variables => (
                "cannot be done by a component: it has one order of flags and variables",
                "Leave it away and give flags, which beat variables, or use the program keyhole.",
            ),
            Self::Secret => (NO_SECRET, NO_SECRET_NEXT),
            Self::ProofOfPossession => (NO_POP, NO_POP_NEXT),
        };
        Failure::new(ExitClass::Configuration, format!("{name} {why}"), next)
    }
}

/// A boolean as Go's `strconv.ParseBool` reads it.
pub(super) fn go_bool(text: &str) -> Result<bool, &'static str> {
    match text {
        "1" | "t" | "T" | "TRUE" | "true" | "True" => Ok(true),
        "0" | "f" | "F" | "FALSE" | "false" | "False" => Ok(false),
        _ => Err("it is neither true nor false"),
    }
}

const fn value(name: &'static str, deed: Deed) -> Flag {
    Flag {
        name,
        short: None,
        kind: Kind::Value,
        deed,
    }
}

const fn switch(name: &'static str, deed: Deed) -> Flag {
    Flag {
        kind: Kind::Switch,
        ..value(name, deed)
    }
}

const fn go_switch(name: &'static str, deed: Deed) -> Flag {
    Flag {
        kind: Kind::GoSwitch,
        ..value(name, deed)
    }
}

const fn short(letter: char, flag: Flag) -> Flag {
    Flag {
        short: Some(letter),
        ..flag
    }
}

const LOG_LEVELS: &[&str] = &["off", "error", "warn", "info", "debug", "trace"];

/// All that `keyhole verify` and `keyhole get-token` know, those that are taken
/// for kubelogin's sake included.
pub(super) static FLAGS: &[Flag] = &[
    value("output", Deed::Output),
    value("client-id", Deed::ClientId),
    short('t', value("tenant-id", Deed::TenantId)),
    value("server-id", Deed::ServerId),
    value("scope", Deed::Scope),
    value("federated-token-file", Deed::FederatedTokenFile),
    value("authority-host", Deed::AuthorityHost),
    short('e', value("environment", Deed::Environment)),
    switch("known-authorities-only", Deed::KnownAuthoritiesOnly),
    value("timeout", Deed::Timeout),
    value("retry-propagation", Deed::RetryPropagation),
    switch("insecure-http", Deed::InsecureHttp),
    switch("no-assertion-checks", Deed::NoAssertionChecks),
    short('l', value("login", Deed::Login)),
    switch("github-actions-token", Deed::Refuse(Why::Network)),
    value("github-audience", Deed::Refuse(Why::Network)),
    value("authority-ca", Deed::Refuse(Why::Network)),
    value("proxy", Deed::Refuse(Why::Network)),
    value("no-proxy", Deed::Refuse(Why::Network)),
    value("identity-binding", Deed::Refuse(Why::Network)),
    value("identity-binding-sni", Deed::Refuse(Why::Network)),
    value("identity-binding-ca", Deed::Refuse(Why::Network)),
    value("cluster", Deed::Refuse(Why::Network)),
    value("cluster-ca", Deed::Refuse(Why::Network)),
    switch("explain", Deed::Refuse(Why::Sandbox)),
    switch("show-claims", Deed::Refuse(Why::Sandbox)),
    value("audit", Deed::Refuse(Why::Sandbox)),
    value("save-report", Deed::Refuse(Why::Files)),
    value("cache", Deed::Refuse(Why::Files)),
    value("component", Deed::Refuse(Why::Component)),
    value("digest", Deed::Refuse(Why::Component)),
    switch("env-overrides-flags", Deed::Refuse(Why::Variables)),
    go_switch("disable-environment-override", Deed::Refuse(Why::Variables)),
    go_switch("use-azurerm-env-vars", Deed::Refuse(Why::Variables)),
    value("client-secret", Deed::Refuse(Why::Secret)),
    value("client-certificate-password", Deed::Refuse(Why::Secret)),
    value("password", Deed::Refuse(Why::Secret)),
    go_switch("pop-enabled", Deed::Refuse(Why::ProofOfPossession)),
    value("pop-claims", Deed::Refuse(Why::ProofOfPossession)),
    // There is no log.
    value("log-level", Deed::OneOf("<LEVEL>", LOG_LEVELS)),
    value("log-format", Deed::OneOf("<FORMAT>", &["text", "json"])),
    short('v', value("v", Deed::Number)),
    // As in kubelogin's command lines for this login, and in the program.
    value("cache-dir", Deed::Nothing),
    value("token-cache-dir", Deed::Nothing),
    go_switch("disable-instance-discovery", Deed::Nothing),
    go_switch("legacy", Deed::Nothing),
    value("client-certificate", Deed::Nothing),
    value("username", Deed::Nothing),
    value("identity-resource-id", Deed::Nothing),
    value("redirect-url", Deed::Nothing),
    value("login-hint", Deed::Nothing),
    short('s', value("subscription", Deed::Nothing)),
    value("azure-pipelines-service-connection-id", Deed::Nothing),
    value("azure-config-dir", Deed::Nothing),
    go_switch("logtostderr", Deed::Nothing),
];
