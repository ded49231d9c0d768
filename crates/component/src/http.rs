//! The one request.

use alloc::string::String;
use alloc::vec::Vec;

use keyhole_exchange::cloud;
use keyhole_exchange::exchange::{TransportFault, TransportFaultKind};
use keyhole_exchange::reply::{BODY_BYTES, HttpReply};
use keyhole_exchange::request::HttpRequest;
use zeroize::Zeroizing;

use crate::bindings::wasi::http::outgoing_handler;
use crate::bindings::wasi::http::types::{
    ErrorCode, Fields, FutureIncomingResponse, IncomingBody, IncomingResponse, Method,
    OutgoingBody, OutgoingRequest, Scheme,
};
use crate::bindings::wasi::io::streams::StreamError;
use crate::clock;

/// `blocking-write-and-flush` takes no more at once (WASI 0.2).
const WRITE_BYTES: usize = 4096;
/// How much of an answer is read at once, in bytes.
const READ_BYTES: u64 = 16 * 1024;

/// Sends a request and reads its answer, up to one byte more than
/// [`BODY_BYTES`] of body: the core tells by that byte that it is too long.
/// Waits end at `deadline` on the monotonic clock (nanoseconds).
pub(crate) fn send(
    request: &HttpRequest,
    deadline: Option<u64>,
) -> Result<HttpReply, TransportFault> {
    let (head, body) = prepare(request)?;
    // The request is handed over before its body is written: hosts buffer
    // little of a body that nobody reads yet.
    let answer = outgoing_handler::handle(head, None).map_err(|code| fault(&code))?;
    write(body, &request.body);
    let response = wait(&answer, deadline)?;
    drop(answer);
    receive(response, deadline)
}

fn prepare(request: &HttpRequest) -> Result<(OutgoingRequest, OutgoingBody), TransportFault> {
    let headers: Vec<(String, Vec<u8>)> = request
        .headers
        .iter()
        .map(|(name, value)| ((*name).into(), value.as_bytes().into()))
        .collect();
    let headers = Fields::from_list(&headers).map_err(|_| unsupported("headers"))?;
    let head = OutgoingRequest::new(headers);
    let scheme = match request.scheme {
        cloud::Scheme::Http => Scheme::Http,
        cloud::Scheme::Https => Scheme::Https,
    };
    // The only method of the core.
    head.set_method(&Method::Post)
        .and_then(|()| head.set_scheme(Some(&scheme)))
        .and_then(|()| head.set_authority(Some(&request.authority)))
        .and_then(|()| head.set_path_with_query(Some(&request.path)))
        .map_err(|()| unsupported("request line"))?;
    let body = head.body().map_err(|()| unsupported("request body"))?;
    Ok((head, body))
}

/// Writes the body. Faults are not looked at: a host that stops reading says in
/// its answer why.
fn write(body: OutgoingBody, bytes: &[u8]) {
    let Ok(stream) = body.write() else {
        return;
    };
    let written = bytes
        .chunks(WRITE_BYTES)
        .all(|chunk| stream.blocking_write_and_flush(chunk).is_ok());
    drop(stream);
    if written {
        // Not dropped but forgotten: taking apart an error that nobody looks at
        // is more than a kilobyte of code.
        core::mem::forget(OutgoingBody::finish(body, None));
    }
}

fn wait(
    answer: &FutureIncomingResponse,
    deadline: Option<u64>,
) -> Result<IncomingResponse, TransportFault> {
    let ready = answer.subscribe();
    loop {
        match answer.get() {
            Some(Ok(Ok(response))) => return Ok(response),
            Some(Ok(Err(code))) => return Err(fault(&code)),
            Some(Err(())) => return Err(unsupported("answer taken twice")),
            None => {}
        }
        if !clock::ready_before(&ready, deadline) {
            return Err(timeout());
        }
    }
}

fn receive(response: IncomingResponse, deadline: Option<u64>) -> Result<HttpReply, TransportFault> {
    let status = response.status();
    let headers = response.headers();
    let header = |name: &str| {
        let first = headers.get(name).into_iter().next()?;
        String::from_utf8(first).ok()
    };
    let (content_type, retry_after, date) = (
        header("content-type"),
        header("retry-after"),
        header("date"),
    );
    drop(headers);
    let body = response
        .consume()
        .map_err(|()| unsupported("answer's body"))?;
    let body = read(&body, deadline)?;
    Ok(HttpReply {
        status,
        content_type,
        retry_after,
        date,
        body,
    })
}

fn read(body: &IncomingBody, deadline: Option<u64>) -> Result<Zeroizing<Vec<u8>>, TransportFault> {
    let stream = body.stream().map_err(|()| unsupported("answer's body"))?;
    let ready = stream.subscribe();
    let mut content = Zeroizing::new(Vec::new());
    loop {
        match stream.read(READ_BYTES) {
            Ok(chunk) if chunk.is_empty() => {
                if !clock::ready_before(&ready, deadline) {
                    return Err(timeout());
                }
            }
            Ok(chunk) => {
                let room = (BODY_BYTES + 1).saturating_sub(content.len());
                content.extend_from_slice(chunk.get(..room).unwrap_or(&chunk));
                if content.len() > BODY_BYTES {
                    return Ok(content);
                }
            }
            Err(StreamError::Closed) => return Ok(content),
            Err(StreamError::LastOperationFailed(_)) => {
                return Err(TransportFault::new(
                    TransportFaultKind::Interrupted,
                    "while the answer was read",
                ));
            }
        }
    }
}

fn timeout() -> TransportFault {
    TransportFault::new(TransportFaultKind::Timeout, "")
}

fn unsupported(what: &str) -> TransportFault {
    let mut detail = String::from("the runtime did not take the ");
    detail.push_str(what);
    TransportFault::new(TransportFaultKind::Other, &detail)
}

fn fault(code: &ErrorCode) -> TransportFault {
    use TransportFaultKind as Kind;

    let (kind, detail) = match code {
        ErrorCode::DnsTimeout => (Kind::Dns, "timeout"),
        ErrorCode::DnsError(payload) => {
            let detail = payload.rcode.as_deref().unwrap_or("");
            return TransportFault::new(Kind::Dns, detail);
        }
        ErrorCode::DestinationNotFound => (Kind::Dns, "not found"),
        ErrorCode::DestinationUnavailable => (Kind::Connect, "unavailable"),
        ErrorCode::DestinationIpUnroutable => (Kind::Connect, "no route"),
        ErrorCode::ConnectionRefused => (Kind::Connect, "refused"),
        ErrorCode::ConnectionLimitReached => (Kind::Connect, "too many connections"),
        ErrorCode::ConnectionTerminated | ErrorCode::HttpResponseIncomplete => {
            (Kind::Interrupted, "")
        }
        // wasmtime and preview2-shim say this of a connection that is reset too, so it
        // is tried again everywhere.
        ErrorCode::HttpProtocolError => (Kind::Interrupted, "or what came is no HTTP"),
        ErrorCode::ConnectionTimeout => (Kind::Timeout, "connecting"),
        ErrorCode::ConnectionReadTimeout
        | ErrorCode::ConnectionWriteTimeout
        | ErrorCode::HttpResponseTimeout => (Kind::Timeout, ""),
        ErrorCode::TlsProtocolError => (Kind::Tls, "protocol error"),
        ErrorCode::TlsCertificateError => (Kind::Tls, "the certificate is not accepted"),
        ErrorCode::TlsAlertReceived(payload) => {
            let detail = payload.alert_message.as_deref().unwrap_or("alert received");
            return TransportFault::new(Kind::Tls, detail);
        }
        ErrorCode::HttpRequestDenied => (Kind::Denied, "the request is not the granted one"),
        ErrorCode::DestinationIpProhibited => (Kind::Denied, "an address is not allowed"),
        ErrorCode::HttpResponseHeaderSectionSize(_) | ErrorCode::HttpResponseHeaderSize(_) => {
            (Kind::Protocol, "its head is too large")
        }
        ErrorCode::HttpResponseBodySize(_) => (Kind::Protocol, "its body is too large"),
        ErrorCode::HttpResponseContentCoding(_) => (Kind::Protocol, "its body is encoded"),
        ErrorCode::HttpResponseTransferCoding(_)
        | ErrorCode::HttpResponseTrailerSectionSize(_)
        | ErrorCode::HttpResponseTrailerSize(_)
        | ErrorCode::HttpUpgradeFailed => (Kind::Protocol, ""),
        ErrorCode::InternalError(text) => {
            let detail = text.clone().unwrap_or_default();
            return TransportFault::new(Kind::Other, &detail);
        }
        ErrorCode::HttpRequestLengthRequired
        | ErrorCode::HttpRequestBodySize(_)
        | ErrorCode::HttpRequestMethodInvalid
        | ErrorCode::HttpRequestUriInvalid
        | ErrorCode::HttpRequestUriTooLong
        | ErrorCode::HttpRequestHeaderSectionSize(_)
        | ErrorCode::HttpRequestHeaderSize(_)
        | ErrorCode::HttpRequestTrailerSectionSize(_)
        | ErrorCode::HttpRequestTrailerSize(_) => {
            (Kind::Other, "the runtime did not take the request")
        }
        ErrorCode::LoopDetected => (Kind::Other, "a proxy detected a loop"),
        ErrorCode::ConfigurationError => (Kind::Other, "the runtime's configuration is at fault"),
    };
    TransportFault::new(kind, detail)
}
