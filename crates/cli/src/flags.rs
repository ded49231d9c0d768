//! Flags that several commands share.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::{Args, ValueEnum};
use keyhole_commands::limits::Limits;
use keyhole_exchange::settings::Flags;
use keyhole_report::Failure;

use crate::github_actions::{self, GitHubFlags};
use crate::network_flags::NetworkFlags;
use keyhole_commands::duration::GoDuration;

/// Who asks whom for what.
#[derive(Debug, Args)]
#[command(next_help_heading = "Identity")]
pub(crate) struct IdentityFlags {
    /// Client id of the application or managed identity
    ///
    /// Default: AZURE_CLIENT_ID.
    #[arg(long, value_name = "ID")]
    client_id: Option<String>,

    /// Tenant, a GUID or a domain
    ///
    /// Default: AZURE_TENANT_ID.
    #[arg(long, short = 't', value_name = "ID")]
    tenant_id: Option<String>,

    /// Application id of the server the token is for
    ///
    /// The scope is this id with `/.default`. Default: AZURE_SCOPE, else
    /// AKS_SERVER_APP_ID, else 6dae42f8-4368-4678-94ff-3960e28e3630, which
    /// AKS-managed Microsoft Entra integration has in every cloud.
    #[arg(long, value_name = "ID")]
    server_id: Option<String>,

    /// Scope to ask for, verbatim; beats --server-id
    #[arg(long, value_name = "SCOPE")]
    scope: Option<String>,

    /// File that holds the federated token
    ///
    /// It is read at every exchange. Default: AZURE_FEDERATED_TOKEN_FILE.
    #[arg(long, value_name = "FILE")]
    federated_token_file: Option<String>,

    #[command(flatten)]
    github: GitHubFlags,

    /// Authority to ask; beats --environment
    ///
    /// With or without `https://` and a slash at the end. Default:
    /// AZURE_AUTHORITY_HOST, else AZURE_CLOUD, else the public cloud's.
    #[arg(long, value_name = "HOST")]
    authority_host: Option<String>,

    /// Cloud to ask the authority of
    ///
    /// AzurePublicCloud, AzureUSGovernment or AzureChinaCloud, or one of their
    /// other names, in any case.
    #[arg(long, short = 'e', value_name = "NAME")]
    environment: Option<String>,

    /// Refuse an authority that is not one of Microsoft's
    ///
    /// For images whose variables others set. Without it such an authority is
    /// asked, and named in every report and failure.
    #[arg(long)]
    known_authorities_only: bool,
}

impl IdentityFlags {
    /// clap's names of them, for flags beside which they mean nothing.
    pub(crate) const NAMES: [&'static str; 9] = [
        "client_id",
        "tenant_id",
        "server_id",
        "scope",
        "federated_token_file",
        "github_actions_token",
        "authority_host",
        "environment",
        "known_authorities_only",
    ];

    /// A word on where the federated token could be had and is not asked for.
    pub(crate) fn other_source(&self) -> Option<String> {
        match self.github.to_setting() {
            Some(_) => None,
            None => github_actions::note(),
        }
    }

    /// As the exchange takes them.
    pub(crate) fn to_settings_flags(&self) -> Flags {
        Flags {
            client_id: self.client_id.clone(),
            tenant_id: self.tenant_id.clone(),
            server_id: self.server_id.clone(),
            scope: self.scope.clone(),
            federated_token_file: self.federated_token_file.clone(),
            github_actions_token: self.github.to_setting(),
            authority_host: self.authority_host.clone(),
            environment: self.environment.clone(),
            known_authorities_only: self.known_authorities_only,
        }
    }
}

/// In what the exchange runs.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Sandbox and network")]
pub(crate) struct SandboxFlags {
    /// Give up after this long, waits included
    ///
    /// A Go duration such as 60s, 1m30s or 500ms. Default: 60s, and
    /// --retry-propagation beside it.
    #[arg(long, value_name = "DURATION")]
    timeout: Option<GoDuration>,

    /// Ask again for this long while a new federated credential spreads
    ///
    /// After AADSTS70021, 700211, 700213, 90061, 50166 and 501661, which are
    /// seen until all of Microsoft Entra ID knows a credential; the waits grow
    /// from 2 s to 60 s and end after about five minutes. Off by default.
    #[arg(long, value_name = "DURATION")]
    retry_propagation: Option<GoDuration>,

    /// Audience of the token that GitHub Actions is asked for
    ///
    /// Default: the usual one of the cloud, api://AzureADTokenExchange.
    #[arg(
        long,
        value_name = "AUDIENCE",
        requires = "github_actions_token",
        help_heading = "Identity"
    )]
    pub(crate) github_audience: Option<String>,

    /// Trust these root certificates (PEM) for the authority, and no others
    ///
    /// A file, or a directory of files.
    #[arg(long, value_name = "FILE|DIR")]
    pub(crate) authority_ca: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) network: NetworkFlags,

    /// Allow an authority on http://, which only a loopback address can be
    #[arg(long)]
    pub(crate) insecure_http: bool,

    /// Send the federated token even if its own times say it will be refused
    #[arg(long)]
    pub(crate) no_assertion_checks: bool,

    /// Write every decision of the sandbox, one JSON object a line
    ///
    /// To a file (appended), to `-` (standard error: standard output carries
    /// the result alone) or to `fd:N`, an open descriptor.
    #[arg(long, value_name = "FILE|-|fd:N")]
    pub(crate) audit: Option<AuditTarget>,

    /// Run this component instead of the one in this program (full build)
    #[arg(long, value_name = "FILE", requires = "digest")]
    pub(crate) component: Option<PathBuf>,

    /// The component's digest, without which it is not run
    #[arg(long, value_name = "sha256:HEX", requires = "component")]
    pub(crate) digest: Option<String>,

    /// What runs the component: machine code, or wasmtime's interpreter (full build)
    ///
    /// The interpreter makes no memory executable, for pods in which none may be;
    /// keyhole without a compiler makes none either.
    #[arg(long, value_enum, default_value_t = Engine::Native, value_name = "ENGINE")]
    pub(crate) engine: Engine,
}

/// What runs a component.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Engine {
    /// Machine code.
    Native,
    /// The interpreter.
    Pulley,
}

impl SandboxFlags {
    /// clap's names of them, without those of [`NetworkFlags`].
    pub(crate) const NAMES: [&'static str; 10] = [
        "timeout",
        "retry_propagation",
        "github_audience",
        "authority_ca",
        "insecure_http",
        "no_assertion_checks",
        "audit",
        "component",
        "digest",
        "engine",
    ];

    /// The limit of the whole call.
    pub(crate) fn timeout(&self) -> Duration {
        self.limits().timeout()
    }

    /// How long to go on while a federated credential spreads.
    pub(crate) fn retry_propagation(&self) -> Option<Duration> {
        self.retry_propagation.map(|duration| duration.0)
    }

    /// Refuses flags that contradict each other.
    ///
    /// # Errors
    /// `--timeout` ends the call before `--retry-propagation` does.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        self.limits().check()
    }

    fn limits(&self) -> Limits {
        Limits {
            timeout: self.timeout.map(|duration| duration.0),
            retry_propagation: self.retry_propagation(),
        }
    }

    /// Another limit, if there is one.
    pub(crate) fn set_timeout(&mut self, timeout: Option<Duration>) {
        if let Some(timeout) = timeout {
            self.timeout = Some(GoDuration(timeout));
        }
    }
}

/// Where the audit log goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum AuditTarget {
    /// Standard error.
    Stderr,
    /// An open file descriptor.
    Descriptor(u32),
    /// A file.
    File(PathBuf),
}

impl FromStr for AuditTarget {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "" => Err("it names no file".into()),
            "-" => Ok(Self::Stderr),
            _ => match text.strip_prefix("fd:") {
                None => Ok(Self::File(text.into())),
                Some(number) => match number.parse() {
                    Ok(2) => Ok(Self::Stderr),
                    Ok(0 | 1) => Err("standard input and output are not for the log".into()),
                    Ok(number) => Ok(Self::Descriptor(number)),
                    Err(_) => Err(format!("\"{number}\" is no descriptor's number")),
                },
            },
        }
    }
}

/// Log lines on standard error.
#[derive(Debug, Clone, Copy, Args)]
#[command(next_help_heading = "Log")]
pub(crate) struct LogFlags {
    /// How much to log on standard error
    #[arg(long, value_enum, default_value_t = LogLevel::Warn, global = true, value_name = "LEVEL")]
    log_level: LogLevel,

    /// kubelogin's verbosity: 1 is info, 5 is debug, 10 is trace
    #[arg(
        short = 'v',
        long = "v",
        global = true,
        value_name = "NUMBER",
        hide_short_help = true,
        conflicts_with = "log_level"
    )]
    v: Option<u8>,

    /// How log lines look
    #[arg(long, value_enum, default_value_t = LogFormat::Text, global = true, value_name = "FORMAT")]
    pub(crate) log_format: LogFormat,
}

impl LogFlags {
    /// How much to log.
    pub(crate) fn level(self) -> LogLevel {
        match self.v {
            None => self.log_level,
            Some(0) => LogLevel::Warn,
            Some(1..5) => LogLevel::Info,
            Some(5..10) => LogLevel::Debug,
            Some(_) => LogLevel::Trace,
        }
    }

    /// Whether to say what is not worth a word as a rule.
    pub(crate) fn is_verbose(self) -> bool {
        self.level() >= LogLevel::Info
    }
}

/// How much is logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(crate) enum LogLevel {
    /// No log lines; error:, hint: and note: lines are none.
    Off,
    /// What broke beside the result, such as the audit log.
    Error,
    /// And what the sandbox refused, and what is waited for.
    Warn,
    /// And what has no effect.
    Info,
    /// And each decision of the sandbox.
    Debug,
    /// The same.
    Trace,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// The form of a report on standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum OutputFormat {
    /// For people.
    Text,
    /// One JSON document.
    Json,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_audit_log_goes_where_the_flag_says() {
        for (text, target) in [
            ("-", AuditTarget::Stderr),
            ("fd:2", AuditTarget::Stderr),
            ("fd:7", AuditTarget::Descriptor(7)),
            ("audit.jsonl", AuditTarget::File("audit.jsonl".into())),
            ("./fd:7", AuditTarget::File("./fd:7".into())),
        ] {
            assert_eq!(text.parse(), Ok(target), "{text}");
        }
    }

    #[test]
    fn a_call_takes_as_long_as_the_host_would_give_it() {
        assert_eq!(Limits::default().timeout(), keyhole_host::DEFAULT_TIMEOUT);
    }

    #[test]
    fn the_audit_log_never_mixes_with_the_result() {
        for text in ["fd:0", "fd:1", "fd:", "fd:x", "fd:-1", ""] {
            let parsed: Result<AuditTarget, _> = text.parse();
            assert!(parsed.is_err(), "{text}: {parsed:?}");
        }
    }
}
