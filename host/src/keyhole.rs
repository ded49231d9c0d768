//! The exchange component behind its grants.

use crate::artifact::{ComponentFacts, Loaded};
use crate::audit::{AuditEvent, Capability, SharedAudit};
use crate::bindings::exports::keyhole::identity::token_provider as wit;
use crate::bindings::{ExchangePre, exports};
use crate::builder::Builder;
use crate::call::{Call, TooManyRefusals};
use crate::error::Error;
use crate::grants::limits::limit_reached;
use crate::grants::{Endpoint, Env, GrantsCtx, Limits, SingleFile, result};
use crate::linker::{DeadlinePassed, State};
use crate::network::Network;
use crate::token::{AccessToken, TokenRequest};
use keyhole_exchange::retry;
use serde::Serialize;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};
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

pub(crate) struct Inner {
    pub(crate) engine: Engine,
    pub(crate) component: ExchangePre<State>,
    pub(crate) loaded: Loaded,
    pub(crate) grants: Grants,
    pub(crate) network: Network,
    pub(crate) audit: Option<SharedAudit>,
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
    /// The proxy that the request goes through and who named it, or why it
    /// goes through none.
    pub proxy: String,
    /// The token proxy that is asked in the place of the authority.
    pub identity_binding: Option<String>,
    /// Memory, tables and compute.
    pub limits: Limits,
    /// How long a call may take.
    pub timeout: Duration,
}

fn as_text<S: serde::Serializer>(value: &impl fmt::Display, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(value)
}

impl Keyhole {
    pub(crate) fn new(inner: Inner) -> Self {
        Keyhole(Arc::new(inner))
    }

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

    /// The component that runs. Its digest is computed anew.
    #[must_use]
    pub fn component(&self) -> ComponentFacts {
        self.0.loaded.facts()
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
        let propagation = u64::try_from(request.retry_propagation.as_nanos()).unwrap_or(u64::MAX);
        let scope = request.scope.as_ref().map(ToString::to_string);
        let endpoint = self
            .0
            .grants
            .endpoint
            .clone()
            .asking(scope.as_deref(), request.claims.clone())
            .max_requests(retry::max_requests(propagation));
        let granted_scope = endpoint
            .form()
            .map(|form| form.scope().to_owned())
            .unwrap_or_default();
        let ask = wit::TokenRequest {
            scope,
            claims: request.claims.as_ref().map(|claims| claims.to_string()),
            deadline: u64::try_from(deadline).ok(),
            retry_propagation: propagation,
            skip_assertion_checks: request.skip_assertion_checks,
        };
        let (call, answer) = self
            .run(endpoint, async |provider, store| {
                provider.call_get_token(store, &ask).await
            })
            .await?;
        let mut token = self.accept(&call, answer, |call, token| {
            result::judge_token(call, token, &granted_scope)
        })?;
        result::clean_facts(&call, &mut token.assertion);
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
        if endpoint.requests() > 0 {
            inner.network.refresh()?;
        }
        let grants = GrantsCtx::builder()
            .env(inner.grants.env.clone())
            .file(inner.grants.file.clone())
            .endpoint(endpoint, inner.network.clone())
            .shared_audit(inner.audit.clone())
            .build();
        let call = grants.call.clone();
        let limits = inner.grants.limits;
        let timeout = inner.grants.timeout;
        let start = Instant::now();
        let mut store = Store::new(
            &inner.engine,
            State {
                grants,
                limiter: limits.limiter(),
                deadline: start + timeout,
            },
        );
        store.limiter(|state| &mut state.limiter);
        limits.apply(&mut store).map_err(|error| self.trap(error))?;

        let running = async {
            let exchange = inner.component.instantiate_async(&mut store).await?;
            call_guest(exchange.keyhole_identity_token_provider(), &mut store).await
        };
        let ended = tokio::time::timeout(timeout, running).await;
        call.end();
        // The store takes the requests with it.
        let in_flight = call.has_request_in_flight();
        match ended {
            Ok(Ok(answer)) => {
                let left = store.get_fuel().unwrap_or_default();
                call.log(
                    AuditEvent::allowed(Capability::Limit, "fuel").detail(format!(
                        "used {} of {}",
                        limits.fuel - left,
                        limits.fuel
                    )),
                );
                let file_fault = store.data_mut().grants.file_fault.take();
                let call = FinishedCall {
                    call,
                    file_fault,
                    in_flight,
                };
                Ok((call, answer))
            }
            Ok(Err(error)) => Err(self.ended(&call, error)),
            Err(_) => Err(self.late(&call)),
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
            // A request that nobody waits for has not been judged, or its answer
            // comes after the call.
            Ok(_) if call.in_flight => {
                result::refuse(call, keyhole_policy::Rule::RequestBodyIncomplete);
                Err(Error::Refused(call.refusals()))
            }
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
                if let Some((message, next_step)) = call.proxy_refusal() {
                    return Err(Error::Proxy { message, next_step });
                }
                Err(match (error, &call.file_fault) {
                    (wit::TokenError::TokenFile(_), Some(fault)) => Error::TokenFile {
                        path: self.0.grants.file.path().to_owned(),
                        fault: fault.clone(),
                    },
                    (error, _) => Error::Token {
                        error: Box::new(error),
                        transport: call.transport(),
                    },
                })
            }
        }
    }

    /// Why a guest was ended: a refusal, a limit by its name, or a trap.
    fn ended(&self, call: &Call, error: wasmtime::Error) -> Error {
        if error.is::<DeadlinePassed>() {
            return self.late(call);
        }
        let limit = limit_reached(&error, &self.0.grants.limits);
        if let Some(limit) = &limit {
            call.log(
                AuditEvent::refused(Capability::Limit, limit.name, "limit.reached")
                    .detail(limit.value.clone()),
            );
        }
        match (call.refusals(), limit) {
            (_, Some(limit)) if error.is::<TooManyRefusals>() => Error::Limit(limit),
            (refusals, None) if refusals.is_empty() => self.trap(error),
            (refusals, Some(limit)) if refusals.is_empty() => Error::Limit(limit),
            (refusals, _) => Error::Refused(refusals),
        }
    }

    /// The deadline passed.
    fn late(&self, call: &Call) -> Error {
        let timeout = self.0.grants.timeout;
        call.log(
            AuditEvent::refused(Capability::Limit, "deadline", "limit.deadline")
                .detail(format!("{} s", timeout.as_secs_f64())),
        );
        match call.refusals() {
            refusals if refusals.is_empty() => Error::Deadline {
                timeout,
                transport: call.transport(),
            },
            refusals => Error::Refused(refusals),
        }
    }

    fn trap(&self, error: wasmtime::Error) -> Error {
        Error::Trap {
            reason: match error.downcast_ref::<Trap>() {
                Some(trap) => trap.to_string(),
                None => error.root_cause().to_string(),
            },
            origin: self.0.loaded.origin,
        }
    }
}

/// A call whose guest has answered.
struct FinishedCall {
    call: Call,
    file_fault: Option<crate::grants::file::FileFault>,
    /// Whether a request was under way when the guest answered.
    in_flight: bool,
}

impl std::ops::Deref for FinishedCall {
    type Target = Call;

    fn deref(&self) -> &Call {
        &self.call
    }
}
