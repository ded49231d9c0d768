//! From settings to grants: what a [`Keyhole`] is made of.

use crate::artifact::{Artifact, Loaded, Origin};
use crate::audit::{Audit, SharedAudit};
use crate::bindings::ExchangePre;
use crate::engine::engine;
use crate::error::Error;
use crate::grants::{Endpoint, Env, Limits, SingleFile};
use crate::imports;
use crate::keyhole::{DEFAULT_TIMEOUT, Grants, Inner, Keyhole};
use crate::linker::linker;
use crate::network::{Network, TlsRoots};
use crate::observations::Observations;
use keyhole_exchange::cloud::Scheme;
use keyhole_exchange::settings::Settings;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use wasmtime::Engine;

/// Collects what a [`Keyhole`] is made of.
#[derive(Default)]
pub struct Builder {
    artifact: Option<Artifact>,
    settings: Option<Settings>,
    file: Option<SingleFile>,
    limits: Limits,
    roots: Option<TlsRoots>,
    timeout: Option<Duration>,
    insecure_http: bool,
    audit: Option<SharedAudit>,
    observations: Option<Observations>,
}

impl Builder {
    /// The component to run. Required.
    #[must_use]
    pub fn artifact(mut self, artifact: Artifact) -> Self {
        self.artifact = Some(artifact);
        self
    }

    /// Client, tenant, authority and scope. Required.
    #[must_use]
    pub fn settings(mut self, settings: Settings) -> Self {
        self.settings = Some(settings);
        self
    }

    /// The federated token file; the one of the settings if not called. Its
    /// content is handed over only if it is a JWT.
    #[must_use]
    pub fn federated_token(mut self, file: SingleFile) -> Self {
        self.file = Some(file);
        self
    }

    /// Other limits than the defaults.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// The roots that prove the authority's name; those of the environment or
    /// the system if not called.
    #[must_use]
    pub fn roots(mut self, roots: TlsRoots) -> Self {
        self.roots = Some(roots);
        self
    }

    /// How long a call may take, waits included: [`DEFAULT_TIMEOUT`] if not
    /// called.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Takes an `http://` authority, which the settings allow for loopback
    /// alone. The federated token then crosses the loopback in plain text.
    #[must_use]
    pub fn insecure_http(mut self, allowed: bool) -> Self {
        self.insecure_http = allowed;
        self
    }

    /// Sends every decision to this sink.
    #[must_use]
    pub fn audit(mut self, audit: impl Audit + 'static) -> Self {
        self.audit = Some(Arc::new(Mutex::new(audit)));
        self
    }

    /// Keeps the peer's certificates and the clocks of the last answer there,
    /// for a diagnosis.
    #[must_use]
    pub fn observations(mut self, observations: Observations) -> Self {
        self.observations = Some(observations);
        self
    }

    /// Loads the component, checks its imports and fixes the grants. No guest
    /// code runs.
    ///
    /// # Errors
    /// [`Error::Configuration`], [`Error::Roots`], [`Error::Artifact`],
    /// [`Error::Import`], or [`Error::Deadline`] if compiling an external
    /// component takes longer than the timeout.
    pub fn build(self) -> Result<Keyhole, Error> {
        let timeout = self.timeout.unwrap_or(DEFAULT_TIMEOUT);
        let missing = |what: &str| Error::Configuration {
            message: format!("the builder needs {what}"),
            next_step: String::new(),
        };
        let settings = self.settings.ok_or_else(|| missing("settings"))?;
        let artifact = self.artifact.ok_or_else(|| missing("an artifact"))?;
        let plain = settings.endpoint().scheme() == Scheme::Http;
        if plain && !self.insecure_http {
            return Err(Error::Configuration {
                message: format!(
                    "the authority {} would get the federated token in plain text",
                    settings.authority().url()
                ),
                next_step: "use https://, or allow it for this loopback authority with \
                            --insecure-http"
                    .into(),
            });
        }
        let network = match (self.roots, plain) {
            (Some(roots), _) => Network::observed(roots, self.observations),
            // Nothing is proved over plain HTTP, so no roots are needed.
            (None, true) => Network::plain(self.observations),
            (None, false) => Network::observed(TlsRoots::from_environment()?, self.observations),
        };
        let file = self
            .file
            .unwrap_or_else(|| SingleFile::read_only(settings.token_file()))
            .only_jws();
        let grants = Grants {
            env: Env::new(settings.for_component()),
            file,
            endpoint: Endpoint::token_request(&settings),
            roots: network.roots().to_owned(),
            limits: self.limits,
            timeout,
        };
        let engine = engine().map_err(|error| Error::artifact(error, ""))?;
        let loaded = load(&engine, artifact, timeout)?;
        if let Some(name) = imports::first_not_allowed(&loaded.imports) {
            return Err(Error::Import { name: name.into() });
        }
        let component = linker(&engine)
            .and_then(|(linker, _)| linker.instantiate_pre(&loaded.component))
            .and_then(ExchangePre::new)
            .map_err(|error| {
                Error::artifact(
                    format!("the component is not an exchange: {error:#}"),
                    "it must export keyhole:identity/token-provider@0.1.0",
                )
            })?;
        Ok(Keyhole::new(Inner {
            engine,
            component,
            loaded,
            grants,
            network,
            audit: self.audit,
        }))
    }
}

/// Loads an artifact. Compiling somebody else's component is work of unknown
/// length: it happens on a thread that is left behind when time is up.
pub(crate) fn load(
    engine: &Engine,
    artifact: Artifact,
    timeout: Duration,
) -> Result<Loaded, Error> {
    if artifact.origin() == Origin::Embedded {
        return artifact.load(engine);
    }
    let start = Instant::now();
    let engine = engine.clone();
    let (send, loaded) = std::sync::mpsc::sync_channel(1);
    std::thread::spawn(move || {
        // Nobody listens any more once time is up.
        let _ = send.send(artifact.load(&engine));
    });
    loaded
        .recv_timeout(timeout.saturating_sub(start.elapsed()))
        .unwrap_or(Err(Error::Deadline {
            timeout,
            transport: None,
        }))
}
