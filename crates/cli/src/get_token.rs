//! `keyhole get-token`: kubectl's credential plugin.

use std::process::ExitCode;

use clap::{Args, ValueEnum};
use keyhole_commands::login::{self, EXEC_INFO};
use keyhole_commands::token_error::shorten;
use keyhole_report::{ApiVersion, BearerToken, ExecCredential, ExitClass, Failure};

use crate::cache::CacheFlags;
use crate::flags::{IdentityFlags, LogFlags, SandboxFlags};
use crate::kubelogin::KubeloginFlags;
use crate::propagation::Propagation;
use crate::{artifact, exit, failure, help, sandbox};

/// Print an access token as kubectl's ExecCredential
///
/// A drop-in for `kubelogin get-token --login workloadidentity`.
#[derive(Debug, Args)]
#[command(after_long_help = help::get_token())]
pub(crate) struct GetToken {
    /// Form of the reply
    #[arg(long, value_enum, default_value_t = TokenFormat::Exec, value_name = "FORMAT")]
    output: TokenFormat,

    #[command(flatten)]
    identity: IdentityFlags,

    #[command(flatten)]
    sandbox: SandboxFlags,

    #[command(flatten)]
    cache: CacheFlags,

    #[command(flatten)]
    kubelogin: KubeloginFlags,
}

/// The form of a token on standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum TokenFormat {
    /// kubectl's ExecCredential.
    Exec,
    /// The token alone, for curl and scripts.
    Token,
    /// The token and its facts, named as `az account get-access-token` names
    /// them.
    Json,
}

impl GetToken {
    /// Exchanges the token and prints the reply.
    pub(crate) fn run(&self, log: LogFlags) -> ExitCode {
        let mut notes = Vec::new();
        match self.exchange(log, &mut notes) {
            Ok(()) => exit::code(ExitClass::Done),
            Err(mut failure) => {
                if matches!(
                    failure.class,
                    ExitClass::Configuration | ExitClass::FederatedToken
                ) {
                    notes.extend(self.identity.other_source());
                }
                // kubectl is who sets it.
                if std::env::var_os(EXEC_INFO).is_some_and(|info| !info.is_empty()) {
                    shorten(&mut failure);
                }
                exit::fail(&failure, &notes)
            }
        }
    }

    fn exchange(&self, log: LogFlags, notes: &mut Vec<String>) -> Result<(), Failure> {
        let chosen = self.kubelogin.choose(self.identity.to_settings_flags())?;
        if log.is_verbose() {
            for note in chosen.notes.iter().chain(&self.cache.notes()) {
                tracing::info!(target: "keyhole", "{}", keyhole_report::Terminal(note));
            }
        }
        let api_version = asked_version()?;
        let settings = chosen.settings()?;
        *notes = sandbox::notes(&settings);
        let flags = chosen.sandbox(&self.sandbox);
        notes.extend(flags.network.notes());
        notes.extend(chosen.overrules);
        let artifact = artifact::chosen(&flags)?;
        let cache = self.cache.open()?;
        let propagation = Propagation::new(flags.retry_propagation());
        let tries = propagation.clone();
        let keyhole =
            sandbox::build_with(artifact, &settings, &flags, cache, None, move |event| {
                tries.observe(event);
            })?;
        let exchange = propagation.tell(keyhole.get_token(sandbox::request(&flags)));
        let token = sandbox::block_on(exchange)?
            .map_err(|error| propagation.explain(failure::of(&error, Some(&settings))))?;
        // Nothing in the sandbox is secret, and the process ends here: the
        // system takes it apart faster than its destructors do.
        std::mem::forget(keyhole);
        let bearer = BearerToken {
            token: token.expose(),
            expires_on: token.expires_on,
            scope: &token.scope,
            tenant: settings.tenant().as_str(),
        };
        exit::print(&match self.output {
            TokenFormat::Token => bearer.to_bare_line(),
            TokenFormat::Json => bearer.to_json_line(),
            TokenFormat::Exec => ExecCredential {
                api_version,
                token: bearer.token,
                expires_on: bearer.expires_on,
            }
            .to_line(),
        })
    }
}

fn asked_version() -> Result<ApiVersion, Failure> {
    let info = std::env::var_os(EXEC_INFO).map(|value| value.to_string_lossy().into_owned());
    login::asked_version(info.as_deref())
}
