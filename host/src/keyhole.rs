//! The exchange component behind its grants.

use crate::artifact::{Artifact, ComponentFacts, Origin};
use crate::audit::{Audit, AuditEvent, Capability, SharedAudit};
use crate::bindings::exports::keyhole::identity::token_provider as wit;
use crate::bindings::{ExchangePre, exports};
use crate::call::{Call, TooManyRefusals};
use crate::engine::engine;
use crate::error::Error;
use crate::grants::limits::LimitReached;
use crate::grants::{Endpoint, Env, GrantsCtx, Limits, SingleFile, limits, result};
use crate::imports;
use crate::linker::{State, linker};
use crate::network::{Network, TlsRoots};
use crate::token::{AccessToken, TokenRequest};
use keyhole_exchange::cloud::Scheme;
use keyhole_exchange::settings::Settings;
use serde::Serialize;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use wasmtime::component::ResourceTableError;
use wasmtime::{Engine, Store, Trap};

/// How long an exchange may take, waits included, unless the builder says
/// otherwise: kubelogin's `--timeout`.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(60);

/// The component is told a little less than the whole time, so that it can
/// say itself what it was waiting for.
const FOR_LAST_WORDS: Duration = Duration::from_millis(200);

/// Exchanges the federated token for access tokens, in a sandbox.
///
/// Built once, it serves any number of calls; clones share it. Each call runs
/// in a fresh instance with nothing left over from the one before. Calls need
/// a tokio runtime with time and I/O enabled; a current-thread one is enough.
#[derive(Clone)]
pub struct Keyhole(Arc<Inner>);

struct Inner {
    engine: Engine,
    component: ExchangePre<State>,
    facts: ComponentFacts,
    grants: Grants,
    network: Network,
    audit: Option<SharedAudit>,
}

/// What the component is granted: all of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Grants {
    /// The variables, with their values.
    pub env: Env,
    /// The file.
    pub file: SingleFile,
    /// The request.
    #[serde(serialize_with = "as_text")]
    pub endpoint: Endpoint,
    /// Where the roots come from that prove the authority's name.
    pub roots: String,
    /// Memory, tables and compute.
    pub limits: Limits,
    /// How long a call may take.
    pub timeout: Duration,
}

fn as_text<S: serde::Serializer>(value: &impl fmt::Display, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(value)
}

impl Keyhole {
    /// Starts with nothing granted.
    #[must_use]
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// What the component is granted.
    #[must_use]
    pub fn grants(&self) -> &Grants {
        &self.0.grants
    }

    /// The component that runs.
    #[must_use]
    pub fn component(&self) -> &ComponentFacts {
        &self.0.facts
    }

    /// Reads the federated token and exchanges it for an access token.
    ///
    /// # Errors
    /// See [`Error`]. After an error the next call starts afresh.
    pub async fn get_token(&self, request: TokenRequest) -> Result<AccessToken, Error> {
        let timeout = self.0.grants.timeout;
        let deadline = timeout
            .saturating_sub(FOR_LAST_WORDS.min(timeout / 10))
            .as_nanos();
        let scope = request.scope.as_ref().map(ToString::to_string);
        let endpoint = self
            .0
            .grants
            .endpoint
            .clone()
            .asking(scope.as_deref(), request.claims.clone());
        let granted_scope = endpoint
            .form()
            .map(|form| form.scope().to_owned())
            .unwrap_or_default();
        let ask = wit::TokenRequest {
            scope,
            claims: request.claims.as_ref().map(|claims| claims.to_string()),
            deadline: u64::try_from(deadline).ok(),
            retry_propagation: u64::try_from(request.retry_propagation.as_nanos())
                .unwrap_or(u64::MAX),
            skip_assertion_checks: request.skip_assertion_checks,
        };
        let (call, answer) = self
            .run(endpoint, async |provider, store| {
                provider.call_get_token(store, &ask).await
            })
            .await?;
        let token = self.accept(&call, answer, |call, token| {
            result::judge_token(call, token, &granted_scope)
        })?;
        call.log(AuditEvent::allowed(Capability::Result, "get-token").bytes(token.token.len()));
        Ok(AccessToken::new(token))
    }

    /// Reads and checks the federated token. Nothing is sent.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn inspect_token(&self) -> Result<wit::AssertionFacts, Error> {
        let endpoint = self.0.grants.endpoint.clone().max_requests(0);
        let (call, answer) = self
            .run(endpoint, async |provider, store| {
                provider.call_inspect_token(store).await
            })
            .await?;
        let mut facts = self.accept(&call, answer, |_, facts| result::judge_facts(facts))?;
        result::clean_facts(&call, &mut facts);
        Ok(facts)
    }

    /// One call in a fresh store, under its limits and its deadline.
    async fn run<T>(
        &self,
        endpoint: Endpoint,
        call_guest: impl AsyncFnOnce(
            &exports::keyhole::identity::token_provider::Guest,
            &mut Store<State>,
        ) -> wasmtime::Result<T>,
    ) -> Result<(FinishedCall, T), Error> {
        let inner = &*self.0;
        let grants = GrantsCtx::builder()
            .env(inner.grants.env.clone())
            .file(inner.grants.file.clone())
            .endpoint(endpoint, inner.network.clone())
            .shared_audit(inner.audit.clone())
            .build();
        let call = grants.call.clone();
        let limits = inner.grants.limits;
        let mut store = Store::new(
            &inner.engine,
            State {
                grants,
                limiter: limits.limiter(),
            },
        );
        store.limiter(|state| &mut state.limiter);
        limits.apply(&mut store).map_err(|error| self.trap(error))?;

        let timeout = inner.grants.timeout;
        let running = async {
            let exchange = inner.component.instantiate_async(&mut store).await?;
            call_guest(exchange.keyhole_identity_token_provider(), &mut store).await
        };
        match tokio::time::timeout(timeout, running).await {
            Ok(Ok(answer)) => {
                let file_fault = store.data_mut().grants.file_fault.take();
                Ok((FinishedCall { call, file_fault }, answer))
            }
            Ok(Err(error)) => Err(self.ended(&call, error)),
            Err(_) => {
                call.log(
                    AuditEvent::refused(Capability::Limit, "deadline", "limit.deadline")
                        .detail(format!("{} s", timeout.as_secs_f64())),
                );
                match call.refusals() {
                    refusals if refusals.is_empty() => Err(Error::Deadline {
                        timeout,
                        transport: call.transport(),
                    }),
                    refusals => Err(Error::Refused(refusals)),
                }
            }
        }
    }

    /// What a guest's answer comes to: nothing, if it was refused anything.
    fn accept<T>(
        &self,
        call: &FinishedCall,
        answer: Result<T, wit::TokenError>,
        judge: impl FnOnce(&Call, &T) -> Result<(), keyhole_policy::Rule>,
    ) -> Result<T, Error> {
        let refused = |call: &Call| match call.refusals() {
            refusals if refusals.is_empty() => None,
            refusals => Some(Error::Refused(refusals)),
        };
        if let Some(refused) = refused(call) {
            return Err(refused);
        }
        match answer {
            Ok(value) => match judge(call, &value) {
                Ok(()) => Ok(value),
                Err(rule) => {
                    result::refuse(call, rule);
                    Err(Error::Refused(call.refusals()))
                }
            },
            Err(mut error) => {
                if let Err(rule) = result::judge_error(call, &mut error) {
                    result::refuse(call, rule);
                    return Err(Error::Refused(call.refusals()));
                }
                Err(match (error, &call.file_fault) {
                    (wit::TokenError::TokenFile(_), Some(fault)) => Error::TokenFile {
                        path: self.0.grants.file.path().to_owned(),
                        fault: fault.clone(),
                    },
                    (error, _) => Error::Token {
                        error,
                        transport: call.transport(),
                    },
                })
            }
        }
    }

    /// Why a guest was ended: a limit by its name, a refusal, or a trap.
    fn ended(&self, call: &Call, error: wasmtime::Error) -> Error {
        let limit = limit_reached(&error, &self.0.grants.limits);
        if let Some(limit) = limit {
            call.log(
                AuditEvent::refused(Capability::Limit, limit.name, "limit.reached")
                    .detail(limit.value.clone()),
            );
            return Error::Limit(limit);
        }
        match call.refusals() {
            refusals if refusals.is_empty() => self.trap(error),
            refusals => Error::Refused(refusals),
        }
    }

    fn trap(&self, error: wasmtime::Error) -> Error {
        Error::Trap {
            reason: match error.downcast_ref::<Trap>() {
                Some(trap) => trap.to_string(),
                None => error.root_cause().to_string(),
            },
            origin: self.0.facts.origin,
        }
    }
}

/// A call whose guest has answered.
struct FinishedCall {
    call: Call,
    file_fault: Option<crate::grants::file::FileFault>,
}

impl std::ops::Deref for FinishedCall {
    type Target = Call;

    fn deref(&self) -> &Call {
        &self.call
    }
}

/// The limit behind an error of wasmtime, if it is one.
fn limit_reached(error: &wasmtime::Error, limits: &Limits) -> Option<LimitReached> {
    if let Some(limit) = error.downcast_ref::<LimitReached>() {
        return Some(limit.clone());
    }
    if let Some(trap) = error.downcast_ref::<Trap>() {
        return match trap {
            Trap::OutOfFuel => Some(LimitReached::new("fuel", limits.fuel, "units")),
            Trap::StackOverflow => Some(LimitReached::new("stack", limits::MAX_STACK, "bytes")),
            _ => None,
        };
    }
    if let Some(ResourceTableError::Full) = error.downcast_ref() {
        return Some(LimitReached::new(
            "resources",
            limits::MAX_RESOURCES,
            "entries",
        ));
    }
    if error
        .downcast_ref::<wasmtime_wasi_http::FieldMapError>()
        .is_some()
    {
        return Some(LimitReached::new("fields", limits::MAX_FIELDS, "bytes"));
    }
    if error.downcast_ref::<TooManyRefusals>().is_some() {
        return Some(LimitReached::new(
            "refusals",
            crate::call::MAX_REFUSALS,
            "refused attempts",
        ));
    }
    None
}

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
            (Some(roots), _) => Network::new(roots),
            // Nothing is proved over plain HTTP, so no roots are needed.
            (None, true) => Network::plain(),
            (None, false) => Network::new(TlsRoots::from_environment()?),
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
        let (component, facts) = load(&engine, artifact, timeout)?;
        if let Some(name) = imports::first_not_allowed(&facts.imports) {
            return Err(Error::Import { name: name.into() });
        }
        let component = linker(&engine)
            .and_then(|(linker, _)| linker.instantiate_pre(&component))
            .and_then(ExchangePre::new)
            .map_err(|error| {
                Error::artifact(
                    format!("the component is not an exchange: {error:#}"),
                    "it must export keyhole:identity/token-provider@0.1.0",
                )
            })?;
        Ok(Keyhole(Arc::new(Inner {
            engine,
            component,
            facts,
            grants,
            network,
            audit: self.audit,
        })))
    }
}

/// Loads an artifact. Compiling somebody else's component is work of unknown
/// length: it happens on a thread that is left behind when time is up.
fn load(
    engine: &Engine,
    artifact: Artifact,
    timeout: Duration,
) -> Result<(wasmtime::component::Component, ComponentFacts), Error> {
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
