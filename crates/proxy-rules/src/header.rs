//! Which headers go on from one side to the other.

/// The headers by which a caller could be somebody else than the token says:
/// its own credentials, what the API server takes for impersonation
/// (kubernetes.io, "User impersonation") and what an aggregated API server takes
/// from its front proxy ("Authenticating Proxy", `X-Remote-*`).
pub const IDENTITY: [&str; 2] = ["authorization", "proxy-authorization"];
/// How the names of others of them begin.
pub const IDENTITY_PREFIXES: [&str; 2] = ["impersonate-", "x-remote-"];

/// Headers of one connection (RFC 9110, section 7.6.1; `Keep-Alive` and
/// `Proxy-Connection` by custom).
const HOP_BY_HOP: [&str; 8] = [
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "transfer-encoding",
    "upgrade",
];

/// Whether a header of a caller's request names who is asking. Such a header
/// never goes on. Underscores count as hyphens: some servers take one for the
/// other.
#[must_use]
pub fn is_identity(name: &str) -> bool {
    IDENTITY.iter().any(|one| is_same(name, one))
        || IDENTITY_PREFIXES.iter().any(|prefix| {
            let head = name.as_bytes().get(..prefix.len());
            head.is_some_and(|head| is_same_bytes(head, prefix.as_bytes()))
        })
}

/// Whether a header belongs to one connection alone, and so never goes on in
/// either direction. What `Connection` names beside these is told by
/// [`nominated`].
#[must_use]
pub fn is_hop_by_hop(name: &str) -> bool {
    HOP_BY_HOP.iter().any(|one| name.eq_ignore_ascii_case(one))
}

/// The names in the value of a `Connection` header (RFC 9110, section 7.6.1):
/// these headers do not go on.
pub fn nominated(connection: &str) -> impl Iterator<Item = &str> {
    connection
        .split(',')
        .map(|name| name.trim_matches([' ', '\t']))
        .filter(|name| !name.is_empty())
}

/// Whether an `Upgrade` header asks for something that changes what the answer
/// means, as `kubectl exec` and `port-forward` do. An offer of HTTP/2 without
/// TLS is none: it may be passed over (RFC 9110, section 7.8).
#[must_use]
pub fn is_upgrade(upgrade: &str) -> bool {
    nominated(upgrade).any(|protocol| !protocol.eq_ignore_ascii_case("h2c"))
}

fn is_same(name: &str, known: &str) -> bool {
    is_same_bytes(name.as_bytes(), known.as_bytes())
}

fn is_same_bytes(name: &[u8], known: &[u8]) -> bool {
    name.len() == known.len()
        && name.iter().zip(known).all(|(byte, known)| {
            let byte = if *byte == b'_' { b'-' } else { *byte };
            byte.eq_ignore_ascii_case(known)
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    #[test]
    fn headers_that_name_who_asks_are_known_in_any_spelling() {
        for name in [
            "authorization",
            "AUTHORIZATION",
            "Proxy-Authorization",
            "Impersonate-User",
            "impersonate-extra-scopes",
            "Impersonate_Group",
            "X-Remote-User",
            "x_remote_group",
            "X-Remote-Extra-acme.com%2Fproject",
        ] {
            assert!(is_identity(name), "{name}");
        }
        for name in [
            "accept",
            "authorization2",
            "x-authorization",
            "impersonate",
            "x-remote",
            "x-real-ip",
            "",
        ] {
            assert!(!is_identity(name), "{name}");
        }
    }

    #[test]
    fn headers_of_one_connection_are_known() {
        assert!(is_hop_by_hop("Connection") && is_hop_by_hop("transfer-encoding"));
        assert!(!is_hop_by_hop("trailer") && !is_hop_by_hop("content-length"));
        let names: Vec<_> = nominated(" close,\tX-One ,, x-two").collect();
        assert_eq!(names, ["close", "X-One", "x-two"]);
    }

    #[test]
    fn an_offer_of_http_2_is_no_upgrade() {
        assert!(is_upgrade("websocket") && is_upgrade("SPDY/3.1") && is_upgrade("h2c, websocket"));
        assert!(!is_upgrade("h2c") && !is_upgrade(" H2C ") && !is_upgrade(""));
    }
}
