//! From flags and variables to a sandbox, and a run in it.

use std::cell::RefCell;
use std::env::VarError;
use std::future::Future;
use std::time::{SystemTime, UNIX_EPOCH};

use keyhole_commands::settings::unusable;
use keyhole_exchange::settings::{Flags, Settings};
use keyhole_host::audit::AuditEvent;
use keyhole_host::{Artifact, Keyhole, Observations, TlsRoots, TokenCache, TokenRequest};
use keyhole_report::{ExitClass, Failure};

use crate::audit_log::AuditLog;
use crate::flags::SandboxFlags;
use crate::{exit, failure, github_actions, progress};

/// A variable of this process.
///
/// # Errors
/// Its value is not UTF-8.
pub(crate) fn variable(name: &str) -> Result<Option<String>, VarError> {
    match std::env::var(name) {
        Err(VarError::NotPresent) => Ok(None),
        value => value.map(Some),
    }
}

/// Settings from flags and from variables that are read in some way.
///
/// # Errors
/// One is missing or cannot be used.
pub(crate) fn resolve(
    flags: &Flags,
    read: impl Fn(&str) -> Result<Option<String>, VarError>,
) -> Result<Settings, Failure> {
    let not_text = RefCell::new(None);
    let settings = Settings::resolve(flags, &|name| {
        read(name).unwrap_or_else(|_| {
            not_text.borrow_mut().get_or_insert_with(|| name.to_owned());
            None
        })
    });
    if let Some(name) = not_text.into_inner() {
        return Err(Failure::new(
            ExitClass::Configuration,
            format!("{name} is not UTF-8 text"),
            format!("Set {name} anew, or unset it and use the flag."),
        ));
    }
    settings.map_err(|error| unusable(&error))
}

/// What a person should know about the settings, as sentences.
pub(crate) fn notes(settings: &Settings) -> Vec<String> {
    settings.notes().iter().map(ToString::to_string).collect()
}

/// Builds the sandbox. `observer` sees every event after the audit log did;
/// `observations` are for a diagnosis.
///
/// # Errors
/// The audit log, the certificates or the component cannot be used, or do not
/// go together with the settings.
pub(crate) fn build(
    artifact: Artifact,
    settings: &Settings,
    flags: &SandboxFlags,
    observations: Option<Observations>,
    observer: impl FnMut(&AuditEvent) + Send + 'static,
) -> Result<Keyhole, Failure> {
    build_with(artifact, settings, flags, None, observations, observer)
}

/// The same, with a cache.
///
/// # Errors
/// As [`build`].
pub(crate) fn build_with(
    artifact: Artifact,
    settings: &Settings,
    flags: &SandboxFlags,
    cache: Option<TokenCache>,
    observations: Option<Observations>,
    mut observer: impl FnMut(&AuditEvent) + Send + 'static,
) -> Result<Keyhole, Failure> {
    flags.check()?;
    let mut log = flags.audit.as_ref().map(AuditLog::open).transpose()?;
    let mut builder = Keyhole::builder()
        .artifact(artifact)
        .settings(settings.clone())
        .timeout(flags.timeout())
        .insecure_http(flags.insecure_http)
        .audit(move |event: &AuditEvent| {
            if let Some(log) = &mut log {
                log.write(event);
            }
            observer(event);
        });
    if let Some(grant) = github_actions::grant(settings, flags.github_audience.as_deref())? {
        builder = builder.github_actions(grant);
    }
    if let Some(observations) = observations {
        builder = builder.observations(observations);
    }
    if let Some(file) = &flags.authority_ca {
        let roots = TlsRoots::from_path(file)
            .map_err(|error| failure::of(&error.into(), Some(settings)))?;
        builder = builder.roots(roots);
    }
    if let Some(cache) = cache {
        builder = builder.cache(cache);
    }
    flags
        .network
        .apply(builder)?
        .build()
        .map_err(|error| failure::of(&error, Some(settings)))
}

/// What is asked for in one exchange.
pub(crate) fn request(flags: &SandboxFlags) -> TokenRequest {
    TokenRequest {
        skip_assertion_checks: flags.no_assertion_checks,
        retry_propagation: flags.retry_propagation().unwrap_or_default(),
        ..TokenRequest::default()
    }
}

/// Runs a future to its end on this thread, unless Ctrl-C comes first: that
/// ends the process at once. Threads that still wait for a resolver are not
/// waited for.
///
/// # Errors
/// The system has no resources left for a runtime.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| {
            Failure::new(
                ExitClass::Bug,
                format!("no event loop can be made: {error}"),
                "",
            )
        })?;
    let output = runtime.block_on(async {
        tokio::select! {
            biased;
            output = future => output,
            () = interrupt() => {
                progress::clear();
                std::process::exit(exit::INTERRUPTED);
            }
        }
    });
    runtime.shutdown_background();
    Ok(output)
}

async fn interrupt() {
    if tokio::signal::ctrl_c().await.is_err() {
        // Then the system's own handling is in place, which ends the process.
        std::future::pending::<()>().await;
    }
}

/// Now, in Unix seconds.
pub(crate) fn now() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .ok()
        .and_then(|since| i64::try_from(since.as_secs()).ok())
        .unwrap_or_default()
}
