//! kubelogin's command line: its order of flags and variables, its name, and
//! the flags that are taken here for its sake alone.
//!
//! The rules are those of `kubelogin get-token --login workloadidentity`
//! (Azure/kubelogin, `pkg/internal/token/options.go`); `docs/kubelogin.md` lists
//! where Keyhole differs and why.

mod foreign;

use std::env::VarError;
use std::ffi::OsStr;
use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;

use clap::Args;
use keyhole_commands::login::{DEVICE_CODE, WORKLOAD_IDENTITY, other_login};
use keyhole_exchange::settings::{Flags, Settings, flag, variable};
use keyhole_report::{ExitClass, Failure};

use crate::flags::SandboxFlags;
use crate::sandbox;
pub(crate) use foreign::ForeignFlags;
use keyhole_commands::duration::GoDuration;

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
        let method = self.login(reading);
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

    fn login(&self, reading: Reading) -> String {
        let variable = match self.variables_win() {
            true => reading.set(LOGIN_METHOD),
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

impl Chosen {
    /// The settings that flags and the variables that are read come to.
    ///
    /// # Errors
    /// They are incomplete or cannot be used.
    pub(crate) fn settings(&self) -> Result<Settings, Failure> {
        let settings = sandbox::resolve(&self.flags, |name| self.reading.read(name));
        settings.map_err(|failure| self.reading.explain(failure))
    }

    /// The flags of the sandbox as these rules change them.
    pub(crate) fn sandbox(&self, flags: &SandboxFlags) -> SandboxFlags {
        let mut flags = flags.clone();
        // Whom to ask is not read from variables either.
        flags.network.no_binding_variables = matches!(self.reading, Reading::Nothing);
        flags.network.known_authorities_only = self.flags.known_authorities_only;
        flags.set_timeout(self.timeout);
        flags
    }

    /// Takes away each flag that a variable beats. One that said something else
    /// is named, for this order surprises people.
    fn let_variables_win(&mut self) {
        let flags = &mut self.flags;
        for (flag, name, given) in [
            (flag::CLIENT_ID, variable::CLIENT_ID, &mut flags.client_id),
            (flag::TENANT_ID, variable::TENANT_ID, &mut flags.tenant_id),
            (
                flag::FEDERATED_TOKEN_FILE,
                variable::FEDERATED_TOKEN_FILE,
                &mut flags.federated_token_file,
            ),
            (
                flag::AUTHORITY_HOST,
                variable::AUTHORITY_HOST,
                &mut flags.authority_host,
            ),
        ] {
            let Some(value) = self.reading.set(name) else {
                continue;
            };
            if given.take().is_some_and(|given| given != value) {
                self.overrules
                    .push(format!("{name} overrules {flag}, as in kubelogin"));
            }
        }
        // kubelogin looks at the cloud only where there is no authority.
        if self.reading.set(variable::AUTHORITY_HOST).is_some() {
            flags.environment = None;
        }
        self.timeout = self
            .reading
            .set(TIMEOUT)
            .and_then(|text| text.parse::<GoDuration>().ok())
            .map(|duration| duration.0);
    }
}

impl Reading {
    fn read(self, name: &str) -> Result<Option<String>, VarError> {
        match (self, name) {
            (Self::Nothing, _) => Ok(None),
            (Self::Kubelogins | Self::AzureRm, name) if OURS_ALONE.contains(&name) => Ok(None),
            (Self::AzureRm, variable::TENANT_ID) => sandbox::variable(ARM_TENANT_ID),
            (Self::AzureRm, variable::CLIENT_ID) => either(variable::CLIENT_ID, ARM_CLIENT_ID),
            (Self::Kubelogins, variable::CLIENT_ID) => {
                either(variable::CLIENT_ID, SERVICE_PRINCIPAL)
            }
            (_, name) => sandbox::variable(name),
        }
    }

    /// A variable that is said to be missing, but is not the one that is read.
    fn explain(self, mut failure: Failure) -> Failure {
        let is_not_set = |name: &str| format!("{name} is not set");
        match self {
            Self::Nothing if failure.message.ends_with("is not set") => {
                failure.message += ", and --disable-environment-override reads no variable";
                failure.next_step =
                    "Give its flag, or leave --disable-environment-override out.".into();
            }
            Self::AzureRm if failure.message == is_not_set(variable::TENANT_ID) => {
                failure.message = is_not_set(ARM_TENANT_ID);
                failure.next_step = format!(
                    "Set {ARM_TENANT_ID}, which --use-azurerm-env-vars reads in place of {}, or \
                     give --tenant-id.",
                    variable::TENANT_ID
                );
            }
            _ => {}
        }
        failure
    }

    /// The same for what decides between flags and variables. One that is empty
    /// counts as not set: in kubelogin it would take the flag's value away.
    fn set(self, name: &str) -> Option<String> {
        let value = self.read(name).ok().flatten();
        value.filter(|value| !value.is_empty())
    }
}

/// The first of two variables, or the second if that is not set or empty.
fn either(first: &str, second: &str) -> Result<Option<String>, VarError> {
    match sandbox::variable(first)? {
        Some(value) if !value.is_empty() => Ok(Some(value)),
        _ => sandbox::variable(second),
    }
}
