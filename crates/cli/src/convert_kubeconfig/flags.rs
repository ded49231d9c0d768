//! kubelogin's options of `convert-kubeconfig` (pkg/internal/converter/options.go
//! and pkg/internal/token/options.go, up to v0.2.11): all are taken, so that
//! scripts can swap the program, but not all can mean something here.

use std::convert::Infallible;
use std::str::FromStr;

use clap::Args;
use keyhole_exchange::settings::Flags;
use keyhole_report::{ExitClass, Failure};

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
                "'{}' is not a supported login method. Supported method is one of {WORKLOAD_IDENTITY}",
                self.login
            ),
            "Leave --login out, or stay with kubelogin for that login.",
        ))
    }
}

/// kubelogin's options for other logins.
#[derive(Debug, Args)]
#[command(next_help_heading = "Options of kubelogin for other logins")]
pub(crate) struct KubeloginFlags {
    /// Refused: a secret
    #[arg(long, value_name = "SECRET", hide_short_help = true)]
    client_secret: Option<Discarded>,

    /// Refused: a secret
    #[arg(long, value_name = "SECRET", hide_short_help = true)]
    client_certificate_password: Option<Discarded>,

    /// Refused: a secret
    #[arg(long, value_name = "SECRET", hide_short_help = true)]
    password: Option<Discarded>,

    /// Refused: Keyhole's tokens are bearer tokens
    #[arg(
        long,
        value_name = "BOOL",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true",
        hide_short_help = true
    )]
    pop_enabled: Option<bool>,

    /// Refused: Keyhole's tokens are bearer tokens
    #[arg(long, value_name = "CLAIMS", hide_short_help = true)]
    pop_claims: Option<Discarded>,

    /// Ignored
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    client_certificate: Option<Discarded>,

    /// Ignored
    #[arg(long, value_name = "NAME", hide_short_help = true)]
    username: Option<Discarded>,

    /// Ignored
    #[arg(long, value_name = "ID", hide_short_help = true)]
    identity_resource_id: Option<Discarded>,

    /// Ignored: no token is kept on disk
    #[arg(long, value_name = "DIR", hide_short_help = true)]
    cache_dir: Option<Discarded>,

    /// Ignored: no token is kept on disk
    #[arg(long, value_name = "DIR", hide_short_help = true)]
    token_cache_dir: Option<Discarded>,

    /// Ignored: kubelogin writes it for azurecli alone
    #[arg(long, value_name = "DIR", hide_short_help = true)]
    azure_config_dir: Option<Discarded>,

    /// Ignored: kubelogin does not write it
    #[arg(long, value_name = "DURATION", hide_short_help = true)]
    timeout: Option<Discarded>,

    /// Ignored
    #[arg(long, value_name = "URL", hide_short_help = true)]
    redirect_url: Option<Discarded>,

    /// Ignored
    #[arg(long, value_name = "HINT", hide_short_help = true)]
    login_hint: Option<Discarded>,

    /// Ignored
    #[arg(long, short = 's', value_name = "ID", hide_short_help = true)]
    subscription: Option<Discarded>,

    /// Ignored
    #[arg(long, value_name = "ID", hide_short_help = true)]
    azure_pipelines_service_connection_id: Option<Discarded>,

    /// Ignored
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", hide_short_help = true)]
    legacy: Option<Discarded>,

    /// Ignored
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", hide_short_help = true)]
    use_azurerm_env_vars: Option<Discarded>,

    /// Ignored: flags beat variables here anyway
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", hide_short_help = true)]
    disable_environment_override: Option<Discarded>,

    /// Ignored: nothing is discovered here anyway
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", hide_short_help = true)]
    disable_instance_discovery: Option<Discarded>,

    /// Ignored: log lines go to standard error
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", hide_short_help = true)]
    logtostderr: Option<Discarded>,
}

impl KubeloginFlags {
    /// Refuses what must not be dropped silently.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        let secrets = [
            ("--client-secret", self.client_secret),
            (
                "--client-certificate-password",
                self.client_certificate_password,
            ),
            ("--password", self.password),
        ];
        if let Some((name, _)) = secrets.iter().find(|(_, value)| value.is_some()) {
            return Err(Failure::new(
                ExitClass::Configuration,
                format!("{name} is refused: workload identity has no secret"),
                "Leave it out, and take the secret back: a command line is seen by every process \
                 of the machine.",
            ));
        }
        if self.pop_enabled == Some(true) || self.pop_claims.is_some() {
            return Err(Failure::new(
                ExitClass::Configuration,
                "--pop-enabled and --pop-claims are refused: Keyhole's tokens are bearer tokens",
                "Leave them out, or stay with kubelogin for a cluster that asks for \
                 proof-of-possession tokens; kubelogin itself has none for workloadidentity.",
            ));
        }
        Ok(())
    }

    /// A sentence about the options that mean nothing here, if there are any.
    pub(crate) fn note(&self) -> Option<String> {
        let given: Vec<&str> = [
            ("--client-certificate", self.client_certificate.is_some()),
            ("--username", self.username.is_some()),
            (
                "--identity-resource-id",
                self.identity_resource_id.is_some(),
            ),
            ("--cache-dir", self.cache_dir.is_some()),
            ("--token-cache-dir", self.token_cache_dir.is_some()),
            ("--azure-config-dir", self.azure_config_dir.is_some()),
            ("--timeout", self.timeout.is_some()),
            ("--redirect-url", self.redirect_url.is_some()),
            ("--login-hint", self.login_hint.is_some()),
            ("--subscription", self.subscription.is_some()),
            (
                "--azure-pipelines-service-connection-id",
                self.azure_pipelines_service_connection_id.is_some(),
            ),
            ("--legacy", self.legacy.is_some()),
            (
                "--use-azurerm-env-vars",
                self.use_azurerm_env_vars.is_some(),
            ),
            (
                "--disable-environment-override",
                self.disable_environment_override.is_some(),
            ),
            (
                "--disable-instance-discovery",
                self.disable_instance_discovery.is_some(),
            ),
            ("--logtostderr", self.logtostderr.is_some()),
        ]
        .into_iter()
        .filter_map(|(name, given)| given.then_some(name))
        .collect();
        (!given.is_empty()).then(|| {
            format!(
                "without meaning for workload identity, and not written: {}",
                given.join(", ")
            )
        })
    }
}
