//! The federated token of a GitHub Actions job: one GET to the URL that the
//! job is given, outside the sandbox.
//!
//! The component never learns of it: what comes back is handed over as its one
//! file, from memory. Sources: GitHub Docs, "OpenID Connect reference" (the two
//! variables, `audience`, the header and `value`); GitHub's own client is
//! `@actions/core`, `getIDToken`.

use crate::audit::{AuditEvent, Capability};
use crate::call::Call;
use crate::network::{Network, NetworkFault, Outgoing};
use http::uri::PathAndQuery;
use keyhole_exchange::assertion;
use keyhole_exchange::cloud::{AuthorityHost, Scheme};
use serde::Deserialize;
use std::fmt;
use std::time::Duration;
use zeroize::Zeroizing;

/// The variable with the URL to ask. The job has it only with the permission
/// `id-token: write`.
pub const REQUEST_URL: &str = "ACTIONS_ID_TOKEN_REQUEST_URL";

/// The variable with the secret that proves the job to that URL.
pub const REQUEST_TOKEN: &str = "ACTIONS_ID_TOKEN_REQUEST_TOKEN";

/// How often a call asks at most.
pub const MAX_REQUESTS: u32 = 3;

/// The pauses between. GitHub's own client tries again as well.
const PAUSES: [Duration; MAX_REQUESTS as usize - 1] =
    [Duration::from_millis(250), Duration::from_secs(1)];

/// The body of an answer in bytes: GitHub's are 2 KiB.
const MAX_ANSWER: usize = 64 * 1024;

/// The URL and the request token are no longer than this.
const COMPRESSED: &str = "it is compressed, which was not asked for";

/// A variable in bytes.
const MAX_INPUT: usize = 16 * 1024;

/// The grant of one GET to one URL, for the federated token.
#[derive(Clone, PartialEq, Eq)]
pub struct GitHubActions {
    host: AuthorityHost,
    path: String,
    query: String,
    audience: String,
    authorization: Zeroizing<String>,
}

/// Why the URL, the request token or the audience cannot be used. None of
/// their values is kept.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GitHubActionsFault {
    /// The URL is none that is asked.
    #[error("{REQUEST_URL} is not a URL that is asked for a token: {0}")]
    Url(String),
    /// The request token cannot be a header.
    #[error("{REQUEST_TOKEN} is not a token: it is empty, too long or holds what no header can")]
    RequestToken,
    /// The audience is empty or too long.
    #[error("the audience is empty or too long")]
    Audience,
}

/// Why GitHub Actions gave no federated token.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FederatedTokenFault {
    /// It could not be asked.
    #[error("could not be asked: {0}")]
    Network(NetworkFault),
    /// It has no answer now: 408, 429 or 5xx.
    #[error("has no answer now (HTTP {status})")]
    Unavailable {
        /// The status.
        status: u16,
    },
    /// It refused: 401, 403 or another 4xx.
    #[error("refused (HTTP {status})")]
    Refused {
        /// The status.
        status: u16,
    },
    /// The answer cannot be used.
    #[error("gave an answer that cannot be used: {reason}")]
    BadResponse {
        /// Why, with the status if there was one.
        reason: String,
    },
}

impl FederatedTokenFault {
    /// Whether another try can end otherwise.
    fn is_transient(&self) -> bool {
        match self {
            FederatedTokenFault::Unavailable { .. } => true,
            FederatedTokenFault::Network(fault) => matches!(
                fault,
                NetworkFault::Resolve { .. }
                    | NetworkFault::Connect { .. }
                    | NetworkFault::ConnectTimeout { .. }
                    | NetworkFault::Http(_)
            ),
            _ => false,
        }
    }

    /// What to do next.
    #[must_use]
    pub fn next_step(&self) -> &'static str {
        match self {
            FederatedTokenFault::Refused { .. } => {
                "give the job `permissions: {id-token: write}`; the request token ends with the \
                 job, so run this in the very job that has it"
            }
            FederatedTokenFault::Network(NetworkFault::Certificate { .. }) => {
                "check the certificates that are trusted: GitHub's is proved by the same roots as \
                 the authority's"
            }
            FederatedTokenFault::Network(NetworkFault::Address { .. }) => {
                "check ACTIONS_ID_TOKEN_REQUEST_URL, DNS and /etc/hosts: the URL leads to an address \
                 that GitHub does not have"
            }
            FederatedTokenFault::Network(_) => {
                "check that the runner reaches this host, then run the job again"
            }
            FederatedTokenFault::Unavailable { .. } => {
                "run the job again later; https://www.githubstatus.com tells of outages"
            }
            FederatedTokenFault::BadResponse { .. } => {
                "check ACTIONS_ID_TOKEN_REQUEST_URL and what stands between the runner and GitHub"
            }
        }
    }
}

/// What is read of an answer. A key that occurs twice is an error.
#[derive(Deserialize)]
struct Answered {
    value: String,
}

impl GitHubActions {
    /// Grants one GET to this URL, as [`REQUEST_URL`] has it, with this request
    /// token, for a federated token with this audience.
    ///
    /// # Errors
    /// The URL is not `https://`, or `http://` to this machine, or has a user or
    /// a fragment; or one of the three is empty, too long or cannot be sent.
    pub fn new(
        url: &str,
        request_token: impl Into<Zeroizing<String>>,
        audience: &str,
    ) -> Result<Self, GitHubActionsFault> {
        let request_token = request_token.into();
        let wrong = |why: &str| GitHubActionsFault::Url(why.to_owned());
        if url.len() > MAX_INPUT {
            return Err(wrong("it is too long"));
        }
        if !url.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(wrong("it is empty or holds what no URL can"));
        }
        if url.contains('#') {
            return Err(wrong("it has a fragment"));
        }
        let Some((scheme, rest)) = url.split_once("://") else {
            return Err(wrong("it has no scheme"));
        };
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (host, rest) = rest.split_at(end);
        let host = AuthorityHost::parse(&format!("{scheme}://{host}"))
            .map_err(|fault| GitHubActionsFault::Url(fault.to_string()))?;
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let is_token = |byte: u8| byte.is_ascii_graphic();
        if request_token.is_empty()
            || request_token.len() > MAX_INPUT
            || !request_token.bytes().all(is_token)
        {
            return Err(GitHubActionsFault::RequestToken);
        }
        if audience.is_empty() || audience.len() > MAX_INPUT {
            return Err(GitHubActionsFault::Audience);
        }
        let separator = if query.is_empty() { "" } else { "&" };
        let path = if path.is_empty() { "/" } else { path };
        let query = format!("{query}{separator}audience={}", percent_encoded(audience));
        if PathAndQuery::try_from(format!("{path}?{query}")).is_err() {
            return Err(wrong("it holds what no URL can"));
        }
        Ok(GitHubActions {
            host,
            path: path.to_owned(),
            query,
            audience: audience.to_owned(),
            authorization: Zeroizing::new(format!("bearer {}", request_token.as_str())),
        })
    }

    /// The URL without its query, which is what is shown of it.
    #[must_use]
    pub fn shown_url(&self) -> String {
        format!(
            "{}://{}{}",
            self.host.scheme().as_str(),
            self.host.authority(),
            self.path
        )
    }

    /// The audience that is asked for.
    #[must_use]
    pub fn audience(&self) -> &str {
        &self.audience
    }

    /// Whether it is asked without TLS.
    pub(crate) fn is_plain(&self) -> bool {
        self.host.scheme() == Scheme::Http
    }

    /// Asks, and again where that can help. The caller bounds the time.
    pub(crate) async fn federated_token(
        &self,
        call: &Call,
        network: &Network,
    ) -> Result<Zeroizing<Vec<u8>>, FederatedTokenFault> {
        let mut pauses = PAUSES.into_iter();
        loop {
            match self.ask(call, network).await {
                Err(fault) if fault.is_transient() => match pauses.next() {
                    Some(pause) => tokio::time::sleep(pause).await,
                    None => return Err(fault),
                },
                answer => return answer,
            }
        }
    }

    async fn ask(
        &self,
        call: &Call,
        network: &Network,
    ) -> Result<Zeroizing<Vec<u8>>, FederatedTokenFault> {
        let event = AuditEvent::allowed(Capability::Request, format!("GET {}", self.shown_url()));
        let events = (event.clone().detail("for the federated token"), event);
        let outgoing = Outgoing::get(
            !self.is_plain(),
            &self.host.authority(),
            &format!("{}?{}", self.path, self.query),
            self.authorization.clone(),
            MAX_ANSWER,
        );
        // A fault may quote the answer's head, and that the request's.
        let say = |fault: &NetworkFault| match fault {
            // It may be a piece of the request that came back.
            NetworkFault::Encoding(_) => COMPRESSED.to_owned(),
            fault => fault
                .to_string()
                .replace(self.request_token(), "[redacted]"),
        };
        match network.send_logged(call, events, outgoing, say).await {
            Ok(answer) => judge(answer.status.as_u16(), &answer.body),
            Err((fault, text)) => {
                call.transport_failed(text);
                Err(unusable_http(fault))
            }
        }
    }

    fn request_token(&self) -> &str {
        self.authorization.trim_start_matches("bearer ")
    }
}

/// What came but is no usable HTTP is an unusable answer.
fn unusable_http(fault: NetworkFault) -> FederatedTokenFault {
    let is_bad = match &fault {
        NetworkFault::Http(error) => error.is_parse(),
        NetworkFault::HeadSize { .. } | NetworkFault::BodySize { .. } => true,
        NetworkFault::Encoding(_) => true,
        _ => false,
    };
    if !is_bad {
        return FederatedTokenFault::Network(fault);
    }
    FederatedTokenFault::BadResponse {
        reason: match fault {
            // hyper quotes nothing, the others only what is known here.
            NetworkFault::Encoding(_) => COMPRESSED.into(),
            fault => fault.to_string(),
        },
    }
}

/// The token in an answer. Nothing of the body is ever repeated.
fn judge(status: u16, body: &[u8]) -> Result<Zeroizing<Vec<u8>>, FederatedTokenFault> {
    let bad = |reason: &str| FederatedTokenFault::BadResponse {
        reason: format!("{reason} (HTTP {status})"),
    };
    match status {
        200 => {}
        300..=399 => return Err(bad("it is a redirect, and none is followed")),
        408 | 429 | 500..=599 => return Err(FederatedTokenFault::Unavailable { status }),
        400..=499 => return Err(FederatedTokenFault::Refused { status }),
        _ => return Err(bad("a token is not answered with this status")),
    }
    if body.is_empty() {
        return Err(bad("it is empty"));
    }
    let answered: Answered = serde_json::from_slice(body).map_err(|error| {
        bad(match error.classify() {
            serde_json::error::Category::Data => "it has no \"value\" that is one string",
            _ => "it is not JSON",
        })
    })?;
    let token = Zeroizing::new(answered.value.into_bytes());
    if !assertion::is_compact_jws(&token) {
        return Err(bad("its \"value\" is not a JWT"));
    }
    Ok(token)
}

/// A value of a query, as `encodeURIComponent` writes it but for its marks.
fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(byte.into());
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

impl fmt::Display for GitHubActions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "GET {} for a federated token with the audience {}, at most {MAX_REQUESTS} times",
            self.shown_url(),
            self.audience
        )
    }
}

impl fmt::Debug for GitHubActions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GitHubActions")
            .field("url", &self.shown_url())
            .field("audience", &self.audience)
            .field("request_token", &"[redacted]")
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "https://run.actions.example/1//idtoken/2?api-version=2.0";

    fn grant(url: &str, token: &str, audience: &str) -> Result<GitHubActions, GitHubActionsFault> {
        GitHubActions::new(url, token.to_owned(), audience)
    }

    #[test]
    fn the_audience_joins_the_query_that_is_there() {
        for (url, path, query) in [
            (
                URL,
                "/1//idtoken/2",
                "api-version=2.0&audience=api%3A%2F%2FX",
            ),
            ("https://a.example/t", "/t", "audience=api%3A%2F%2FX"),
            ("https://a.example", "/", "audience=api%3A%2F%2FX"),
            ("https://a.example?q", "/", "q&audience=api%3A%2F%2FX"),
        ] {
            let grant = grant(url, "secret", "api://X").expect("a grant");
            assert_eq!((&*grant.path, &*grant.query), (path, query), "{url}");
        }
    }

    #[test]
    fn only_such_a_url_is_asked() {
        for url in [
            "",
            "run.actions.example/t",
            "ftp://a.example/t",
            "http://a.example/t",
            "https://user@a.example/t",
            "https://a.example/t#f",
            "https://a.example/a b",
            "https://a.example/a<b",
            "https://a.example/?a=\"b\"",
            "https://a.example/a`b",
            "https://a.example/t\r\nx: y",
            "https:///t",
        ] {
            let refused = grant(url, "secret", "x");
            assert!(
                matches!(refused, Err(GitHubActionsFault::Url(_))),
                "{url}: {refused:?}"
            );
        }
        for token in ["", "a b", "a\nb", "caf\u{e9}"] {
            assert_eq!(
                grant(URL, token, "x"),
                Err(GitHubActionsFault::RequestToken)
            );
        }
        assert_eq!(grant(URL, "secret", ""), Err(GitHubActionsFault::Audience));
    }

    #[test]
    fn nothing_shows_the_request_token_or_the_query() {
        let grant = grant(URL, "hunter2", "x").expect("a grant");
        let shown = format!("{grant} {grant:?}");
        assert!(
            !shown.contains("hunter2") && !shown.contains("api-version"),
            "{shown}"
        );
    }

    #[test]
    fn an_answer_is_read_strictly() {
        let read = |body: &str| judge(200, body.as_bytes()).map(|token| token.to_vec());
        let token = "aGVhZGVy.cGF5bG9hZA.c2lnbmF0dXJl";
        let body = format!("{{\"count\":1,\"value\":\"{token}\"}}");
        assert_eq!(read(&body).expect("the token"), token.as_bytes());
        for (body, reason) in [
            ("", "empty"),
            ("<html>", "not JSON"),
            ("{", "not JSON"),
            ("{}", "\"value\""),
            ("[]", "\"value\""),
            ("{\"value\":7}", "\"value\""),
            ("{\"value\":\"a.b.c\",\"value\":\"a.b.c\"}", "\"value\""),
            ("{\"value\":\"no token\"}", "not a JWT"),
        ] {
            let fault = read(body).expect_err(body).to_string();
            assert!(fault.contains(reason), "{body}: {fault}");
        }
    }
}
