//! `keyhole proxy`: requests go in without credentials and reach one upstream
//! with the access token.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use keyhole_exchange::cloud::AuthorityHost;
use keyhole_host::TlsRoots;
use keyhole_host::gateway::{Gateway, ListenError, Listener};
use keyhole_proxy_rules::rules::{RuleError, Rules};
use keyhole_proxy_rules::settings::{DEFAULT_HEADER_TIMEOUT, Settings};
use keyhole_report::{ExitClass, Failure};

use crate::flags::{IdentityFlags, SandboxFlags};
use crate::{artifact, exit, failure, help, sandbox};
use keyhole_commands::duration::GoDuration;

/// Add the access token to requests for one upstream
///
/// Listens on this machine and sends what comes to the upstream, an API server
/// as a rule, with the access token in `Authorization`. One exchange serves all
/// requests, and the token is renewed before it ends. Whoever can connect acts as
/// this identity.
#[derive(Debug, Args)]
#[command(after_long_help = help::proxy())]
pub(crate) struct Proxy {
    /// Where requests go: https://HOST[:PORT]
    #[arg(long, value_name = "URL")]
    upstream: String,

    /// Trust these root certificates (PEM) for the upstream, and no others
    ///
    /// A file, or a directory of files: the cluster's CA. Default: the system's.
    #[arg(long, value_name = "FILE|DIR")]
    upstream_ca: Option<PathBuf>,

    #[command(flatten)]
    callers: CallerFlags,

    #[command(flatten)]
    identity: IdentityFlags,

    #[command(flatten)]
    sandbox: SandboxFlags,
}

/// Who may send what.
#[derive(Debug, Args)]
#[command(next_help_heading = "Callers")]
struct CallerFlags {
    /// Where callers connect; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8001")]
    listen: SocketAddr,

    /// Listen on this socket file instead, which only its owner can open
    #[arg(long, short = 'u', value_name = "FILE", conflicts_with = "listen")]
    unix_socket: Option<PathBuf>,

    /// Allow an address that other machines can reach
    #[arg(long)]
    allow_remote_callers: bool,

    /// Also answer to these names in Host, beside localhost, 127.0.0.1 and [::1]
    ///
    /// A page of the web can point a name of its own at this address; what comes
    /// under a name that is not known is refused.
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    accept_hosts: Vec<String>,

    /// Let only these verbs pass, as Kubernetes names them (get, list, watch, …)
    #[arg(long, value_name = "VERB", value_delimiter = ',')]
    allow_verbs: Vec<String>,

    /// Let only these paths pass: * is one segment, ** at the end any rest
    #[arg(long, value_name = "PATTERN", value_delimiter = ',')]
    allow_paths: Vec<String>,

    /// Wait this long for the head of an answer; 0s: any time [default: 5m]
    #[arg(long, value_name = "DURATION")]
    response_header_timeout: Option<GoDuration>,

    /// Serve this many callers at a time
    #[arg(long, value_name = "NUMBER", default_value_t = 256,
        value_parser = clap::value_parser!(u16).range(1..=1000))]
    max_connections: u16,
}

/// How rules are written.
const RULES: &str = "Name hosts without a port, verbs as Kubernetes does, and paths such as \
                     /api/v1/namespaces/*/pods/**.";

/// How serving ended.
enum End {
    /// It was asked to (SIGTERM).
    Asked,
    /// Ctrl-C.
    Interrupted,
}

impl Proxy {
    /// Serves until it is told to end.
    pub(crate) fn run(&self) -> ExitCode {
        match self.serve() {
            Ok(End::Asked) => exit::code(ExitClass::Done),
            Ok(End::Interrupted) => std::process::exit(exit::INTERRUPTED),
            Err(failure) => exit::fail(&failure, &[]),
        }
    }

    fn serve(&self) -> Result<End, Failure> {
        let gateway_settings = self.gateway_settings()?;
        let settings = sandbox::resolve(&self.identity.to_settings_flags(), sandbox::variable)?;
        for note in sandbox::notes(&settings) {
            tracing::warn!("{}", keyhole_report::Terminal(&note));
        }
        let keyhole = sandbox::build(
            artifact::chosen(&self.sandbox)?,
            &settings,
            &self.sandbox,
            None,
            |_| {},
        )?;
        let roots = self
            .upstream_ca
            .as_ref()
            .map(TlsRoots::from_path)
            .transpose();
        let gateway = Gateway::new(
            keyhole,
            artifact::gateway(&self.sandbox)?,
            gateway_settings,
            roots.map_err(|error| failure::of(&error.into(), None))?,
            self.sandbox.insecure_http,
            self.callers.max_connections.into(),
        )
        .map_err(|error| failure::of(&error, None))?;
        sandbox::block_on(self.callers.serve(&gateway))?
    }

    fn gateway_settings(&self) -> Result<Settings, Failure> {
        let upstream = AuthorityHost::parse(&self.upstream).map_err(|fault| {
            Failure::new(
                ExitClass::Configuration,
                format!("--upstream {:?} cannot be used: {fault}", self.upstream),
                "Give https://HOST[:PORT], as in the kubeconfig's `server`, without a path.",
            )
        })?;
        let rules = self
            .callers
            .rules()
            .map_err(|error| Failure::new(ExitClass::Configuration, error.to_string(), RULES))?;
        let timeout = self.callers.response_header_timeout;
        let seconds = timeout.map_or(DEFAULT_HEADER_TIMEOUT, |timeout| {
            // A part of a second is more than none.
            timeout.0.as_secs() + u64::from(timeout.0.subsec_nanos() > 0)
        });
        Ok(Settings {
            upstream,
            rules,
            header_timeout: (seconds > 0).then_some(seconds),
        })
    }
}

impl CallerFlags {
    fn rules(&self) -> Result<Rules, RuleError> {
        let mut hosts = self.accept_hosts.iter();
        let rules = hosts.try_fold(Rules::new(), |rules, name| rules.host(name))?;
        let mut verbs = self.allow_verbs.iter();
        let rules = verbs.try_fold(rules, |rules, name| rules.verb(name))?;
        let mut paths = self.allow_paths.iter();
        paths.try_fold(rules, |rules, pattern| rules.path(pattern))
    }

    async fn serve(&self, gateway: &Gateway) -> Result<End, Failure> {
        use tokio::signal::unix::{SignalKind, signal};

        let listener = self.listener().await.map_err(|error| {
            let next_step = match error {
                ListenError::NotLoopback(_) => {
                    "Listen on 127.0.0.1 or with --unix-socket; give --allow-remote-callers only \
                     where the network lets nobody else in."
                }
                _ if self.unix_socket.is_some() && !matches!(error, ListenError::Taken(..)) => {
                    "Name a file in a folder that is there and yours with --unix-socket."
                }
                ListenError::Taken(..) => "End the other process, or name another file.",
                _ => "Name another address with --listen, or port 0 for any that is free.",
            };
            Failure::new(ExitClass::Configuration, error.to_string(), next_step)
        })?;
        let mut terminated = signal(SignalKind::terminate()).map_err(|error| {
            Failure::new(
                ExitClass::Bug,
                format!("no signal can be waited for: {error}"),
                "",
            )
        })?;
        // What `kubectl proxy` says, for scripts that wait for it.
        exit::print(&format!("Starting to serve on {listener}\n"))?;
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let serving = gateway.serve(&listener, self.max_connections.into(), cores);
        tokio::select! {
            served = serving => served.map(|()| End::Asked).map_err(|error| {
                Failure::new(ExitClass::Bug, format!("callers cannot be served: {error}"), "")
            }),
            _ = terminated.recv() => Ok(End::Asked),
            Ok(()) = tokio::signal::ctrl_c() => Ok(End::Interrupted),
        }
    }

    async fn listener(&self) -> Result<Listener, ListenError> {
        match &self.unix_socket {
            Some(path) => Listener::unix(path).await,
            None => Listener::tcp(self.listen, self.allow_remote_callers).await,
        }
    }
}
