//! The gateway's one way out: requests to one upstream, with a token that was
//! given to it.

use super::guarded::Guarded;
use super::pool::Pool;
use super::tokens::Tokens;
use crate::audit::{AuditEvent, Capability, SharedAudit};
use crate::call::Call;
use crate::network::Network;
use http::header::{self, HeaderMap, HeaderValue};
use http::{Method, Request, Response, Uri};
use http_body::Body as _;
use http_body_util::BodyExt as _;
use keyhole_exchange::cloud::Scheme;
use keyhole_policy::Rule;
use keyhole_proxy_rules::header::{is_hop_by_hop, is_identity};
use keyhole_proxy_rules::rules::Rules;
use keyhole_proxy_rules::settings::Settings;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;
use wasmtime_wasi_http::{
    Error as HttpFault, ForbiddenHeaderFilter, RequestOptions, WasiBody, WasiHttpHooks,
};

/// Bytes of one chunk of a body on its way to the upstream or the caller.
const BODY_CHUNK: usize = 64 * 1024;

/// A request, and once more with another token.
const MAX_REQUESTS: u32 = 2;

/// The upstream, shared by all requests.
pub(super) struct Upstream {
    scheme: Scheme,
    authority: String,
    pool: Pool,
    rules: Rules,
    header_timeout: Option<Duration>,
    tokens: Arc<Tokens>,
    audit: Option<SharedAudit>,
}

impl Upstream {
    pub(super) fn new(
        settings: &Settings,
        network: Network,
        audit: Option<SharedAudit>,
        tokens: Arc<Tokens>,
    ) -> Self {
        let upstream = &settings.upstream;
        Upstream {
            scheme: upstream.scheme(),
            authority: upstream.authority(),
            pool: Pool::new(upstream, network, audit.clone()),
            rules: settings.rules.clone(),
            header_timeout: settings.header_timeout.map(Duration::from_secs),
            tokens,
            audit,
        }
    }

    /// The same with connections of its own.
    pub(super) fn on_another_thread(&self) -> Self {
        Upstream {
            authority: self.authority.clone(),
            pool: self.pool.on_another_thread(),
            rules: self.rules.clone(),
            tokens: Arc::clone(&self.tokens),
            audit: self.audit.clone(),
            ..*self
        }
    }

    /// Sends a request, and waits for the head of its answer as long as the
    /// settings say.
    async fn send(&self, request: Request<WasiBody>) -> Result<Response<WasiBody>, HttpFault> {
        let (head, body) = request.into_parts();
        let (body, gone) = match body.is_end_stream() {
            true => (body, None),
            false => {
                // The sender goes with the body when all of it has gone.
                let (sender, gone) = oneshot::channel::<()>();
                (Guarded::new(body, sender).boxed_unsync(), Some(gone))
            }
        };
        let sent = self.pool.send(Request::from_parts(head, body));
        let sent = match self.header_timeout {
            Some(limit) => tokio::select! {
                sent = sent => sent,
                () = after(gone, limit) => {
                    tracing::warn!("no answer from the upstream within {} s", limit.as_secs());
                    return Err(HttpFault::HttpResponseTimeout);
                }
            },
            None => sent.await,
        };
        sent.map_err(|fault| {
            tracing::warn!("no answer from the upstream: {fault}");
            fault.into_http()
        })
    }

    /// Whether a request may go out, and as what.
    fn judge(&self, request: &mut Request<WasiBody>) -> Result<String, Rule> {
        let uri = request.uri();
        let authority = uri.authority().map(|authority| authority.as_str());
        if (uri.scheme_str(), authority) != (Some(self.scheme.as_str()), Some(&self.authority)) {
            return Err(Rule::GatewayTarget);
        }
        // A tunnel would carry anything, and TRACE would show the token.
        if matches!(*request.method(), Method::CONNECT | Method::TRACE) {
            return Err(Rule::GatewayMethod);
        }
        let target = uri.path_and_query().map_or("/", |target| target.as_str());
        let action = self.rules.judge_action(request.method().as_str(), target);
        if action.is_err() {
            return Err(Rule::GatewayAction);
        }
        let headers = request.headers();
        let mut values = headers.get_all(header::AUTHORIZATION).iter();
        let authorization = match (values.next().map(HeaderValue::to_str), values.next()) {
            (Some(Ok(value)), None) if self.tokens.is_known(value) => value.to_owned(),
            _ => return Err(Rule::GatewayAuthorization),
        };
        let identity =
            |name: &http::HeaderName| *name != header::AUTHORIZATION && is_identity(name.as_str());
        if headers.keys().any(identity) {
            return Err(Rule::GatewayIdentity);
        }
        self.complete(request);
        Ok(authorization)
    }

    /// What goes out is for this connection: our `Host`, nobody else's
    /// hop-by-hop headers.
    fn complete(&self, request: &mut Request<WasiBody>) {
        let is_bodiless = matches!(*request.method(), Method::GET | Method::HEAD)
            && request.body().is_end_stream();
        let path = request.uri().path_and_query().cloned();
        *request.uri_mut() = path.map_or_else(Uri::default, Uri::from);
        let headers = request.headers_mut();
        let trailers = headers.get(header::TE).is_some_and(|te| te == "trailers");
        remove_hop_by_hop(headers);
        if is_bodiless {
            // Put there by the server, for the guest to know.
            headers.remove(header::CONTENT_LENGTH);
        }
        if trailers {
            headers.insert(header::TE, HeaderValue::from_static("trailers"));
            headers.insert(header::CONNECTION, HeaderValue::from_static("te"));
        }
        if let Ok(host) = HeaderValue::from_str(&self.authority) {
            headers.insert(header::HOST, host);
        }
        if let Some(value) = headers.get_mut(header::AUTHORIZATION) {
            value.set_sensitive(true);
        }
    }

    fn refuse(&self, request: &Request<WasiBody>, rule: Rule) -> HttpFault {
        let asked = format!("{} {}", request.method(), request.uri());
        tracing::error!(
            "the gateway component was refused: {}: {asked}",
            rule.name()
        );
        // Nothing of a call is kept but its log: an instance ends with its request.
        let call = Call::new(self.audit.clone(), None);
        let _ = call.refuse(Capability::Request, &asked, rule);
        HttpFault::HttpRequestDenied
    }
}

/// This long after the request's body has gone.
async fn after(gone: Option<oneshot::Receiver<()>>, limit: Duration) {
    if let Some(gone) = gone {
        // It ends when the body is dropped.
        let _ = gone.await;
    }
    tokio::time::sleep(limit).await;
}

/// Removes the headers of one connection.
pub(super) fn remove_hop_by_hop(headers: &mut HeaderMap) {
    let names: Vec<_> = headers
        .keys()
        .filter(|name| is_hop_by_hop(name.as_str()))
        .cloned()
        .collect();
    for name in names {
        headers.remove(name);
    }
}

/// The upstream as one request may use it.
pub(super) struct Grant {
    upstream: Arc<Upstream>,
    sent: u32,
}

impl Grant {
    pub(super) fn new(upstream: Arc<Upstream>) -> Self {
        Grant { upstream, sent: 0 }
    }

    /// Begins a request.
    pub(super) fn begin(&mut self) {
        self.sent = 0;
    }

    pub(super) fn tokens(&self) -> &Arc<Tokens> {
        &self.upstream.tokens
    }
}

type Sent = wasmtime_wasi_http::Result<(
    http::Response<WasiBody>,
    Box<dyn Future<Output = Result<(), HttpFault>> + Send>,
)>;

impl WasiHttpHooks for Grant {
    /// The guest sees all headers of its caller, or it could not take out those
    /// that `Connection` names. What goes out is looked at anew.
    fn forbidden_header_filter(&mut self) -> ForbiddenHeaderFilter {
        Arc::new(|_| false)
    }

    fn set_host_header(&mut self) -> bool {
        false
    }

    fn default_scheme(&mut self) -> Option<http::uri::Scheme> {
        None
    }

    fn p2_outgoing_body_chunk_size(&mut self) -> usize {
        BODY_CHUNK
    }

    fn send_request(
        &mut self,
        mut request: Request<WasiBody>,
        _options: Option<RequestOptions>,
        _io: Box<dyn Future<Output = Result<(), HttpFault>> + Send>,
    ) -> Box<dyn Future<Output = Sent> + Send> {
        self.sent += 1;
        let judged = match self.sent {
            0..=MAX_REQUESTS => self.upstream.judge(&mut request),
            _ => Err(Rule::GatewayRequests),
        };
        let authorization = match judged {
            Ok(authorization) => authorization,
            Err(rule) => {
                let fault = self.upstream.refuse(&request, rule);
                return Box::new(std::future::ready(Err(fault)));
            }
        };
        let upstream = Arc::clone(&self.upstream);
        Box::new(async move {
            let response = upstream.send(request).await?;
            if response.status() == http::StatusCode::UNAUTHORIZED {
                upstream.tokens.refused(&authorization);
            }
            let done: Box<dyn Future<Output = Result<(), HttpFault>> + Send> =
                Box::new(std::future::ready(Ok(())));
            Ok((response, done))
        })
    }
}

/// An event of the audit log for a connection to the upstream.
pub(super) fn connecting(audit: Option<SharedAudit>, target: &str) -> Call {
    let call = Call::new(audit, None);
    call.log(AuditEvent::allowed(Capability::Request, target).detail("the gateway's upstream"));
    call
}
