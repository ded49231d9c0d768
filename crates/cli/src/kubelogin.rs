//! kubelogin's command line: its order of flags and variables, its name, and
//! the flags that are taken here for its sake alone.
//!
//! The rules are those of `kubelogin get-token --login workloadidentity`
//! (Azure/kubelogin, `pkg/internal/token/options.go`); `docs/kubelogin.md` lists
//! where Keyhole differs and why.

mod foreign;

use std::ffi::OsStr;
use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;

use clap::Args;
use keyhole_exchange::settings::{Flags, variable};
use keyhole_report::{ExitClass, Failure};

use crate::duration::GoDuration;
use foreign::ForeignFlags;

/// The one login that is done here.
const WORKLOAD_IDENTITY: &str = "workloadidentity";

/// kubelogin's default.
const DEVICE_CODE: &str = "devicecode";

/// Overrides `--login` in kubelogin.
const LOGIN_METHOD: &str = "AAD_LOGIN_METHOD";
/// Overrides `--client-id` in kubelogin, unless `AZURE_CLIENT_ID` does.
const SERVICE_PRINCIPAL: &str = "AAD_SERVICE_PRINCIPAL_CLIENT_ID";
/// Overrides `--timeout` in kubelogin, which passes over what is no duration.
const TIMEOUT: &str = "AZURE_CLI_TIMEOUT";
/// Read with `--use-azurerm-env-vars` where `AZURE_CLIENT_ID` is not set.
const ARM_CLIENT_ID: &str = "ARM_CLIENT_ID";
/// Read with `--use-azurerm-env-vars` in place of `AZURE_TENANT_ID`.
const ARM_TENANT_ID: &str = "ARM_TENANT_ID";

/// What Keyhole reads and kubelogin does not.
const OURS_ALONE: [&str; 3] = [variable::SCOPE, variable::CLOUD, variable::SERVER_APP_ID];

/// Whether this process was started by the name `kubelogin`, by a link for
/// instance: scripts then rely on kubelogin's contract.
pub(crate) fn is_our_name() -> bool {
    static IS_OUR_NAME: OnceLock<bool> = OnceLock::new();
    *IS_OUR_NAME.get_or_init(|| {
        let program = std::env::args_os().next().unwrap_or_default();
        Path::new(&program).file_name() == Some(OsStr::new("kubelogin"))
    })
}

/// Flags of kubelogin beside those that Keyhole has for itself.
#[derive(Debug, Args)]
#[command(next_help_heading = "For kubelogin's command lines")]
pub(crate) struct KubeloginFlags {
    /// How to log in; workloadidentity is the one way here
    #[arg(long, short = 'l', value_name = "METHOD", hide_short_help = true)]
    login: Option<String>,

    /// Let variables beat flags, as kubelogin does
    #[arg(long, hide_short_help = true)]
    env_overrides_flags: bool,

    #[command(flatten)]
    foreign: ForeignFlags,
}

/// What flags and variables come to by kubelogin's rules.
pub(crate) struct Chosen {
    /// Flags, without those that a variable beats.
    pub(crate) flags: Flags,
    /// The timeout, if a variable beats the flag.
    pub(crate) timeout: Option<Duration>,
    /// Flags that were given to no effect, as sentences.
    pub(crate) notes: Vec<String>,
    /// Flags that a variable beats, as sentences.
    pub(crate) overrules: Vec<String>,
    reading: Reading,
}

/// Which variables are read.
#[derive(Clone, Copy)]
enum Reading {
    /// Keyhole's.
    Ours,
    /// Those that kubelogin reads too.
    Kubelogins,
    /// Those that kubelogin reads with `--use-azurerm-env-vars`.
    AzureRm,
    /// None.
    Nothing,
}

impl KubeloginFlags {
    /// Whether a variable beats its flag.
    fn variables_win(&self) -> bool {
        self.env_overrides_flags || is_our_name()
    }

    /// Checks what kubelogin's rules ask for, and applies its order.
    ///
    /// # Errors
    /// A login that is not done here, a flag that is refused, or by the name
    /// `kubelogin` a server id that is missing.
    pub(crate) fn choose(&self, flags: Flags) -> Result<Chosen, Failure> {
        self.foreign.refuse()?;
        let reading = match () {
            () if self.foreign.has("disable-environment-override") => Reading::Nothing,
            () if self.foreign.has("use-azurerm-env-vars") => Reading::AzureRm,
            () if is_our_name() => Reading::Kubelogins,
            () => Reading::Ours,
        };
        let mut chosen = Chosen {
            flags,
            timeout: None,
            notes: self.foreign.notes(),
            overrules: Vec::new(),
            reading,
        };
        let method = self.login(&chosen);
        if method != WORKLOAD_IDENTITY {
            return Err(other_login(&method));
        }
        if is_our_name() && chosen.flags.server_id.is_none() {
            return Err(Failure::new(
                ExitClass::Configuration,
                "server-id is required",
                "Give --server-id; of AKS-managed Microsoft Entra integration it is \
                 6dae42f8-4368-4678-94ff-3960e28e3630.",
            ));
        }
        if self.variables_win() {
            chosen.let_variables_win();
        }
        Ok(chosen)
    }

    fn login(&self, chosen: &Chosen) -> String {
        let variable = match self.variables_win() {
            true => chosen.variable(LOGIN_METHOD),
            false => None,
        };
        let default = match is_our_name() {
            true => DEVICE_CODE,
            false => WORKLOAD_IDENTITY,
        };
        variable
            .or_else(|| self.login.clone())
            .unwrap_or_else(|| default.to_owned())
    }
}

fn other_login(method: &str) -> Failure {
    const OTHERS: [&str; 8] = [
        DEVICE_CODE,
        "interactive",
        "spn",
        "ropc",
        "msi",
        "azurecli",
        "azd",
        "azurepipelines",
    ];
    let is_kubelogins = OTHERS.contains(&method);
    let what = match is_kubelogins {
        true => "is not done by Keyhole",
        false => "is not a supported login method",
    };
    Failure::new(
        ExitClass::Configuration,
        format!("'{method}' {what}; the one method here is {WORKLOAD_IDENTITY}"),
        format!(
            "Give --login {WORKLOAD_IDENTITY}, or use kubelogin itself for {}.",
            OTHERS.join(", ")
        ),
    )
}

impl Chosen {
    /// A variable of this process, if it is one of those that are read, under
    /// the name that Keyhole knows it by.
    ///
    /// # Errors
    /// Its value is not UTF-8.
    pub(crate) fn read(&self, name: &str) -> Result<Option<String>, std::env::VarError> {
        let read = |name: &str| match std::env::var(name) {
            Ok(value) => Ok(Some(value)),
            Err(std::env::VarError::NotPresent) => Ok(None),
            Err(error) => Err(error),
        };
        match (self.reading, name) {
            (Reading::Nothing, _) => Ok(None),
            (Reading::Kubelogins | Reading::AzureRm, name) if OURS_ALONE.contains(&name) => {
                Ok(None)
            }
            (Reading::AzureRm, variable::TENANT_ID) => read(ARM_TENANT_ID),
            (Reading::AzureRm, variable::CLIENT_ID) => match read(variable::CLIENT_ID)? {
                Some(value) if !value.is_empty() => Ok(Some(value)),
                _ => read(ARM_CLIENT_ID),
            },
            (Reading::Kubelogins, variable::CLIENT_ID) => match read(variable::CLIENT_ID)? {
                Some(value) if !value.is_empty() => Ok(Some(value)),
                _ => read(SERVICE_PRINCIPAL),
            },
            (_, name) => read(name),
        }
    }

    /// The same for what decides between flags and variables. One that is empty
    /// counts as not set: in kubelogin it would take the flag's value away.
    fn variable(&self, name: &str) -> Option<String> {
        self.read(name)
            .ok()
            .flatten()
            .filter(|value| !value.is_empty())
    }

    fn let_variables_win(&mut self) {
        let client_id = self.beats("--client-id", variable::CLIENT_ID);
        let tenant_id = self.beats("--tenant-id", variable::TENANT_ID);
        let file = self.beats("--federated-token-file", variable::FEDERATED_TOKEN_FILE);
        let authority = self.beats("--authority-host", variable::AUTHORITY_HOST);
        let flags = &mut self.flags;
        for (wins, flag) in [
            (client_id, &mut flags.client_id),
            (tenant_id, &mut flags.tenant_id),
            (file, &mut flags.federated_token_file),
            (authority, &mut flags.authority_host),
            // kubelogin looks at the cloud only where there is no authority.
            (authority, &mut flags.environment),
        ] {
            if wins {
                *flag = None;
            }
        }
        self.timeout = self
            .variable(TIMEOUT)
            .and_then(|text| text.parse::<GoDuration>().ok())
            .map(|duration| duration.0);
    }

    /// Whether a variable takes the place of its flag. One that does is named,
    /// for this order surprises people.
    fn beats(&mut self, flag: &str, name: &str) -> bool {
        let given = match flag {
            "--client-id" => &self.flags.client_id,
            "--tenant-id" => &self.flags.tenant_id,
            "--federated-token-file" => &self.flags.federated_token_file,
            _ => &self.flags.authority_host,
        };
        match (self.variable(name), given) {
            (Some(value), Some(given)) if value != *given => {
                self.overrules
                    .push(format!("{name} overrules {flag}, as in kubelogin"));
                true
            }
            (value, _) => value.is_some(),
        }
    }
}
