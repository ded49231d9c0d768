//! The exchange component behind its grants.

use crate::artifact::{ComponentFacts, Loaded};
use crate::audit::{AuditEvent, Capability, SharedAudit};
use crate::bindings::exports::keyhole::identity::token_provider as wit;
use crate::bindings::{ExchangePre, exports};
use crate::builder::Builder;
use crate::cache::{self, Client, TokenCache};
use crate::call::{Call, TooManyRefusals};
use crate::error::Error;
use crate::github_actions::GitHubActions;
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
    pub(crate) cache: Option<TokenCache>,
    pub(crate) client: Client,
}

/// What the component is granted: all of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Grants {
    /// The variables, with their values.
    pub env: Env,
    /// The file.
    pub file: SingleFile,
    /// The request by which the host itself gets the file's content, if it is
    /// not read from a path.
    #[serde(serialize_with = "as_optional_text")]
    pub federated_token: Option<GitHubActions>,
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

fn as_optional_text<S: serde::Serializer>(
    value: &Option<impl fmt::Display>,
    to: S,
) -> Result<S::Ok, S::Error> {
    value.as_ref().map(ToString::to_string).serialize(to)
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

    /// What it is granted for this request: as many requests as its schedule
    /// of tries holds.
    #[must_use]
    pub fn grants_for(&self, request: &TokenRequest) -> Grants {
        let mut grants = self.0.grants.clone();
        let requests = retry::max_requests(propagation(request));
        grants.endpoint = grants.endpoint.max_requests(requests);
        grants
    }

    /// The component that runs. Its digest is computed anew.
    #[must_use]
    pub fn component(&self) -> ComponentFacts {
        self.0.loaded.facts()
    }

    /// Reads the federated token and exchanges it for an access token. With a
    /// [cache](Builder::cache) a kept token comes instead, if there is one: its
    /// `requests` are 0.
    ///
    /// # Errors
    /// See [`Error`]. After an error the next call starts afresh.
    pub async fn get_token(&self, request: TokenRequest) -> Result<AccessToken, Error> {
        match &self.0.cache {
            // A claims challenge asks for a token that nobody has yet.
            Some(cache) if request.claims.is_none() => {
                cache::get_token(self, cache, &request).await
            }
            _ => self.exchange(&request, self.0.grants.timeout).await,
        }
    }

    /// Whose tokens these are.
    pub(crate) fn client(&self) -> &Client {
        &self.0.client
    }

    /// The sink of events.
    pub(crate) fn audit(&self) -> Option<SharedAudit> {
        self.0.audit.clone()
    }

    /// What requests are sent through.
    pub(crate) fn network(&self) -> &Network {
        &self.0.network
    }

    /// The scope that a request asks for.
    pub(crate) fn scope(&self, request: &TokenRequest) -> String {
        let scope = request.scope.as_ref().map(ToString::to_string);
        let endpoint = self.0.grants.endpoint.clone();
        let endpoint = endpoint.asking(scope.as_deref(), None);
        let form = endpoint.form();
        form.map(|form| form.scope().to_owned()).unwrap_or_default()
    }

    /// One exchange, whatever is kept.
    pub(crate) async fn exchange(
        &self,
        request: &TokenRequest,
        within: Duration,
    ) -> Result<AccessToken, Error> {
        let propagation = propagation(request);
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
        let mut ask = wit::TokenRequest {
            scope,
            claims: request.claims.as_ref().map(|claims| claims.to_string()),
            deadline: None,
            retry_propagation: propagation,
            skip_assertion_checks: request.skip_assertion_checks,
        };
        let (call, answer) = self
            .run(endpoint, within, async |provider, store, left| {
                let deadline = left.saturating_sub(FOR_LAST_WORDS.min(left / 10));
                ask.deadline = u64::try_from(deadline.as_nanos()).ok();
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
            .run(
                endpoint,
                self.0.grants.timeout,
                async |provider, store, _| provider.call_inspect_token(store).await,
            )
            .await?;
        let mut facts = self.accept(&call, answer, |_, facts| result::judge_facts(facts))?;
        result::clean_facts(&call, &mut facts);
        Ok(facts)
    }

    /// One call in a fresh store, under its limits and its deadline.
    async fn run<T>(
        &self,
        endpoint: Endpoint,
        within: Duration,
        call_guest: impl AsyncFnOnce(
            &exports::keyhole::identity::token_provider::Guest,
            &mut Store<State>,
            Duration,
        ) -> wasmtime::Result<T>,
    ) -> Result<(FinishedCall, T), Error> {
        let inner = &*self.0;
        if endpoint.requests() > 0 {
            inner.network.refresh()?;
        }
        let mut grants = GrantsCtx::builder()
            .env(inner.grants.env.clone())
            .file(inner.grants.file.clone())
            .endpoint(endpoint, inner.network.clone())
            .shared_audit(inner.audit.clone())
            .build();
        let call = grants.call.clone();
        let limits = inner.grants.limits;
        let start = Instant::now();
        if let Some(asked) = &inner.grants.federated_token {
            let token = asked.federated_token(&call, &inner.network);
            let token = match tokio::time::timeout(within, token).await {
                Ok(token) => token.map_err(|fault| Error::GitHubActions {
                    url: asked.shown_url(),
                    fault,
                })?,
                Err(_) => return Err(self.late(&call)),
            };
            grants.file = grants.file.map(|file| file.holding(token));
        }
        let left = within.saturating_sub(start.elapsed());
        let mut store = Store::new(
            &inner.engine,
            State {
                grants,
                limiter: limits.limiter(),
                deadline: start + within,
            },
        );
        store.limiter(|state| &mut state.limiter);
        limits.apply(&mut store).map_err(|error| self.trap(error))?;

        let running = async {
            let exchange = inner.component.instantiate_async(&mut store).await?;
            call_guest(exchange.keyhole_identity_token_provider(), &mut store, left).await
        };
        let ended = tokio::time::timeout(left, running).await;
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

/// How long to go on while a credential spreads, in nanoseconds.
fn propagation(request: &TokenRequest) -> u64 {
    u64::try_from(request.retry_propagation.as_nanos()).unwrap_or(u64::MAX)
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
