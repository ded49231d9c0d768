//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, ValueEnum};
use keyhole_emulator::{EmulatorConfig, Fault, Observer, Strictness};

/// An Entra-like authority and a Kubernetes-like token issuer on this machine,
/// for demo and tests. Runs until Ctrl-C.
#[derive(Debug, Parser)]
#[command(name = "keyhole-emulator", version)]
pub(crate) struct Args {
    /// Folder to mount the federated token in, made if it is not there
    /// [default: one that is removed at the end]
    #[arg(long, value_name = "FOLDER")]
    pub(crate) dir: Option<PathBuf>,
    /// Mode of the token file, in octal
    #[arg(long, value_name = "MODE", default_value = "0644", value_parser = octal)]
    pub(crate) file_mode: u32,
    /// Replace the token every so many seconds, as kubelet does
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) rotate: Option<u64>,
    /// Life of the federated token
    #[arg(long, value_name = "SECONDS", default_value_t = 3_600)]
    token_lifetime: u64,
    /// Life of access tokens
    #[arg(long, value_name = "SECONDS", default_value_t = 86_399)]
    access_token_lifetime: u64,
    /// The tenant that exists
    #[arg(long, value_name = "ID")]
    tenant: Option<String>,
    /// The application with a federated identity credential
    #[arg(long, value_name = "ID")]
    client_id: Option<String>,
    /// The subject of the token and of the credential
    #[arg(long, value_name = "SUBJECT")]
    subject: Option<String>,
    /// The audience of the token and of the credential
    #[arg(long, value_name = "AUDIENCE")]
    audience: Option<String>,
    /// Another application tokens can be asked for, besides AKS; may be repeated
    #[arg(long, value_name = "ID")]
    resource: Vec<String>,
    /// Refuse what Microsoft's libraries send besides the five fields
    #[arg(long)]
    strict: bool,
    /// Port of the authority over TLS
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    https_port: u16,
    /// Port of the authority over plain HTTP
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    http_port: u16,
    /// Port of the token issuer
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    issuer_port: u16,
    /// Also stand in for a cluster's API server, for kubectl and for proxies:
    /// prints the kubeconfig to convert [default port: any]
    #[arg(long, value_name = "PORT", num_args = 0..=1, require_equals = true, default_missing_value = "0")]
    pub(crate) api_server: Option<u16>,
    /// Fault for the next token request; may be repeated, one request each
    #[arg(long, value_name = "NAME")]
    pub(crate) fault: Vec<Fault>,
    /// Fault for every token request after those
    #[arg(long, value_name = "NAME")]
    pub(crate) fault_always: Option<Fault>,
    /// Print the names of the faults and end
    #[arg(long)]
    pub(crate) list_faults: bool,
    /// How the settings are printed
    #[arg(long, value_enum, default_value_t = Output::Text)]
    pub(crate) output: Output,
    /// End when standard input ends, for programs that start this one
    #[arg(long)]
    pub(crate) until_stdin_closes: bool,
}

/// How the settings are printed.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Output {
    /// For people.
    Text,
    /// For `eval` in a shell.
    Env,
    /// For programs; what has come in is one more line at the end.
    Json,
}

impl Args {
    /// What the emulator is started with.
    pub(crate) fn config(&self, log: Observer) -> EmulatorConfig {
        let mut config = EmulatorConfig::default();
        let fields = [
            (&mut config.tenant, &self.tenant),
            (&mut config.client_id, &self.client_id),
            (&mut config.subject, &self.subject),
            (&mut config.audience, &self.audience),
        ];
        for (field, given) in fields {
            if let Some(given) = given {
                field.clone_from(given);
            }
        }
        config.resources.extend(self.resource.iter().cloned());
        config.federated_token_lifetime = Duration::from_secs(self.token_lifetime);
        config.access_token_lifetime = Duration::from_secs(self.access_token_lifetime);
        config.strictness = if self.strict {
            Strictness::Exact
        } else {
            Strictness::Sdk
        };
        config.https_port = self.https_port;
        config.http_port = self.http_port;
        config.issuer_port = self.issuer_port;
        config.observer = Some(log);
        config
    }
}

fn octal(text: &str) -> Result<u32, String> {
    match u32::from_str_radix(text, 8) {
        Ok(mode) if mode <= 0o777 => Ok(mode),
        _ => Err("not a file mode in octal, such as 0644 or 0600".to_owned()),
    }
}
