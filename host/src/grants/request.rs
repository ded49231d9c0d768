//! The request: one form to one endpoint.
//!
//! The guest builds its request with wasmtime's own `wasi:http/types`; what it
//! hands to `outgoing-handler.handle` is judged here, and nothing of it goes
//! out. What goes out is built anew from the grant, after the whole body has
//! been read and judged.

use super::{GrantsCtx, GrantsView, WASI, limits};
use crate::audit::{AuditEvent, Capability};
use crate::call::{Call, RequestSlot};
use crate::network::{Answer, Network, NetworkFault, Outgoing};
use bytes::Bytes;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use keyhole_exchange::settings::Settings;
use keyhole_policy::form::{FormRule, MAX_BODY};
use keyhole_policy::target::{Asked, Target};
use keyhole_policy::{Rule, header};
use std::fmt;
use std::time::Duration;
use wasmtime::component::{Linker, Resource};
use wasmtime_wasi_http::p2::bindings::http::types;
use wasmtime_wasi_http::p2::body::HyperOutgoingBody;
use wasmtime_wasi_http::p2::types::{HostFutureIncomingResponse, HostOutgoingRequest};
use wasmtime_wasi_http::p2::{HttpError, HttpResult};
use wasmtime_wasi_http::{Error as HttpFault, WasiHttp, WasiHttpCtxView, WasiHttpHooks};
use zeroize::Zeroizing;

/// Requests of one call: the first, three retries, and one more where the
/// file was read again, with one to spare.
pub const MAX_REQUESTS: u32 = 6;

/// A guest that sent its head finishes the body within this long: it has it
/// in memory.
const BODY_PATIENCE: Duration = Duration::from_secs(5);

/// The grant of one form to one endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    target: Target,
    sent_to: Option<Target>,
    form: Option<FormRule>,
    max_requests: u32,
}

impl Endpoint {
    /// Grants POST requests of any body up to 64 KiB to this URL, compared
    /// byte for byte. `authority` is `host` or `host:port` without a default
    /// port. Loopback addresses are connected to only if the host is a
    /// loopback name or address.
    #[must_use]
    pub fn post(
        scheme: impl Into<String>,
        authority: impl Into<String>,
        path: impl Into<String>,
    ) -> Self {
        Endpoint {
            target: Target::post(scheme, authority, path),
            sent_to: None,
            form: None,
            max_requests: MAX_REQUESTS,
        }
    }

    /// Grants the token request that these settings make, form included.
    #[must_use]
    pub fn token_request(settings: &Settings) -> Self {
        let endpoint = settings.endpoint();
        let mut grant = Endpoint::post(
            endpoint.scheme().as_str(),
            endpoint.authority(),
            endpoint.path(),
        );
        grant.form = Some(FormRule::new(
            settings.client_id().as_str(),
            settings.scope().as_str(),
            None,
        ));
        grant
    }

    /// Pins the form to another scope and to claims that the caller asked for.
    #[must_use]
    pub(crate) fn asking(mut self, scope: Option<&str>, claims: Option<Zeroizing<String>>) -> Self {
        if let Some(form) = &self.form {
            let scope = scope.unwrap_or(form.scope()).to_owned();
            self.form = Some(FormRule::new(form.client_id(), scope, claims));
        }
        self
    }

    /// Grants this many requests a call instead of [`MAX_REQUESTS`].
    #[must_use]
    pub fn max_requests(mut self, requests: u32) -> Self {
        self.max_requests = requests;
        self
    }

    /// Sends what the guest addresses to [`Endpoint::target`] to another URL
    /// instead, and there alone: the guest knows nothing of it.
    #[must_use]
    pub fn sent_to(mut self, target: Target) -> Self {
        self.sent_to = Some(target);
        self
    }

    /// Where requests really go.
    #[must_use]
    pub fn destination(&self) -> &Target {
        self.sent_to.as_ref().unwrap_or(&self.target)
    }

    /// Where the guest may send requests.
    #[must_use]
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// The pinned form, if the grant has one.
    #[must_use]
    pub fn form(&self) -> Option<&FormRule> {
        self.form.as_ref()
    }

    /// How many requests a call may send.
    #[must_use]
    pub fn requests(&self) -> u32 {
        self.max_requests
    }

    /// Adds `wasi:http/types` and `outgoing-handler` to a linker. Without an
    /// endpoint in the [`GrantsCtx`] every request is refused.
    ///
    /// # Errors
    /// If the linker has one of the interfaces already.
    pub fn add_to_linker<T: GrantsView + 'static>(linker: &mut Linker<T>) -> wasmtime::Result<()> {
        let options = types::LinkOptions::default();
        types::add_to_linker::<T, WasiHttp>(linker, &options, |data| data.grants().http())?;
        let mut handler = linker.instance(&format!("wasi:http/outgoing-handler@{WASI}"))?;
        handler.func_wrap("handle", |mut store, handle| {
            Ok((GrantsCtx::handle(store.data_mut().grants(), handle)?,))
        })
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.target)?;
        if let Some(destination) = &self.sent_to {
            write!(f, ", sent as {destination}")?;
        }
        write!(f, ", at most {} a call", self.max_requests)?;
        match &self.form {
            None => Ok(()),
            Some(form) => write!(
                f,
                ", the form client_id={} scope={} with the federated token as assertion",
                form.client_id(),
                form.scope()
            ),
        }
    }
}

/// Nothing goes through wasmtime's own sender; these hooks only set limits.
pub(crate) struct Hooks;

impl WasiHttpHooks for Hooks {
    fn forbidden_header_filter(&mut self) -> wasmtime_wasi_http::ForbiddenHeaderFilter {
        // Headers are judged by allow-list when the request is handed over.
        std::sync::Arc::new(|_| false)
    }

    fn set_host_header(&mut self) -> bool {
        false
    }

    fn p2_outgoing_body_chunk_size(&mut self) -> usize {
        limits::BODY_CHUNK
    }

    fn send_request(
        &mut self,
        _request: http::Request<wasmtime_wasi_http::WasiBody>,
        _options: Option<wasmtime_wasi_http::RequestOptions>,
        _io: Box<dyn Future<Output = Result<(), HttpFault>> + Send>,
    ) -> Box<dyn Future<Output = SendResult> + Send> {
        Box::new(std::future::ready(Err(HttpFault::HttpRequestDenied)))
    }
}

type SendResult = wasmtime_wasi_http::Result<(
    http::Response<wasmtime_wasi_http::WasiBody>,
    Box<dyn Future<Output = Result<(), HttpFault>> + Send>,
)>;

impl GrantsCtx {
    /// wasmtime's view of the guest's requests and answers.
    pub(crate) fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView {
            hooks: &mut self.http_hooks,
            table: &mut self.table,
            ctx: &mut self.http,
        }
    }

    /// Logs a refusal; the guest sees `HTTP-request-denied`.
    fn refuse_request(&mut self, what: &str, rule: Rule) -> HttpError {
        match self.call.refuse(Capability::Request, what, rule) {
            Ok(()) => types::ErrorCode::HttpRequestDenied.into(),
            Err(ended) => HttpError::trap(ended),
        }
    }
}

/// The parameters of `outgoing-handler.handle`.
pub(crate) type Handle = (
    Resource<HostOutgoingRequest>,
    Option<Resource<wasmtime_wasi_http::RequestOptions>>,
);

impl GrantsCtx {
    /// `outgoing-handler.handle`: the one way out.
    pub(crate) fn handle(
        &mut self,
        (request, options): Handle,
    ) -> wasmtime::Result<Result<Resource<HostFutureIncomingResponse>, types::ErrorCode>> {
        // Timeouts are the host's: the guest's wishes are not looked at.
        if let Some(options) = options {
            self.table.delete(options)?;
        }
        match self.judge_and_send(request) {
            Ok(future) => Ok(Ok(future)),
            Err(error) => Ok(Err(error.downcast()?)),
        }
    }

    fn judge_and_send(
        &mut self,
        request: Resource<HostOutgoingRequest>,
    ) -> HttpResult<Resource<HostFutureIncomingResponse>> {
        let request = self.table.delete(request)?;
        let asked = describe(&request);
        let (Some(endpoint), Some(network)) = (self.endpoint.clone(), self.network.clone()) else {
            return Err(self.refuse_request(&asked, Rule::RequestAuthority));
        };
        if let Err(rule) = judge_head(&endpoint.target, &request) {
            return Err(self.refuse_request(&asked, rule));
        }
        let slot = match self.call.begin_request(endpoint.max_requests) {
            Ok(slot) => slot,
            Err(rule) => return Err(self.refuse_request(&asked, rule)),
        };
        let Some(body) = request.body else {
            return Err(self.refuse_request(&asked, Rule::FormMissing));
        };
        let sending = Sending {
            endpoint,
            network,
            call: self.call.clone(),
            judged: false,
            _slot: slot,
        };
        let task = wasmtime_wasi::runtime::spawn(sending.run(body));
        Ok(self.table.push(HostFutureIncomingResponse::Pending(task))?)
    }
}

/// A request under way.
struct Sending {
    endpoint: Endpoint,
    network: Network,
    call: Call,
    judged: bool,
    _slot: RequestSlot,
}

impl Drop for Sending {
    /// A guest that takes a request back before it is judged has made an
    /// attempt as well.
    fn drop(&mut self) {
        if !self.judged && !self.call.is_over() {
            self.refuse(Rule::RequestBodyIncomplete);
        }
    }
}

type Sent = wasmtime_wasi_http::Result<(
    http::Response<wasmtime_wasi_http::p2::body::HyperIncomingBody>,
    wasmtime_wasi::runtime::AbortOnDropJoinHandle<()>,
)>;

impl Sending {
    async fn run(mut self, body: HyperOutgoingBody) -> Sent {
        let judged = self.judge(body).await;
        self.judged = true;
        let body = match judged {
            Ok(body) => body,
            Err(rule) => return Err(self.refuse(rule)),
        };
        let outgoing = Outgoing::new(self.endpoint.destination(), body);
        let event =
            AuditEvent::allowed(Capability::Request, self.endpoint.destination().to_string())
                .bytes(outgoing.len())
                .detail(format!("client-request-id {}", outgoing.request_id()));
        let events = (event.clone(), event);
        // A fault may quote the answer's head, which may quote the request.
        let say = |fault: &NetworkFault| self.call.redact_all(&fault.to_string());
        let sent = self.network.send_logged(&self.call, events, outgoing, say);
        match sent.await {
            Ok(answer) => {
                if answer.status == http::StatusCode::OK {
                    self.call.relay(&answer.body);
                }
                Ok(for_guest(answer))
            }
            Err((fault, text)) => {
                self.call.transport_failed(text);
                self.call.proxy_refused(fault.is_final());
                Err(fault.into_http())
            }
        }
    }

    /// The body to be sent: the granted form, if the grant has one.
    async fn judge(&self, body: HyperOutgoingBody) -> Result<Zeroizing<Vec<u8>>, Rule> {
        let body = read_body(body).await?;
        let Some(form) = &self.endpoint.form else {
            return Ok(body);
        };
        let served = self.call.served();
        let served: Vec<&str> = served.iter().map(|token| token.as_str()).collect();
        form.judge(&body, &served)
    }

    fn refuse(&self, rule: Rule) -> HttpFault {
        // The log is full: the call has been refused already.
        let _ = self
            .call
            .refuse(Capability::Request, &self.endpoint.target, rule);
        HttpFault::HttpRequestDenied
    }
}

fn for_guest(
    answer: Answer,
) -> (
    http::Response<wasmtime_wasi_http::p2::body::HyperIncomingBody>,
    wasmtime_wasi::runtime::AbortOnDropJoinHandle<()>,
) {
    let body = Full::new(Bytes::from(answer.body.to_vec()))
        .map_err(|never| match never {})
        .boxed_unsync();
    let mut response = http::Response::new(body);
    *response.status_mut() = answer.status;
    *response.headers_mut() = answer.headers;
    (response, wasmtime_wasi::runtime::spawn(async {}))
}

/// Everything but the body, as the guest said it.
fn judge_head(target: &Target, request: &HostOutgoingRequest) -> Result<(), Rule> {
    target.judge(&Asked {
        method: method(&request.method),
        scheme: request.scheme.as_ref().map(scheme),
        authority: request.authority.as_deref(),
        path: request.path_with_query.as_deref(),
    })?;
    header::judge(
        request
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_bytes())),
    )
}

/// The whole body: nothing is connected before it is known.
async fn read_body(body: HyperOutgoingBody) -> Result<Zeroizing<Vec<u8>>, Rule> {
    let whole = tokio::time::timeout(BODY_PATIENCE, Limited::new(body, MAX_BODY).collect())
        .await
        .map_err(|_| Rule::RequestBodyIncomplete)?
        .map_err(|error| {
            if error.is::<LengthLimitError>() {
                Rule::RequestBodySize
            } else {
                Rule::RequestBodyIncomplete
            }
        })?;
    if whole
        .trailers()
        .is_some_and(|trailers| !trailers.is_empty())
    {
        return Err(Rule::RequestTrailers);
    }
    Ok(Zeroizing::new(whole.to_bytes().to_vec()))
}

fn method(method: &types::Method) -> &str {
    use types::Method;
    match method {
        Method::Get => "GET",
        Method::Head => "HEAD",
        Method::Post => "POST",
        Method::Put => "PUT",
        Method::Delete => "DELETE",
        Method::Connect => "CONNECT",
        Method::Options => "OPTIONS",
        Method::Trace => "TRACE",
        Method::Patch => "PATCH",
        // Another spelling of POST is not POST.
        Method::Other(_) => "",
    }
}

fn scheme(scheme: &types::Scheme) -> &str {
    match scheme {
        types::Scheme::Http => "http",
        types::Scheme::Https => "https",
        types::Scheme::Other(other) => other,
    }
}

/// The request as the guest asked for it, for the log.
fn describe(request: &HostOutgoingRequest) -> String {
    let method = match &request.method {
        types::Method::Other(other) => other,
        known => method(known),
    };
    format!(
        "{method} {}://{}{}",
        request.scheme.as_ref().map_or("", scheme),
        request.authority.as_deref().unwrap_or_default(),
        request.path_with_query.as_deref().unwrap_or_default(),
    )
}
