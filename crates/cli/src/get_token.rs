//! `keyhole get-token`: kubectl's credential plugin.

use std::process::ExitCode;

use clap::{Args, ValueEnum};
use keyhole_report::{ApiVersion, ExecCredential, ExitClass, Failure};

use crate::flags::{IdentityFlags, SandboxFlags};
use crate::{artifact, exit, failure, help, sandbox};

/// Variable in which kubectl says which version it expects (Kubernetes,
/// "client-go credential plugins").
const EXEC_INFO: &str = "KUBERNETES_EXEC_INFO";

/// Print an access token as kubectl's ExecCredential
///
/// A drop-in for `kubelogin get-token --login workloadidentity`.
#[derive(Debug, Args)]
#[command(after_long_help = help::get_token())]
pub(crate) struct GetToken {
    /// Form of the reply
    #[arg(long, value_enum, default_value_t = TokenFormat::Exec, value_name = "FORMAT")]
    output: TokenFormat,

    /// For kubelogin's command lines; there is no other login here
    #[arg(
        long,
        short = 'l',
        value_enum,
        value_name = "METHOD",
        hide_short_help = true
    )]
    login: Option<Login>,

    #[command(flatten)]
    identity: IdentityFlags,

    #[command(flatten)]
    sandbox: SandboxFlags,
}

/// The form of a token on standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum TokenFormat {
    /// kubectl's ExecCredential.
    Exec,
}

/// kubelogin's `--login`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Login {
    /// A federated token from a file.
    #[value(name = "workloadidentity")]
    WorkloadIdentity,
}

impl GetToken {
    /// Exchanges the token and prints the reply.
    pub(crate) fn run(&self) -> ExitCode {
        let mut notes = Vec::new();
        match self.exchange(&mut notes) {
            Ok(()) => exit::code(ExitClass::Done),
            Err(failure) => exit::fail(&failure, &notes),
        }
    }

    fn exchange(&self, notes: &mut Vec<String>) -> Result<(), Failure> {
        let (TokenFormat::Exec, None | Some(Login::WorkloadIdentity)) = (self.output, self.login);
        let api_version = asked_version()?;
        let settings = sandbox::settings(&self.identity)?;
        *notes = sandbox::notes(&settings);
        let artifact = artifact::chosen(&self.sandbox)?;
        let keyhole = sandbox::build(artifact, &settings, &self.sandbox, |_| {})?;
        let token = sandbox::block_on(keyhole.get_token(sandbox::request(&self.sandbox)))?
            .map_err(|error| failure::of(&error, Some(&settings)))?;
        // Nothing in the sandbox is secret, and the process ends here: the
        // system takes it apart faster than its destructors do.
        std::mem::forget(keyhole);
        let reply = ExecCredential {
            api_version,
            token: token.expose(),
            expires_on: token.expires_on,
        };
        exit::print(&reply.to_line())
    }
}

fn asked_version() -> Result<ApiVersion, Failure> {
    let info = std::env::var_os(EXEC_INFO).map(|value| value.to_string_lossy().into_owned());
    ApiVersion::from_exec_info(info.as_deref()).map_err(|error| {
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
