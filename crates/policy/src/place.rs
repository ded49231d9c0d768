//! `host[:port]`, as Go's `net/url` takes it apart: how proxies and token
//! proxies are written.

use alloc::string::String;
use core::net::Ipv6Addr;

/// The host in lower case, an IPv6 address without its brackets, and what stands
/// behind its colon, which may be nothing. None if the host is neither a name
/// nor an address.
pub(crate) fn host_and_port(place: &str) -> Option<(String, &str)> {
    let (host, port) = match place.strip_prefix('[') {
        Some(rest) => {
            let (host, after) = rest.split_once(']')?;
            host.parse::<Ipv6Addr>().ok()?;
            match after.strip_prefix(':') {
                None if after.is_empty() => (host, ""),
                port => (host, port?),
            }
        }
        None => {
            let (host, port) = place.split_once(':').unwrap_or((place, ""));
            let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
            if host.is_empty() || host.len() > 253 || !host.bytes().all(is_name) {
                return None;
            }
            (host, port)
        }
    };
    Some((host.to_ascii_lowercase(), port))
}

/// A number from 1 to 65535 in digits alone.
pub(crate) fn port_number(text: &str) -> Option<u16> {
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok().filter(|port| *port != 0)
}
