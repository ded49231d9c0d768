//! One request over one connection, and its answer within bounds.

use super::{NetworkFault, Stream};
use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use keyhole_exchange::form::CONTENT_TYPE;
use keyhole_exchange::request::USER_AGENT;
use keyhole_policy::header::is_visible;
use keyhole_policy::target::Target;
use zeroize::Zeroizing;

/// The head of an answer in bytes: Entra's are about 2 KiB.
pub(crate) const MAX_HEAD: usize = 64 * 1024;

/// The body of an answer in bytes: a token answer is 2 to 20 KiB.
pub(crate) const MAX_ANSWER: usize = 1024 * 1024;

/// A request as it goes out: nothing in it comes from a guest.
pub(crate) struct Outgoing {
    tls: bool,
    authority: String,
    path: String,
    body: Zeroizing<Vec<u8>>,
    request_id: String,
    /// Of a GET, the value of its `Authorization` header.
    authorization: Option<Zeroizing<String>>,
    max_answer: usize,
}

impl Outgoing {
    pub(crate) fn new(target: &Target, body: Zeroizing<Vec<u8>>) -> Self {
        Outgoing {
            tls: target.scheme() == "https",
            authority: target.authority().to_owned(),
            path: target.path().to_owned(),
            body,
            request_id: random_uuid(),
            authorization: None,
            max_answer: MAX_ANSWER,
        }
    }

    /// A GET with an `Authorization` header. `path` may have a query; of the
    /// answer `max_answer` bytes are read at most.
    pub(crate) fn get(
        tls: bool,
        authority: &str,
        path: &str,
        authorization: Zeroizing<String>,
        max_answer: usize,
    ) -> Self {
        Outgoing {
            tls,
            authority: authority.to_owned(),
            path: path.to_owned(),
            body: Zeroizing::default(),
            request_id: random_uuid(),
            authorization: Some(authorization),
            max_answer,
        }
    }

    /// A POST of JSON over TLS with an `Authorization` header. Of the answer
    /// `max_answer` bytes are read at most.
    pub(crate) fn post_json(
        authority: &str,
        path: &str,
        authorization: Zeroizing<String>,
        json: &str,
        max_answer: usize,
    ) -> Self {
        Outgoing {
            body: Zeroizing::new(json.as_bytes().to_vec()),
            ..Self::get(true, authority, path, authorization, max_answer)
        }
    }

    /// The `client-request-id`, by which Microsoft's support finds a request.
    pub(crate) fn request_id(&self) -> &str {
        &self.request_id
    }

    pub(crate) fn len(&self) -> usize {
        self.body.len()
    }

    pub(crate) fn is_tls(&self) -> bool {
        self.tls
    }

    /// The host without port and brackets.
    pub(crate) fn host(&self) -> &str {
        let host = match self.authority.rsplit_once(':') {
            // The colons of an IPv6 address stand inside brackets.
            Some((host, port)) if !port.ends_with(']') => host,
            _ => &self.authority,
        };
        host.trim_start_matches('[').trim_end_matches(']')
    }

    pub(crate) fn port(&self) -> u16 {
        let default = if self.tls { 443 } else { 80 };
        self.authority
            .rsplit_once(':')
            .and_then(|(_, port)| port.parse().ok())
            .unwrap_or(default)
    }

    fn into_request(self) -> Result<Request<Full<Bytes>>, http::Error> {
        if let Some(authorization) = self.authorization {
            // One copy, wiped when the request has gone.
            let value = Bytes::from_owner(Wiped(authorization));
            let mut value = HeaderValue::from_maybe_shared(value)?;
            value.set_sensitive(true);
            let request = Request::builder()
                .uri(self.path)
                .header(header::HOST, self.authority)
                .header(header::AUTHORIZATION, value)
                .header(header::ACCEPT, "application/json")
                .header(header::ACCEPT_ENCODING, "identity")
                .header(header::USER_AGENT, USER_AGENT)
                .header(header::CONNECTION, "close");
            if self.body.is_empty() {
                return request.body(Full::default());
            }
            return request
                .method(Method::POST)
                .header(header::CONTENT_TYPE, "application/json")
                .header(header::CONTENT_LENGTH, self.body.len())
                .body(Full::new(Bytes::from_owner(self.body)));
        }
        Request::builder()
            .method(Method::POST)
            .uri(self.path)
            .header(header::HOST, self.authority)
            .header(header::CONTENT_TYPE, CONTENT_TYPE)
            .header(header::ACCEPT, "application/json")
            .header(header::ACCEPT_ENCODING, "identity")
            .header(header::USER_AGENT, USER_AGENT)
            .header("client-request-id", self.request_id)
            .header(header::CONTENT_LENGTH, self.body.len())
            .header(header::CONNECTION, "close")
            .body(Full::new(Bytes::from_owner(self.body)))
    }
}

/// A secret as the owner of a header's bytes.
struct Wiped(Zeroizing<String>);

impl AsRef<[u8]> for Wiped {
    fn as_ref(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

/// An answer, with the headers that a guest may see.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Zeroizing<Vec<u8>>,
}

/// Sends a request and reads the whole answer.
pub(super) async fn send(stream: Stream, outgoing: Outgoing) -> Result<Answer, NetworkFault> {
    let (mut sender, connection) = http1::Builder::new()
        .max_buf_size(MAX_HEAD)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(NetworkFault::Http)?;
    let connection = wasmtime_wasi::runtime::spawn(async move {
        // What ends the connection shows in the request or in the body.
        let _ = connection.await;
    });
    let max_answer = outgoing.max_answer;
    let request = outgoing
        .into_request()
        .expect("the grant holds canonical strings only");
    let response = sender.send_request(request).await.map_err(|error| {
        if error.is_parse_too_large() {
            NetworkFault::HeadSize { max: MAX_HEAD }
        } else {
            NetworkFault::Http(error)
        }
    })?;
    let (head, body) = response.into_parts();
    if !is_within_limit(&head.headers) {
        return Err(NetworkFault::HeadSize { max: MAX_HEAD });
    }
    let encodings = head.headers.get_all(header::CONTENT_ENCODING);
    if let Some(encoding) = encodings.iter().find(|encoding| *encoding != "identity") {
        let encoding = String::from_utf8_lossy(encoding.as_bytes());
        return Err(NetworkFault::Encoding(encoding.chars().take(64).collect()));
    }
    let body = read_body(body, max_answer).await?;
    drop(connection);
    Ok(Answer {
        status: head.status,
        headers: head
            .headers
            .into_iter()
            .filter_map(|(name, value)| Some((name?, value)))
            .filter(|(name, _)| is_visible(name.as_str()))
            .collect(),
        body,
    })
}

/// Whether a head is one of [`MAX_HEAD`] bytes at most. hyper's own limit is one
/// of its buffer, and how much comes at once decides whether that is met.
pub(super) fn is_within_limit(headers: &HeaderMap) -> bool {
    const AROUND_A_LINE: usize = ": \r\n".len();
    let line = |(name, value): (&HeaderName, &HeaderValue)| {
        name.as_str().len() + value.len() + AROUND_A_LINE
    };
    headers.iter().map(line).sum::<usize>() <= MAX_HEAD
}

/// A whole body, within its limit. It is not kept as it comes: of a body in
/// chunks of one byte each piece takes thirty times as much.
async fn read_body(
    mut body: hyper::body::Incoming,
    max: usize,
) -> Result<Zeroizing<Vec<u8>>, NetworkFault> {
    let mut whole = Zeroizing::new(Vec::new());
    while let Some(frame) = body.frame().await {
        let Ok(piece) = frame.map_err(NetworkFault::Http)?.into_data() else {
            continue;
        };
        let length = whole.len() + piece.len();
        if length > max {
            return Err(NetworkFault::BodySize { max });
        }
        if length > whole.capacity() {
            // A buffer that grows by itself leaves copies behind.
            let mut larger = Zeroizing::new(Vec::with_capacity(length.next_power_of_two()));
            larger.extend_from_slice(&whole);
            whole = larger;
        }
        whole.extend_from_slice(&piece);
    }
    Ok(whole)
}

/// A version 4 UUID (RFC 9562, section 5.4), as Entra wants ids to be. It is
/// no secret: without randomness it is the nil UUID.
fn random_uuid() -> String {
    let mut bytes = [0u8; 16];
    if getrandom::fill(&mut bytes).is_ok() {
        bytes[6] = bytes[6] & 0x0f | 0x40;
        bytes[8] = bytes[8] & 0x3f | 0x80;
    }
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut parts = Vec::with_capacity(5);
    let mut rest = hex.as_str();
    for length in [8, 4, 4, 4, 12] {
        let (part, after) = rest.split_at(length);
        parts.push(part);
        rest = after;
    }
    parts.join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outgoing(scheme: &str, authority: &str) -> Outgoing {
        Outgoing::new(
            &Target::post(scheme, authority, "/t/oauth2/v2.0/token"),
            Zeroizing::new(Vec::new()),
        )
    }

    #[test]
    fn host_and_port_come_apart() {
        for (scheme, authority, host, port) in [
            ("https", "login.example", "login.example", 443),
            ("https", "login.example:8443", "login.example", 8443),
            ("http", "127.0.0.1:8080", "127.0.0.1", 8080),
            ("http", "[::1]:8080", "::1", 8080),
            ("https", "[::1]", "::1", 443),
            ("http", "localhost", "localhost", 80),
        ] {
            let outgoing = outgoing(scheme, authority);
            assert_eq!(
                (outgoing.host(), outgoing.port()),
                (host, port),
                "{authority}"
            );
        }
    }

    #[test]
    fn request_ids_are_version_4_uuids_and_differ() {
        let (one, two) = (random_uuid(), random_uuid());
        assert_ne!(one, two);
        assert_eq!(one.len(), 36, "{one}");
        assert_eq!(one.as_bytes()[14], b'4', "{one}");
    }

    #[test]
    fn what_goes_out_is_the_grants_alone() {
        let request = outgoing("https", "login.example")
            .into_request()
            .expect("a request");
        let names: Vec<_> = request.headers().keys().map(|name| name.as_str()).collect();
        assert_eq!(
            names,
            [
                "host",
                "content-type",
                "accept",
                "accept-encoding",
                "user-agent",
                "client-request-id",
                "content-length",
                "connection"
            ]
        );
    }
}
