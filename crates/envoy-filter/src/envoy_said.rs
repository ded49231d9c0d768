//! Answers that are Envoy's own and not the authority's, told apart by the texts
//! of Envoy 1.40. Nothing of them is repeated but words of ours.

use keyhole_exchange::exchange::{TransportFault, TransportFaultKind};
use keyhole_exchange::reply::HttpReply;

/// Longest body that is read, in bytes; `http.async_response_buffer_limit` of
/// the generated configuration says the same to Envoy.
pub const BODY_BYTES: usize = 64 * 1024;
/// Longest access token, in bytes: few servers take a header of more.
pub const TOKEN_BYTES: usize = 16 * 1024;

/// The fault that an answer of Envoy's own stands for.
#[must_use]
pub fn fault(reply: &HttpReply) -> Option<TransportFault> {
    use TransportFaultKind as Kind;
    let body = core::str::from_utf8(&reply.body).ok()?;
    let (kind, detail) = match reply.status {
        404 if body.is_empty() => (
            Kind::Denied,
            "the egress listener has no route for this tenant's token endpoint: route and plugin \
             are configured for different ones",
        ),
        429 if body == "local_rate_limited" => (
            Kind::Other,
            "the egress listener's own rate limit is used up",
        ),
        503 | 504 => match body {
            "no healthy upstream" => (
                Kind::Connect,
                "Envoy knows no healthy address of the authority; it may not have resolved its \
                 name yet",
            ),
            "upstream request timeout" => (Kind::Timeout, "Envoy's route timed out"),
            _ if !body.starts_with("upstream connect error") => return None,
            _ if body.contains("CERTIFICATE_VERIFY_FAILED") => (
                Kind::Tls,
                "the certificate is not one of the CA and the name that Envoy was given",
            ),
            _ if body.contains("TLS_error") => (Kind::Tls, ""),
            _ if body.contains("connection timeout") => (Kind::Timeout, "no connection in time"),
            _ if body.contains("connection termination") || body.contains("connection reset") => {
                (Kind::Interrupted, "")
            }
            _ => (Kind::Connect, ""),
        },
        _ => return None,
    };
    Some(TransportFault::new(kind, detail))
}

#[cfg(test)]
mod tests {
    use super::*;
    use zeroize::Zeroizing;

    fn kind(status: u16, body: &str) -> Option<TransportFaultKind> {
        fault(&HttpReply {
            status,
            body: Zeroizing::new(body.into()),
            ..HttpReply::default()
        })
        .map(|fault| fault.kind)
    }

    #[test]
    fn envoy_s_own_answers_are_told_from_the_authority_s() {
        use TransportFaultKind as Kind;
        let reset = "upstream connect error or disconnect/reset before headers. reset reason: ";
        for (status, body, expected) in [
            (404, "", Some(Kind::Denied)),
            (429, "local_rate_limited", Some(Kind::Other)),
            (429, "{}", None),
            (503, "no healthy upstream", Some(Kind::Connect)),
            (503, "<html>", None),
            (504, "upstream request timeout", Some(Kind::Timeout)),
            (200, "no healthy upstream", None),
            (400, "{\"error\":\"x\"}", None),
        ] {
            assert_eq!(kind(status, body), expected, "{status} {body}");
        }
        for (reason, expected) in [
            ("connection termination", Kind::Interrupted),
            (
                "TLS_error:|CERTIFICATE_VERIFY_FAILED:TLS_error_end",
                Kind::Tls,
            ),
            ("remote connection failure", Kind::Connect),
        ] {
            assert_eq!(kind(503, &(reset.to_owned() + reason)), Some(expected));
        }
    }
}
