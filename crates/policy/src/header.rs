//! The headers a guest may set, by allow-list.

use crate::Rule;

/// A user agent is one line of at most this many bytes.
pub const MAX_USER_AGENT: usize = 256;

/// The content type of a token request.
pub const CONTENT_TYPE: &str = "application/x-www-form-urlencoded";

/// The answer's headers that a guest sees: what it needs to read the body and
/// to know when to try again. `date` lets it name a wrong clock.
pub const VISIBLE: [&str; 3] = ["content-type", "date", "retry-after"];

/// Whether a guest may send exactly these headers. Names are in lower case.
///
/// # Errors
/// [`Rule::RequestHeaderName`] for a name that is not on the list or stands
/// twice, [`Rule::RequestHeaderValue`] for a listed name with another value.
pub fn judge<'a>(headers: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Result<(), Rule> {
    let mut seen = [false; 3];
    for (name, value) in headers {
        let (slot, allowed) = match name {
            "content-type" => (0, value == CONTENT_TYPE.as_bytes()),
            "accept" => (1, value == b"application/json"),
            "user-agent" => (2, is_user_agent(value)),
            _ => return Err(Rule::RequestHeaderName),
        };
        if core::mem::replace(&mut seen[slot], true) {
            return Err(Rule::RequestHeaderName);
        }
        if !allowed {
            return Err(Rule::RequestHeaderValue);
        }
    }
    Ok(())
}

/// One line of printable ASCII (RFC 9110, section 10.1.5, without `obs-text`).
fn is_user_agent(value: &[u8]) -> bool {
    !value.is_empty()
        && value.len() <= MAX_USER_AGENT
        && value.iter().all(|byte| matches!(byte, b' '..=b'~'))
}

/// Whether a guest gets to see this header of the answer. `name` is in lower
/// case.
#[must_use]
pub fn is_visible(name: &str) -> bool {
    VISIBLE.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    #[test]
    fn the_three_headers_of_a_token_request_pass() {
        let headers: [(&str, &[u8]); 3] = [
            ("content-type", b"application/x-www-form-urlencoded"),
            ("accept", b"application/json"),
            ("user-agent", b"keyhole/0.1.0 (test)"),
        ];
        assert_eq!(judge(headers), Ok(()));
        assert_eq!(judge([]), Ok(()));
    }

    #[test]
    fn smuggling_and_hop_by_hop_headers_are_refused() {
        for name in [
            "host",
            "content-length",
            "transfer-encoding",
            "connection",
            "upgrade",
            "te",
            "trailer",
            "expect",
            "proxy-authorization",
            "authorization",
            "cookie",
            "x-forwarded-host",
            "forwarded",
            "accept-encoding",
            "client-request-id",
            "x-anything",
            "",
        ] {
            assert_eq!(
                judge([(name, b"x".as_slice())]),
                Err(Rule::RequestHeaderName),
                "{name}"
            );
        }
    }

    #[test]
    fn a_listed_header_with_another_value_is_refused() {
        let long = vec![b'a'; MAX_USER_AGENT + 1];
        let cases: [(&str, &[u8]); 7] = [
            ("content-type", b"application/json"),
            (
                "content-type",
                b"application/x-www-form-urlencoded; charset=utf-7",
            ),
            ("accept", b"*/*"),
            ("user-agent", b""),
            ("user-agent", b"a\r\nhost: evil.example"),
            ("user-agent", b"caf\xc3\xa9"),
            ("user-agent", &long),
        ];
        for (name, value) in cases {
            assert_eq!(
                judge([(name, value)]),
                Err(Rule::RequestHeaderValue),
                "{name}: {value:?}"
            );
        }
    }

    #[test]
    fn a_header_that_stands_twice_is_refused() {
        let accept: (&str, &[u8]) = ("accept", b"application/json");
        assert_eq!(judge([accept, accept]), Err(Rule::RequestHeaderName));
    }

    #[test]
    fn cookies_and_ids_of_the_answer_stay_outside() {
        for name in [
            "set-cookie",
            "x-ms-request-id",
            "location",
            "www-authenticate",
        ] {
            assert!(!is_visible(name), "{name}");
        }
        assert!(is_visible("retry-after"));
    }
}
