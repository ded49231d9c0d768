//! What a caller is told instead of an answer: a `Status` object, as
//! kube-apiserver sends (Kubernetes API reference, `meta/v1` Status), so that
//! kubectl and the client libraries show its message.

use alloc::format;
use alloc::string::String;

/// The media type of [`Status::json`].
pub const CONTENT_TYPE: &str = "application/json";

/// A `Status` of the kind `Failure`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// HTTP status.
    pub code: u16,
    /// `reason`, one of `meta/v1`'s where there is one.
    pub reason: &'static str,
    /// What happened, for a person. Never a secret.
    pub message: String,
    /// Seconds after which it may be tried again: `Retry-After`, and
    /// `retryAfterSeconds` in the details.
    pub retry_after: Option<u64>,
}

impl Status {
    /// 400: the request cannot be understood in one way only.
    #[must_use]
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "BadRequest", message)
    }

    /// 403: a rule of the proxy does not let it through.
    #[must_use]
    pub fn forbidden(message: impl Into<String>) -> Self {
        Self::new(403, "Forbidden", message)
    }

    /// 405: no request with this method goes through.
    #[must_use]
    pub fn method_not_allowed(message: impl Into<String>) -> Self {
        Self::new(405, "MethodNotAllowed", message)
    }

    /// 408: the caller does not send its body.
    #[must_use]
    pub fn request_timeout(message: impl Into<String>) -> Self {
        Self::new(408, "Timeout", message)
    }

    /// 500: a fault of the proxy's own.
    #[must_use]
    pub fn internal_error(message: impl Into<String>) -> Self {
        Self::new(500, "InternalError", message)
    }

    /// 501: what was asked for cannot pass the proxy.
    #[must_use]
    pub fn not_implemented(message: impl Into<String>) -> Self {
        Self::new(501, "NotImplemented", message)
    }

    /// 502: the upstream could not be asked, or its answer is none.
    #[must_use]
    pub fn bad_gateway(message: impl Into<String>) -> Self {
        Self::new(502, "BadGateway", message)
    }

    /// 503: there is no token, or too much to do. `retry_after` in seconds.
    #[must_use]
    pub fn unavailable(message: impl Into<String>, retry_after: u64) -> Self {
        Self {
            retry_after: Some(retry_after),
            ..Self::new(503, "ServiceUnavailable", message)
        }
    }

    /// 504: the upstream did not answer in time.
    #[must_use]
    pub fn timeout(message: impl Into<String>) -> Self {
        Self::new(504, "Timeout", message)
    }

    fn new(code: u16, reason: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            reason,
            message: message.into(),
            retry_after: None,
        }
    }

    /// The object as JSON.
    #[must_use]
    pub fn json(&self) -> String {
        let mut json = String::from(
            r#"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"#,
        );
        quote(&self.message, &mut json);
        json.push_str(r#","reason":"#);
        quote(self.reason, &mut json);
        if let Some(seconds) = self.retry_after {
            json.push_str(&format!(r#","details":{{"retryAfterSeconds":{seconds}}}"#));
        }
        json.push_str(&format!(r#","code":{}}}"#, self.code));
        json.push('\n');
        json
    }
}

/// Appends a string of JSON (RFC 8259, section 7).
fn quote(text: &str, json: &mut String) {
    json.push('"');
    for character in text.chars() {
        match character {
            '"' => json.push_str("\\\""),
            '\\' => json.push_str("\\\\"),
            '\n' => json.push_str("\\n"),
            control if control < ' ' => {
                json.push_str(&format!("\\u{:04x}", u32::from(control)));
            }
            other => json.push(other),
        }
    }
    json.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn it_is_what_kube_apiserver_sends() {
        let status = Status::unavailable("no access token yet", 3);
        assert_eq!(
            status.json(),
            concat!(
                r#"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","#,
                r#""message":"no access token yet","reason":"ServiceUnavailable","#,
                r#""details":{"retryAfterSeconds":3},"code":503}"#,
                "\n"
            )
        );
    }

    proptest! {
        #[test]
        fn any_message_is_read_back(message in any::<String>()) {
            let json = Status::bad_gateway(message.clone()).json();
            let read: serde_json::Value = serde_json::from_str(&json).expect("JSON");
            prop_assert_eq!(&read["message"], &serde_json::Value::from(message));
            prop_assert_eq!(&read["code"], 502);
        }
    }
}
