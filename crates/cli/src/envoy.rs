//! `keyhole envoy`: a configuration for Envoy with the plugin, and the check of
//! one.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use keyhole_envoy_config::bootstrap::{self, ConfigFault, Listen, Options};
use keyhole_envoy_config::check;
use keyhole_envoy_config::url::Upstream;
use keyhole_report::{ExitClass, Fact, Failure};

use crate::flags::IdentityFlags;
use crate::{exit, sandbox, terminal};

/// Longest file that is checked, in bytes.
const FILE_BYTES: u64 = 4 * 1024 * 1024;

/// Set up Envoy with Keyhole's plugin: write a configuration, check one
#[derive(Debug, Args)]
pub(crate) struct Envoy {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Config(Box<Config>),
    Check(Check),
}

/// Write a whole static bootstrap for Envoy to standard output
///
/// Requests to the listener reach the upstream with the access token. The
/// comments in the file say what each part is for.
#[derive(Debug, Args)]
struct Config {
    /// Where requests go: the only server that gets the token
    #[arg(long, value_name = "https://HOST[:PORT]")]
    upstream: String,

    /// Where callers come in: a loopback address, or a Unix socket
    #[arg(
        long,
        value_name = "ADDRESS:PORT|unix:PATH",
        default_value = "127.0.0.1:8001"
    )]
    listen: String,

    /// The plugin, envoy-filter.wasm, as Envoy finds it
    #[arg(
        long,
        value_name = "PATH",
        default_value = "/etc/keyhole/envoy-filter.wasm"
    )]
    wasm: String,

    /// A folder that only Envoy's user can enter, for its sockets
    #[arg(long, value_name = "DIR", default_value = "/run/keyhole")]
    private_dir: String,

    /// CA of the upstream (PEM), as Envoy finds it
    #[arg(
        long,
        value_name = "PATH",
        default_value = "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt"
    )]
    upstream_ca: String,

    /// CA of the authority (PEM), as Envoy finds it
    #[arg(
        long,
        value_name = "PATH",
        default_value = "/etc/ssl/certs/ca-certificates.crt"
    )]
    authority_ca: String,

    /// For an Envoy before 1.38: the plugin builds the request, and so sees the
    /// federated token
    #[arg(long)]
    older_envoy: bool,

    #[command(flatten)]
    identity: IdentityFlags,
}

/// Check a bootstrap of Envoy for what would let a token go astray
///
/// Nothing is started. Exit code 2 and a line for each finding if there is one.
#[derive(Debug, Args)]
struct Check {
    /// The bootstrap, YAML or JSON
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

impl Envoy {
    /// Writes or checks.
    pub(crate) fn run(&self) -> ExitCode {
        let mut notes = Vec::new();
        let done = match &self.command {
            Command::Config(config) => config.run(&mut notes),
            Command::Check(check) => check.run(),
        };
        match done {
            Ok(()) => exit::code(ExitClass::Done),
            Err(failure) => exit::fail(&failure, &notes),
        }
    }
}

impl Config {
    fn run(&self, notes: &mut Vec<String>) -> Result<(), Failure> {
        let settings = sandbox::resolve(&self.identity.to_settings_flags(), sandbox::variable)?;
        *notes = sandbox::notes(&settings);
        let text = self
            .options()
            .and_then(|options| bootstrap::write(&settings, &options))
            .map_err(|fault| failure(&fault))?;
        exit::print(&text)?;
        for note in notes {
            eprint!(
                "{}",
                keyhole_report::note_to_text(note, terminal::style(&std::io::stderr()))
            );
        }
        Ok(())
    }

    fn options(&self) -> Result<Options, ConfigFault> {
        Ok(Options {
            upstream: Upstream::parse(&self.upstream).map_err(ConfigFault::Upstream)?,
            listen: Listen::parse(&self.listen)?,
            wasm: self.wasm.clone(),
            private_folder: self.private_dir.clone(),
            upstream_ca: self.upstream_ca.clone(),
            authority_ca: self.authority_ca.clone(),
            older_envoy: self.older_envoy,
        })
    }
}

fn failure(fault: &ConfigFault) -> Failure {
    let next_step = match fault {
        ConfigFault::Upstream(_) => "Give the origin of the one server that the token is for.",
        ConfigFault::Listen(_) | ConfigFault::OpenListener(_) => {
            "Give a loopback address such as 127.0.0.1:8001, or unix: and the path of a socket."
        }
        ConfigFault::Path(..) | ConfigFault::Value(_) => {
            "Give another path, or set the variable anew."
        }
        ConfigFault::SocketPath(_) => "Give a shorter one.",
        ConfigFault::Authority(_) => "Give an authority on https.",
    };
    Failure::new(ExitClass::Configuration, fault.to_string(), next_step)
}

impl Check {
    fn run(&self) -> Result<(), Failure> {
        let shown = self.file.display();
        let text = self.read().map_err(|error| {
            Failure::new(
                ExitClass::Configuration,
                format!("{shown} cannot be read: {error}"),
                "Name a file of YAML or JSON.",
            )
        })?;
        let findings = check::check(&text);
        if findings.is_empty() {
            return exit::print(&format!("{shown}: nothing found\n"));
        }
        let mut failure = Failure::new(
            ExitClass::Configuration,
            format!(
                "{shown} is not safe to start Envoy with: {} findings",
                findings.len()
            ),
            "Mend each, or write the file anew with `keyhole envoy config`.",
        );
        for finding in findings {
            failure
                .details
                .push(Fact::new("finding", finding.to_string()));
        }
        Err(failure)
    }

    fn read(&self) -> std::io::Result<String> {
        use std::io::Read as _;
        let mut text = String::new();
        let file = std::fs::File::open(&self.file)?;
        if !file.metadata()?.is_file() {
            return Err(std::io::Error::other("it is no regular file"));
        }
        file.take(FILE_BYTES + 1).read_to_string(&mut text)?;
        if text.len() as u64 > FILE_BYTES {
            return Err(std::io::Error::other("it has more than 4 MiB"));
        }
        Ok(text)
    }
}
