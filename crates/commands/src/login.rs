//! What kubelogin and kubectl ask for, as far as both shells answer it.

use alloc::format;
use alloc::string::ToString as _;

use keyhole_report::{ApiVersion, ExitClass, Failure};

/// The one login that is done here.
pub const WORKLOAD_IDENTITY: &str = "workloadidentity";

/// kubelogin's default.
pub const DEVICE_CODE: &str = "devicecode";

/// Variable in which kubectl says which version it expects (Kubernetes,
/// "client-go credential plugins").
pub const EXEC_INFO: &str = "KUBERNETES_EXEC_INFO";

/// Another login than the one.
#[must_use]
pub fn other_login(method: &str) -> Failure {
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
            "Give --login {WORKLOAD_IDENTITY}, or use Azure's own kubelogin for {}.",
            OTHERS.join(", ")
        ),
    )
}

/// The version that the value of [`EXEC_INFO`] asks for.
///
/// # Errors
/// It cannot be read, or asks for one that is not known.
pub fn asked_version(exec_info: Option<&str>) -> Result<ApiVersion, Failure> {
    ApiVersion::from_exec_info(exec_info).map_err(|error| {
        Failure::new(
            ExitClass::Configuration,
            error.to_string(),
            format!(
                "{EXEC_INFO} is set by kubectl from the kubeconfig's exec.apiVersion: use \
                 client.authentication.k8s.io/v1 or v1beta1 there."
            ),
        )
    })
}

/// Why a secret's flag is refused.
pub const NO_SECRET: &str =
    "would put a secret on a command line, where every process of the machine can read it";
/// What to do about [`NO_SECRET`].
pub const NO_SECRET_NEXT: &str =
    "Leave it away: this login needs no secret. Whoever could see it here should not know it.";
/// Why a flag for proof-of-possession tokens is refused.
pub const NO_POP: &str =
    "asks for a proof-of-possession token, and a bearer token would come instead";
/// What to do about [`NO_POP`].
pub const NO_POP_NEXT: &str =
    "Leave it away, or use a login method of kubelogin that binds tokens (spn, interactive).";
