//! The heads of requests and answers: which headers go on.

use alloc::string::String;
use alloc::vec::Vec;

use keyhole_proxy_rules::header::{is_hop_by_hop, is_identity, is_upgrade, nominated};
use keyhole_proxy_rules::rules::Request;
use keyhole_proxy_rules::settings::Settings;
use keyhole_proxy_rules::status::Status;

use crate::bindings::wasi::http::types::{Fields, IncomingRequest, Method};

/// Headers as WASI has them.
pub(crate) type Headers = Vec<(String, Vec<u8>)>;

/// A caller's request, without its body.
pub(crate) struct Head {
    pub(crate) method: Method,
    pub(crate) target: String,
    /// What goes on, without the token.
    pub(crate) headers: Headers,
    pub(crate) content_length: Option<u64>,
}

impl Head {
    /// Reads it, or says why it does not go on.
    pub(crate) fn read(
        request: &IncomingRequest,
        method: Method,
        settings: &Settings,
    ) -> Result<Self, Status> {
        let target = request.path_with_query().unwrap_or_else(|| "/".into());
        let all = request.headers().entries();
        let host = request.authority();
        settings.rules.judge(&Request {
            method: name(&method),
            target: &target,
            host: host.as_deref(),
            origin: find(&all, "origin"),
            fetch_site: find(&all, "sec-fetch-site"),
            upgrade: find(&all, "upgrade").is_some_and(is_upgrade) || starts_upgrade(&all),
        })?;
        let content_length = find(&all, "content-length").and_then(|text| text.parse().ok());
        let trailers = values(&all, "te")
            .any(|te| nominated(te).any(|coding| coding.eq_ignore_ascii_case("trailers")));
        let mut headers = passing(all);
        headers.retain(|(name, _)| !is_identity(name));
        // For this hop anew: without it a server leaves its trailers out.
        if trailers {
            headers.push(("te".into(), "trailers".into()));
        }
        Ok(Self {
            method,
            target,
            headers,
            content_length,
        })
    }
}

/// Headers without those of one connection. `Host` and what WASI's hosts forbid
/// belong to these.
pub(crate) fn passing(mut all: Headers) -> Headers {
    let named: Vec<String> = values(&all, "connection")
        .flat_map(nominated)
        .map(str::to_ascii_lowercase)
        .collect();
    all.retain(|(name, _)| {
        let is_named = || named.iter().any(|named| name.eq_ignore_ascii_case(named));
        let is_ours = ["host", "http2-settings"]
            .iter()
            .any(|one| name.eq_ignore_ascii_case(one));
        !(is_hop_by_hop(name) || is_ours || is_named())
    });
    all
}

/// Trailers that may go on: like headers, but the end of a message names nobody.
pub(crate) fn trailers(trailers: &Fields) -> Option<Fields> {
    let mut kept = passing(trailers.entries());
    kept.retain(|(name, _)| !is_identity(name));
    Fields::from_list(&kept).ok().filter(|_| !kept.is_empty())
}

/// Servers hide `Upgrade` from components. What goes with it they do not hide: a
/// WebSocket's key (RFC 6455, section 4.1) and SPDY's version in Kubernetes.
fn starts_upgrade(all: &Headers) -> bool {
    find(all, "sec-websocket-key").is_some() || find(all, "x-stream-protocol-version").is_some()
}

fn find<'a>(all: &'a Headers, wanted: &'a str) -> Option<&'a str> {
    values(all, wanted).next()
}

fn values<'a>(all: &'a Headers, wanted: &'a str) -> impl Iterator<Item = &'a str> {
    all.iter()
        .filter(move |(name, _)| name.eq_ignore_ascii_case(wanted))
        // What is no text is none of the values that are looked for.
        .map(|(_, value)| core::str::from_utf8(value).unwrap_or("\u{fffd}"))
}

/// The method as text.
pub(crate) fn name(method: &Method) -> &str {
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
        Method::Other(name) => name,
    }
}
