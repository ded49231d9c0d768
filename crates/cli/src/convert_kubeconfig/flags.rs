//! kubelogin's options of `convert-kubeconfig` (pkg/internal/converter/options.go
//! and pkg/internal/token/options.go, up to v0.2.11): all are taken, so that
//! scripts can swap the program, but not all can mean something here.

use std::convert::Infallible;
use std::str::FromStr;

use clap::Args;
use keyhole_exchange::settings::Flags;
use keyhole_report::{ExitClass, Failure};

use crate::kubelogin::ForeignFlags;

/// The one login there is.
const WORKLOAD_IDENTITY: &str = "workloadidentity";

/// A value that nobody looks at, and that is not kept: it may be a secret.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Discarded;

impl FromStr for Discarded {
    type Err = Infallible;

    fn from_str(_: &str) -> Result<Self, Infallible> {
        Ok(Self)
    }
}

/// What the new entries say.
#[derive(Debug, Args)]
#[command(next_help_heading = "New entries")]
pub(crate) struct EntryFlags {
    /// Application id of the server the token is for
    ///
    /// Needed where the old entry does not name one.
    #[arg(long, value_name = "ID")]
    server_id: Option<String>,

    /// Cloud to ask the authority of
    ///
    /// kubelogin drops an old entry's for this login, and so sends a sovereign
    /// cloud's token to the public one; here it is kept.
    #[arg(long, short = 'e', value_name = "NAME")]
    environment: Option<String>,

    /// Client id to write; without it AZURE_CLIENT_ID counts where kubectl runs
    #[arg(long, value_name = "ID")]
    client_id: Option<String>,

    /// Tenant to write; without it AZURE_TENANT_ID counts where kubectl runs
    #[arg(long, short = 't', value_name = "ID")]
    tenant_id: Option<String>,

    /// Authority to write; beats the environment
    #[arg(long, value_name = "HOST")]
    authority_host: Option<String>,

    /// File of the federated token to write
    #[arg(long, value_name = "FILE")]
    federated_token_file: Option<String>,

    /// Login to convert to: workloadidentity, which is the only one
    #[arg(
        long,
        short = 'l',
        value_name = "METHOD",
        default_value = WORKLOAD_IDENTITY,
        hide_default_value = true
    )]
    login: String,
}

impl EntryFlags {
    /// As the conversion takes them.
    pub(crate) fn to_flags(&self) -> Flags {
        Flags {
            client_id: self.client_id.clone(),
            tenant_id: self.tenant_id.clone(),
            server_id: self.server_id.clone(),
            federated_token_file: self.federated_token_file.clone(),
            authority_host: self.authority_host.clone(),
            environment: self.environment.clone(),
            ..Flags::default()
        }
    }

    /// Refuses other logins: an entry for one would be the wrong one.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        if self.login == WORKLOAD_IDENTITY {
            return Ok(());
        }
        Err(Failure::new(
            ExitClass::Configuration,
            format!(
                "'{}' is not a login that entries are written for; the one method here is {WORKLOAD_IDENTITY}",
                self.login
            ),
            "Leave --login out, or stay with kubelogin for that login.",
        ))
    }
}

/// kubelogin's options that change no entry for this login.
#[derive(Debug, Args)]
pub(crate) struct KubeloginFlags {
    #[command(flatten)]
    foreign: ForeignFlags,

    /// Kept out of entries: a token is kept where `get-token --cache file` says
    #[arg(long, value_name = "DIR", hide = true)]
    cache_dir: Option<Discarded>,

    /// kubelogin does not write it
    #[arg(long, value_name = "DURATION", hide = true)]
    timeout: Option<Discarded>,
}

impl KubeloginFlags {
    /// Refuses what must not be dropped silently.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        self.foreign.refuse()
    }

    /// A sentence about the options that mean nothing here, if there are any.
    pub(crate) fn note(&self) -> Option<String> {
        let own = [
            ("cache-dir", self.cache_dir.is_some()),
            ("timeout", self.timeout.is_some()),
        ];
        let own = own
            .into_iter()
            .filter_map(|(name, given)| given.then_some(name));
        let given: Vec<String> = self
            .foreign
            .names()
            .chain(own)
            .map(|name| format!("--{name}"))
            .collect();
        (!given.is_empty()).then(|| {
            format!(
                "without meaning for workload identity, and not written: {}",
                given.join(", ")
            )
        })
    }
}
