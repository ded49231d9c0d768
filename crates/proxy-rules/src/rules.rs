//! Which requests go on.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::path::{self, Pattern};
use crate::status::Status;
use crate::verb::{VERBS, verbs};

/// The names that a caller may call the proxy by, unless told otherwise: those
/// of `kubectl proxy` (`--accept-hosts`).
pub const HOSTS: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

/// What of a request is judged.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The method, as sent.
    pub method: &'a str,
    /// Path and query, as sent.
    pub target: &'a str,
    /// `Host`, or what stands for it.
    pub host: Option<&'a str>,
    /// `Origin`: the page that a browser sends the request for.
    pub origin: Option<&'a str>,
    /// `Sec-Fetch-Site`: how that page and this place are related.
    pub fetch_site: Option<&'a str>,
    /// Whether the connection is to become another one (`Upgrade`).
    pub upgrade: bool,
}

/// Which requests go on: those to a known host name, with an allowed verb, on an
/// allowed path.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    hosts: Vec<String>,
    verbs: Option<Vec<&'static str>>,
    paths: Option<Vec<Pattern>>,
}

/// A rule that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleError(String);

impl core::fmt::Display for RuleError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(&self.0)
    }
}

impl core::error::Error for RuleError {}

impl Rules {
    /// Any request under one of [`HOSTS`].
    #[must_use]
    pub fn new() -> Self {
        Self {
            hosts: HOSTS.map(String::from).to_vec(),
            ..Self::default()
        }
    }

    /// Also takes this name in `Host` (without a port).
    ///
    /// # Errors
    /// It is no host name.
    pub fn host(mut self, name: &str) -> Result<Self, RuleError> {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b".-_[]:".contains(&byte);
        if name.is_empty() || !name.bytes().all(fits) || host_name(name) != Some(name) {
            return Err(RuleError(format!(
                "\"{}\" is no host name without a port",
                name.escape_debug()
            )));
        }
        self.hosts.push(name.to_ascii_lowercase());
        Ok(self)
    }

    /// Takes this verb, and no other that is not named as well.
    ///
    /// # Errors
    /// It is none of [`VERBS`].
    pub fn verb(mut self, name: &str) -> Result<Self, RuleError> {
        let known = VERBS
            .into_iter()
            .find(|verb| verb.eq_ignore_ascii_case(name));
        let known = known.ok_or_else(|| {
            RuleError(format!(
                "\"{}\" is no verb; the verbs are {}",
                name.escape_debug(),
                VERBS.join(", ")
            ))
        })?;
        self.verbs.get_or_insert_default().push(known);
        Ok(self)
    }

    /// Takes paths of this pattern, and no others that are not named as well: `*`
    /// stands for one segment, `**` at the end for any rest.
    ///
    /// # Errors
    /// It is no such pattern.
    pub fn path(mut self, pattern: &str) -> Result<Self, RuleError> {
        let read = Pattern::parse(pattern).map_err(|fault| {
            RuleError(format!(
                "\"{}\" is no pattern of a path: {fault}",
                pattern.escape_debug()
            ))
        })?;
        self.paths.get_or_insert_default().push(read);
        Ok(self)
    }

    /// Whether a request goes on.
    ///
    /// # Errors
    /// What the caller is told instead.
    pub fn judge(&self, request: &Request<'_>) -> Result<(), Status> {
        self.judge_place(request)?;
        match request.method {
            "CONNECT" => Err(Status::not_implemented(NO_UPGRADE)),
            // Its answer repeats the request: the token would be in it.
            "TRACE" | "TRACK" => Err(Status::method_not_allowed(
                "TRACE does not pass: its answer would show the access token",
            )),
            _ if request.upgrade => Err(Status::not_implemented(NO_UPGRADE)),
            _ => self.judge_action(request.method, request.target),
        }
    }

    /// Whether this method may be used on this path and query, by the rules for
    /// verbs and paths alone.
    ///
    /// # Errors
    /// What the caller is told instead.
    pub fn judge_action(&self, method: &str, target: &str) -> Result<(), Status> {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        if !path.starts_with('/') {
            return Err(Status::bad_request("the path does not begin with /"));
        }
        if (self.paths.is_some() || self.verbs.is_some()) && !path::is_plain(path) {
            return Err(Status::bad_request(
                "the path has empty or dot segments, escapes or other bytes that servers read in \
                 several ways; with rules for paths or verbs such a path does not pass",
            ));
        }
        if let Some(allowed) = &self.verbs {
            let asked = verbs(method, path, query);
            if asked.is_empty() || !asked.iter().all(|verb| allowed.contains(verb)) {
                let asked = match asked {
                    [] => "this method".into(),
                    asked => asked.join(" or "),
                };
                return Err(Status::forbidden(format!(
                    "the proxy lets {} pass, not {asked}",
                    allowed.join(", ")
                )));
            }
        }
        let mut met = None;
        if let Some(paths) = &self.paths {
            met = paths.iter().find(|pattern| pattern.matches(path));
            if met.is_none() {
                return Err(Status::forbidden(
                    "the proxy does not let requests to this path pass",
                ));
            }
        }
        // They reach something that is not the API server, by any method.
        let beyond = path.split('/').find(|part| BEYOND.contains(part));
        match beyond {
            Some(part)
                if (self.verbs.is_some() || self.paths.is_some())
                    && !met.is_some_and(|pattern| pattern.names(part)) =>
            {
                Err(Status::forbidden(format!(
                    "the proxy does not let /{part} pass: no rule for paths names it"
                )))
            }
            _ => Ok(()),
        }
    }

    /// Whether it comes from where it may. A page of the web can make a browser
    /// ask a name of its own that it has pointed at this address (DNS rebinding),
    /// or ask this address itself; neither goes on.
    fn judge_place(&self, request: &Request<'_>) -> Result<(), Status> {
        let known = |name: &str| {
            self.hosts
                .iter()
                .any(|host| host.eq_ignore_ascii_case(name))
        };
        if !request.host.and_then(host_name).is_some_and(known) {
            return Err(Status::forbidden(format!(
                "the proxy does not answer to this host name; it answers to {}",
                self.hosts.join(", ")
            )));
        }
        if matches!(request.fetch_site, Some("cross-site" | "same-site")) {
            return Err(Status::forbidden("the proxy serves no other site's pages"));
        }
        let origin = |origin: &str| {
            let host = origin
                .strip_prefix("http://")
                .or_else(|| origin.strip_prefix("https://"));
            host.and_then(host_name).is_some_and(known)
        };
        match request.origin {
            Some(page) if !origin(page) => {
                Err(Status::forbidden("the proxy serves no other site's pages"))
            }
            _ => Ok(()),
        }
    }

    /// The names that callers may use in `Host`.
    #[must_use]
    pub fn hosts(&self) -> &[String] {
        &self.hosts
    }

    /// The verbs that pass; `None`: all.
    #[must_use]
    pub fn verbs(&self) -> Option<&[&'static str]> {
        self.verbs.as_deref()
    }

    /// The patterns of the paths that pass, as they are written; `None`: all.
    #[must_use]
    pub fn paths(&self) -> Option<Vec<String>> {
        let paths = self.paths.as_ref()?;
        Some(paths.iter().map(Pattern::text).collect())
    }
}

/// Parts of a path by which the API server connects to pods, services and nodes
/// (Kubernetes API reference, "Proxy Operations" and the pods' subresources). With
/// rules for verbs or paths they pass only where a pattern names them: `get` on
/// pods is not meant as any request to any port of any pod.
const BEYOND: [&str; 4] = ["proxy", "exec", "attach", "portforward"];

/// What is said where a connection would have to become another one.
const NO_UPGRADE: &str = "a connection cannot be taken over here: kubectl exec, attach, cp and \
                          port-forward need WebSocket or SPDY, which wasi:http 0.2 does not have; \
                          use them without this proxy";

/// The host of an authority (RFC 3986, section 3.2), without its port.
fn host_name(authority: &str) -> Option<&str> {
    let host = match authority.rsplit_once(':') {
        // The colons of an IPv6 address stand inside brackets.
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    };
    let is_literal = host.starts_with('[') && host.ends_with(']');
    (!host.is_empty() && (is_literal || !host.contains(':'))).then_some(host)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    fn get(target: &str) -> Request<'_> {
        Request {
            method: "GET",
            target,
            host: Some("localhost:8001"),
            origin: None,
            fetch_site: None,
            upgrade: false,
        }
    }

    fn code(rules: &Rules, request: &Request<'_>) -> u16 {
        match rules.judge(request) {
            Ok(()) => 200,
            Err(status) => status.code,
        }
    }

    #[test]
    fn only_known_host_names_are_answered() {
        let rules = Rules::new().host("proxy.internal").expect("a name");
        for (host, expected) in [
            (Some("localhost"), 200),
            (Some("LOCALHOST:8001"), 200),
            (Some("127.0.0.1:8001"), 200),
            (Some("[::1]:8001"), 200),
            (Some("[::1]"), 200),
            (Some("Proxy.Internal:80"), 200),
            (Some("evil.example"), 403),
            (Some("localhost.evil.example"), 403),
            (Some("evil.example:8001"), 403),
            (Some("127.0.0.2"), 403),
            (Some("user@localhost"), 403),
            (Some("localhost:80:80"), 403),
            (Some(""), 403),
            (Some(":80"), 403),
            (None, 403),
        ] {
            let request = Request { host, ..get("/") };
            assert_eq!(code(&rules, &request), expected, "{host:?}");
        }
    }

    #[test]
    fn pages_of_other_sites_are_not_served() {
        let rules = Rules::new();
        for (origin, fetch_site, expected) in [
            (None, Some("none"), 200),
            (None, Some("same-origin"), 200),
            (Some("http://localhost:8001"), None, 200),
            (Some("http://localhost:3000"), Some("same-site"), 403),
            (Some("https://evil.example"), None, 403),
            (Some("null"), None, 403),
            (None, Some("cross-site"), 403),
        ] {
            let request = Request {
                origin,
                fetch_site,
                ..get("/")
            };
            assert_eq!(
                code(&rules, &request),
                expected,
                "{origin:?} {fetch_site:?}"
            );
        }
    }

    #[test]
    fn what_cannot_pass_is_told_so() {
        let rules = Rules::new();
        for (method, target, upgrade, expected) in [
            ("CONNECT", "host:443", false, 501),
            ("GET", "/api/v1/namespaces/a/pods/b/exec", true, 501),
            ("TRACE", "/", false, 405),
            ("OPTIONS", "*", false, 400),
            ("GET", "http://other.example/", false, 400),
            ("GET", "/a//b/../%2e", false, 200),
            ("PROPFIND", "/", false, 200),
        ] {
            let request = Request {
                method,
                upgrade,
                ..get(target)
            };
            assert_eq!(code(&rules, &request), expected, "{method} {target}");
        }
    }

    #[test]
    fn verbs_and_paths_are_held_to_their_lists() {
        let rules = Rules::new()
            .verb("get")
            .and_then(|rules| rules.verb("LIST"))
            .and_then(|rules| rules.path("/api/v1/namespaces/*/pods/**"))
            .and_then(|rules| rules.path("/version"))
            .expect("rules");
        for (method, target, expected) in [
            ("GET", "/version", 200),
            ("GET", "/api/v1/namespaces/a/pods", 200),
            ("GET", "/api/v1/namespaces/a/pods/b/log?follow=true", 200),
            ("GET", "/api/v1/namespaces/a/pods?watch=true", 403),
            ("GET", "/api/v1/namespaces/a/pods/b/proxy/admin", 403),
            ("GET", "/api/v1/namespaces/a/pods/https:b:8443/proxy/x", 403),
            ("GET", "/api/v1/namespaces/a/pods/b/exec?command=id", 403),
            ("GET", "/api/v1/namespaces/a/secrets", 403),
            ("GET", "/api/v1/namespaces/a/pods/../secrets", 400),
            ("GET", "/api/v1/namespaces/a/pods/%2e%2e/secrets", 400),
            ("GET", "/api/v1/namespaces//pods", 400),
            ("DELETE", "/api/v1/namespaces/a/pods/b", 403),
            ("BREW", "/version", 403),
        ] {
            let request = Request {
                method,
                ..get(target)
            };
            assert_eq!(code(&rules, &request), expected, "{method} {target}");
        }
    }

    #[test]
    fn rules_that_say_nothing_are_refused() {
        assert!(Rules::new().host("a:80").is_err() && Rules::new().host("").is_err());
        assert!(Rules::new().host("a b").is_err() && Rules::new().host("[::1]").is_ok());
        let error = Rules::new().verb("fetch").expect_err("no verb");
        assert!(error.to_string().contains("deletecollection"), "{error}");
        assert!(Rules::new().path("api").is_err());
    }
}
