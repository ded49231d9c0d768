//! Asking a cluster's API server whom it takes the token for.
//!
//! This is the host's own request, made outside the component and with a grant
//! of its own: one POST to one URL, with the access token as bearer. The token
//! goes to no other place, and nothing but the answer's status and the names
//! in it comes back.

use crate::audit::{AuditEvent, Capability};
use crate::call::Call;
use crate::keyhole::Keyhole;
use crate::network::{Network, NetworkFault, Outgoing, TlsRoots};
use crate::token::AccessToken;
use http::Uri;
use http::uri::PathAndQuery;
use keyhole_exchange::cloud::AuthorityHost;
use std::fmt;
use std::time::Duration;
use zeroize::Zeroizing;

/// `authentication.k8s.io/v1`, served since Kubernetes 1.28 (Kubernetes API
/// reference, SelfSubjectReview).
const PATH: &str = "/apis/authentication.k8s.io/v1/selfsubjectreviews";

const BODY: &str = r#"{"apiVersion":"authentication.k8s.io/v1","kind":"SelfSubjectReview"}"#;

/// An answer in bytes. An identity with 200 groups, the most that a token of
/// Entra lists, has about 10 KiB.
const MAX_ANSWER: usize = 64 * 1024;

/// A URL in bytes.
const MAX_URL: usize = 16 * 1024;

/// A text of the server in characters.
const MAX_TEXT: usize = 512;

/// Groups that are shown.
const MAX_GROUPS: usize = 32;

/// How many consecutive bytes of the token are not let back.
const PIECE: usize = 24;

/// The right to send one SelfSubjectReview to one API server.
#[derive(Clone)]
pub struct ClusterReview {
    authority: String,
    path: String,
    roots: TlsRoots,
}

/// Why an API server's URL cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{url:?} is not the URL of an API server: {reason}")]
pub struct ClusterUrlError {
    url: String,
    reason: &'static str,
}

/// What an API server said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClusterAnswer {
    /// The HTTP status.
    pub status: u16,
    /// Whom the server takes the token for.
    pub username: Option<String>,
    /// In which groups.
    pub groups: Vec<String>,
    /// What the server says of an error; a token in it is cut out.
    pub message: Option<String>,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClusterFault {
    /// There is no connection, or it is not proved whose it is.
    #[error(transparent)]
    Network(NetworkFault),
    /// What came is no answer.
    #[error("the API server's answer cannot be used: {0}")]
    Answer(String),
    /// It took too long.
    #[error("no answer of the API server within {} s", .0.as_secs_f64())]
    Timeout(Duration),
}

impl ClusterReview {
    /// Grants it for the API server of this URL, as a kubeconfig's `server`
    /// has it: `https://`, a host, and a port or a path if it has one.
    ///
    /// # Errors
    /// The URL has another form.
    pub fn new(url: &str, roots: TlsRoots) -> Result<Self, ClusterUrlError> {
        let fault = |reason| ClusterUrlError {
            url: url.chars().take(MAX_TEXT).collect(),
            reason,
        };
        if url.contains('@') {
            // What stands before it may be a password.
            return Err(ClusterUrlError {
                url: "https://…@…".into(),
                reason: "it has a user",
            });
        }
        if url.len() > MAX_URL {
            return Err(fault("it is too long"));
        }
        if url.contains(['?', '#']) {
            return Err(fault("it has a query or a fragment"));
        }
        let uri: Uri = url.parse().map_err(|_| fault("it cannot be parsed"))?;
        if uri.scheme_str() != Some("https") {
            return Err(fault("it does not begin with https://"));
        }
        let authority = uri.authority().ok_or_else(|| fault("it has no host"))?;
        let authority = AuthorityHost::parse(&format!("https://{authority}"))
            .map_err(|_| fault("its host and port are none"))?
            .authority();
        if PathAndQuery::try_from(uri.path()).is_err() {
            return Err(fault("its path holds what no URL can"));
        }
        Ok(Self {
            authority,
            path: format!("{}{PATH}", uri.path().trim_end_matches('/')),
            roots,
        })
    }

    /// Where the roots came from.
    #[must_use]
    pub fn roots(&self) -> String {
        self.roots.source().to_string()
    }

    async fn ask(
        &self,
        call: &Call,
        network: &Network,
        token: &AccessToken,
    ) -> Result<ClusterAnswer, ClusterFault> {
        let target = format!("POST https://{}{}", self.authority, self.path);
        let event = AuditEvent::allowed(Capability::Request, target);
        let sent = event.clone();
        let events = (sent.detail("for the cluster's review of the token"), event);
        let bearer = Zeroizing::new(format!("Bearer {}", token.expose()));
        let outgoing = Outgoing::post_json(&self.authority, &self.path, bearer, BODY, MAX_ANSWER);
        let say = |fault: &NetworkFault| without(&fault.to_string(), token.expose());
        match network.send_logged(call, events, outgoing, say).await {
            Ok(answer) => Ok(read(answer.status.as_u16(), &answer.body, token.expose())),
            Err((fault, text)) => Err(match fault {
                NetworkFault::Http(_)
                | NetworkFault::HeadSize { .. }
                | NetworkFault::BodySize { .. }
                | NetworkFault::Encoding(_) => ClusterFault::Answer(text),
                fault => ClusterFault::Network(fault),
            }),
        }
    }
}

impl Keyhole {
    /// Asks a cluster's API server whom it takes an access token for: through
    /// the same proxies as the exchange, with its decisions in the same audit
    /// log. No redirect is followed.
    ///
    /// # Errors
    /// There is no answer that could be understood; any status is one.
    pub async fn review(
        &self,
        cluster: &ClusterReview,
        token: &AccessToken,
    ) -> Result<ClusterAnswer, ClusterFault> {
        let timeout = self.grants().timeout;
        let call = Call::new(self.audit(), None);
        let network = self.network().trusting(cluster.roots.clone());
        tokio::time::timeout(timeout, cluster.ask(&call, &network, token))
            .await
            .unwrap_or(Err(ClusterFault::Timeout(timeout)))
    }
}

impl fmt::Debug for ClusterReview {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ClusterReview({self})")
    }
}

/// The grant as a person reads it.
impl fmt::Display for ClusterReview {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "POST https://{}{}, once, by the host, with the access token as bearer",
            self.authority, self.path
        )
    }
}

/// The parts of an answer that are shown.
fn read(status: u16, body: &[u8], token: &str) -> ClusterAnswer {
    let json: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    let text = |value: &serde_json::Value| {
        let text = value.as_str().filter(|text| !text.is_empty())?;
        Some(without(text, token))
    };
    let user = &json["status"]["userInfo"];
    let mut answer = ClusterAnswer {
        status,
        username: text(&user["username"]),
        groups: user["groups"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(text)
            .take(MAX_GROUPS)
            .collect(),
        message: text(&json["message"]),
    };
    // A token that comes back in pieces, each too short to be seen.
    let all: String = answer
        .username
        .iter()
        .chain(&answer.groups)
        .map(String::as_str)
        .collect();
    if without(&all, token) != all.chars().take(MAX_TEXT).collect::<String>() {
        answer.username = None;
        answer.groups = vec!["[redacted]".into()];
    }
    answer
}

/// A text of the server, cut, unless it holds a piece of the token.
fn without(text: &str, token: &str) -> String {
    let text: String = text.chars().take(MAX_TEXT).collect();
    let holds = text.as_bytes().windows(PIECE).any(|piece| {
        token
            .as_bytes()
            .windows(PIECE)
            .any(|secret| secret == piece)
    });
    if holds { "[redacted]".into() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_an_error_and_garbage_are_read() {
        let body = br#"{"status":{"userInfo":{"username":"oid","groups":["a",1,"b"]}}}"#;
        let answer = read(201, body, "t");
        assert_eq!(answer.username.as_deref(), Some("oid"));
        assert_eq!(answer.groups, ["a", "b"]);
        let answer = read(401, br#"{"message":"Unauthorized"}"#, "t");
        assert_eq!(answer.message.as_deref(), Some("Unauthorized"));
        assert_eq!(read(200, b"<html>", "t").username, None);
    }

    #[test]
    fn a_url_is_taken_as_it_is_or_not_at_all() {
        let roots = || TlsRoots::from_path_when_there("/nowhere");
        let grant = ClusterReview::new("https://API.example:6443/k8s/", roots()).expect("a grant");
        let said = format!("POST https://api.example:6443/k8s{PATH}");
        assert!(grant.to_string().starts_with(&said), "{grant}");
        let long = format!("https://a.example/{}", "a".repeat(65_490));
        for url in [
            "https://localhost:70000",
            "https://localhost:x",
            "https://localhost:-1",
            "https://localhost:+1",
            "https://2852039166",
            "https://a.example/<",
            &long,
        ] {
            assert!(ClusterReview::new(url, roots()).is_err(), "{url:.40}");
        }
        let refused = ClusterReview::new("https://u:hunter2@a.example", roots());
        let refused = refused.expect_err("a user").to_string();
        assert!(!refused.contains("hunter2"), "{refused}");
    }

    #[test]
    fn a_token_that_comes_back_in_pieces_is_not_shown() {
        let token = "eyJhbGciOiJub25lIn0.eyJhIjoxfQ.a-signature-that-is-long-enough";
        let (one, two) = token[20..60].split_at(20);
        let body = format!(r#"{{"status":{{"userInfo":{{"groups":["{one}","{two}"]}}}}}}"#);
        assert_eq!(read(201, body.as_bytes(), token).groups, ["[redacted]"]);
    }

    #[test]
    fn a_token_that_comes_back_is_not_shown() {
        let token = "eyJhbGciOiJub25lIn0.eyJhIjoxfQ.a-signature-that-is-long-enough";
        let body = format!(r#"{{"message":"bad token {}"}}"#, &token[20..50]);
        let answer = read(401, body.as_bytes(), token);
        assert_eq!(answer.message.as_deref(), Some("[redacted]"));
    }
}
