//! Asking a cluster's API server whom it takes the token for.
//!
//! This is the host's own request, made outside the component and with a grant
//! of its own: one POST to one URL, with the access token as bearer. The token
//! goes to no other place, and nothing but the answer's status and the names
//! in it comes back.

use crate::network::{RootsError, TlsRoots};
use crate::token::AccessToken;
use bytes::Bytes;
use http::header::{self, HeaderValue};
use http::{Method, Request, Uri};
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use keyhole_exchange::request::USER_AGENT;
use keyhole_policy::address;
use rustls_pki_types::ServerName;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;
use tokio::net::TcpStream;
use zeroize::Zeroizing;

/// `authentication.k8s.io/v1`, served since Kubernetes 1.28 (Kubernetes API
/// reference, SelfSubjectReview).
const PATH: &str = "/apis/authentication.k8s.io/v1/selfsubjectreviews";

const BODY: &str = r#"{"apiVersion":"authentication.k8s.io/v1","kind":"SelfSubjectReview"}"#;

/// An answer in bytes. An identity with 200 groups, the most that a token of
/// Entra lists, has about 10 KiB.
const MAX_ANSWER: usize = 64 * 1024;

/// A text of the server in characters.
const MAX_TEXT: usize = 512;

/// Groups that are shown.
const MAX_GROUPS: usize = 32;

/// How many consecutive bytes of the token are not let back.
const PIECE: usize = 24;

/// The right to send one SelfSubjectReview to one API server.
#[derive(Clone)]
pub struct ClusterReview {
    host: String,
    port: u16,
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
    /// The name leads to nowhere.
    #[error("{host} could not be resolved: {error}")]
    Resolve {
        /// The name.
        host: String,
        /// What the resolver said.
        error: std::io::Error,
    },
    /// The name leads to an address that is never connected to.
    #[error("{host} resolves to {address}, which is refused: {}", rule.asks())]
    Address {
        /// The name.
        host: String,
        /// The address.
        address: IpAddr,
        /// The rule.
        rule: keyhole_policy::Rule,
    },
    /// There is no connection.
    #[error("no connection to {host}: {error}")]
    Connect {
        /// The name.
        host: String,
        /// What the system said.
        error: std::io::Error,
    },
    /// The server's certificate does not prove its name.
    #[error("the certificate of {host} is not trusted: {reason} (roots: {roots})")]
    Tls {
        /// The name.
        host: String,
        /// Why.
        reason: String,
        /// Where the roots came from.
        roots: String,
    },
    /// Nothing can prove the server's name.
    #[error(transparent)]
    Roots(#[from] RootsError),
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
        if url.contains(['?', '#', '@']) {
            return Err(fault("it has a query, a fragment or a user"));
        }
        let uri: Uri = url.parse().map_err(|_| fault("it cannot be parsed"))?;
        if uri.scheme_str() != Some("https") {
            return Err(fault("it does not begin with https://"));
        }
        let authority = uri.authority().ok_or_else(|| fault("it has no host"))?;
        let host = authority.host().trim_matches(['[', ']']);
        if ServerName::try_from(host).is_err() {
            return Err(fault("its host is neither a DNS name nor an address"));
        }
        Ok(Self {
            host: host.to_owned(),
            port: authority.port_u16().unwrap_or(443),
            authority: authority.to_string(),
            path: format!("{}{PATH}", uri.path().trim_end_matches('/')),
            roots,
        })
    }

    /// Where the roots came from.
    #[must_use]
    pub fn roots(&self) -> String {
        self.roots.source().to_string()
    }

    /// Sends the review and reads the answer. No redirect is followed.
    ///
    /// # Errors
    /// There is no answer that could be understood; any status is one.
    pub async fn send(
        &self,
        token: &AccessToken,
        timeout: Duration,
    ) -> Result<ClusterAnswer, ClusterFault> {
        tokio::time::timeout(timeout, self.exchange(token))
            .await
            .unwrap_or(Err(ClusterFault::Timeout(timeout)))
    }

    async fn exchange(&self, token: &AccessToken) -> Result<ClusterAnswer, ClusterFault> {
        let addresses = self.resolve().await?;
        let host = || self.host.clone();
        let stream =
            TcpStream::connect(&*addresses)
                .await
                .map_err(|error| ClusterFault::Connect {
                    host: host(),
                    error,
                })?;
        let name = ServerName::try_from(host())
            .map_err(|error| ClusterFault::Answer(error.to_string()))?;
        let config = self.roots.client_config()?;
        let stream = tokio_rustls::TlsConnector::from(config)
            .connect(name, stream)
            .await
            .map_err(|error| ClusterFault::Tls {
                host: host(),
                reason: error.to_string(),
                roots: self.roots(),
            })?;
        let unusable = |error: &dyn fmt::Display| {
            ClusterFault::Answer(without(&error.to_string(), token.expose()))
        };
        let (mut sender, connection) = http1::Builder::new()
            .max_buf_size(MAX_ANSWER)
            .handshake(TokioIo::new(stream))
            .await
            .map_err(|error| unusable(&error))?;
        let exchange = async {
            let request = self.request(token).map_err(|error| unusable(&error))?;
            let response = sender
                .send_request(request)
                .await
                .map_err(|error| unusable(&error))?;
            let status = response.status().as_u16();
            let body = Limited::new(response.into_body(), MAX_ANSWER)
                .collect()
                .await
                .map_err(|error| unusable(&error))?;
            Ok(read(status, &body.to_bytes(), token.expose()))
        };
        tokio::pin!(exchange);
        tokio::select! {
            // What ends the connection shows in the answer.
            answer = &mut exchange => answer,
            _ = connection => exchange.await,
        }
    }

    async fn resolve(&self) -> Result<Vec<SocketAddr>, ClusterFault> {
        let host = self.host.clone();
        let addresses: Vec<SocketAddr> =
            match tokio::net::lookup_host((self.host.as_str(), self.port)).await {
                Ok(addresses) => addresses.collect(),
                Err(error) => return Err(ClusterFault::Resolve { host, error }),
            };
        let loopback = host == "localhost"
            || host
                .parse::<IpAddr>()
                .is_ok_and(|address| address.is_loopback());
        match address::judge_all(addresses.iter().map(SocketAddr::ip), loopback) {
            Ok(()) => Ok(addresses),
            Err((address, rule)) => Err(ClusterFault::Address {
                host,
                address,
                rule,
            }),
        }
    }

    fn request(&self, token: &AccessToken) -> Result<Request<Full<Bytes>>, http::Error> {
        let bearer = Zeroizing::new(format!("Bearer {}", token.expose()));
        let mut bearer = HeaderValue::from_str(&bearer)?;
        bearer.set_sensitive(true);
        Request::builder()
            .method(Method::POST)
            .uri(&self.path)
            .header(header::HOST, &self.authority)
            .header(header::AUTHORIZATION, bearer)
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::ACCEPT, "application/json")
            .header(header::USER_AGENT, USER_AGENT)
            .header(header::CONNECTION, "close")
            .body(Full::new(Bytes::from_static(BODY.as_bytes())))
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
    ClusterAnswer {
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
    }
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
    fn a_token_that_comes_back_is_not_shown() {
        let token = "eyJhbGciOiJub25lIn0.eyJhIjoxfQ.a-signature-that-is-long-enough";
        let body = format!(r#"{{"message":"bad token {}"}}"#, &token[20..50]);
        let answer = read(401, body.as_bytes(), token);
        assert_eq!(answer.message.as_deref(), Some("[redacted]"));
    }
}
