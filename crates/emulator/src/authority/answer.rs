//! An HTTP answer as data, before it is on the wire.

use std::time::SystemTime;

use bytes::Bytes;
use http::header::{HeaderName, HeaderValue};
use http_body_util::Full;
use serde_json::Value;

/// An HTTP answer: status, headers and a body. `content-length` and `date` are
/// added when it is sent, unless it has its own.
#[derive(Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// Header names and values, in order.
    pub headers: Vec<(String, String)>,
    /// The body's bytes.
    pub body: Vec<u8>,
}

impl std::fmt::Debug for Answer {
    /// Shows the body's length only: it may hold a token.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Answer")
            .field("status", &self.status)
            .field("headers", &self.headers)
            .field("body_bytes", &self.body.len())
            .finish()
    }
}

impl Answer {
    /// No headers and no body.
    pub fn empty(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    /// A body of some type.
    pub fn text(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: body.into(),
        }
        .header("content-type", content_type)
    }

    /// A JSON body with the type and the cache headers Entra sends with it.
    pub fn json(status: u16, body: &Value) -> Self {
        Self::json_text(status, body.to_string())
    }

    /// The same from JSON that is already text, valid or not.
    pub fn json_text(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self::text(status, "application/json; charset=utf-8", body)
            .header("cache-control", "no-store, no-cache")
            .header("pragma", "no-cache")
            .header("expires", "-1")
            .header("x-content-type-options", "nosniff")
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    fn has(&self, name: &str) -> bool {
        self.headers
            .iter()
            .any(|(given, _)| given.eq_ignore_ascii_case(name))
    }

    /// For hyper, or nothing if hyper would not send such headers.
    pub(crate) fn response(&self) -> Option<http::Response<Full<Bytes>>> {
        let mut response = http::Response::new(Full::new(Bytes::from(self.body.clone())));
        *response.status_mut() = http::StatusCode::from_u16(self.status).ok()?;
        for (name, value) in &self.headers {
            response.headers_mut().append(
                HeaderName::from_bytes(name.as_bytes()).ok()?,
                HeaderValue::from_str(value).ok()?,
            );
        }
        Some(response)
    }

    /// The head as bytes, for answers that go around hyper. The connection is
    /// closed after it, and the head says so.
    pub(crate) fn head(&self, framing: &str) -> Vec<u8> {
        let reason = http::StatusCode::from_u16(self.status)
            .ok()
            .and_then(|status| status.canonical_reason());
        let mut head = format!(
            "HTTP/1.1 {} {}\r\n",
            self.status,
            reason.unwrap_or("Unknown")
        );
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if !self.has("date") {
            head.push_str(&format!(
                "date: {}\r\n",
                httpdate::fmt_http_date(SystemTime::now())
            ));
        }
        head.push_str(&format!("{framing}connection: close\r\n\r\n"));
        head.into_bytes()
    }

    /// The whole answer as bytes.
    pub(crate) fn wire(&self) -> Vec<u8> {
        let mut bytes = self.head(&content_length(self.body.len()));
        bytes.extend_from_slice(&self.body);
        bytes
    }
}

/// The header line that announces so many bytes.
pub(crate) fn content_length(bytes: usize) -> String {
    format!("content-length: {bytes}\r\n")
}
