//! What is sent to the authority, and to where.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use zeroize::Zeroizing;

use crate::cloud::{AuthorityHost, Scheme};
use crate::form;
use crate::identity::Tenant;
use crate::text::{Say, display, said, say};

/// The only method.
pub const METHOD: &str = "POST";
/// `Accept`.
pub const ACCEPT: &str = "application/json";
/// `User-Agent`.
pub const USER_AGENT: &str = concat!("keyhole/", env!("CARGO_PKG_VERSION"));

/// The headers that are sent, in lower case. Host, length, encoding and
/// request id are the shell's.
pub const HEADERS: [(&str, &str); 3] = [
    ("content-type", form::CONTENT_TYPE),
    ("accept", ACCEPT),
    ("user-agent", USER_AGENT),
];

/// The token endpoint of one tenant, in the canonical strings that a grant
/// compares byte for byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    scheme: Scheme,
    authority: String,
    path: String,
}

impl Endpoint {
    /// `{authority}/{tenant}/oauth2/v2.0/token` (Microsoft Learn, client
    /// credentials flow). No discovery is made: the path is documented.
    #[must_use]
    pub fn new(authority: &AuthorityHost, tenant: &Tenant) -> Self {
        Self {
            scheme: authority.scheme(),
            authority: authority.authority(),
            path: said!("/", tenant, "/oauth2/v2.0/token"),
        }
    }

    /// How it is spoken to.
    #[must_use]
    pub const fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// `host` or `host:port`.
    #[must_use]
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// The path; there is no query.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }
}

impl Say for Endpoint {
    fn say(&self, text: &mut String) {
        say!(text, self.scheme, "://", self.authority, self.path)
    }
}

/// One request, complete but for what the connection itself needs.
#[derive(Clone)]
pub struct HttpRequest {
    /// `POST`.
    pub method: &'static str,
    /// `http` or `https`.
    pub scheme: Scheme,
    /// `host` or `host:port`.
    pub authority: String,
    /// The path; there is no query.
    pub path: String,
    /// Names in lower case, and values.
    pub headers: [(&'static str, &'static str); 3],
    /// The form, with the federated token in it. A secret.
    pub body: Zeroizing<Vec<u8>>,
}

impl HttpRequest {
    /// The request to an endpoint with that form.
    #[must_use]
    pub fn new(endpoint: &Endpoint, body: Zeroizing<Vec<u8>>) -> Self {
        Self {
            method: METHOD,
            scheme: endpoint.scheme,
            authority: endpoint.authority.clone(),
            path: endpoint.path.clone(),
            headers: HEADERS,
            body,
        }
    }
}

impl fmt::Debug for HttpRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "HttpRequest({} {}://{}{}, {} bytes)",
            self.method,
            self.scheme,
            self.authority,
            self.path,
            self.body.len()
        )
    }
}

display!(Endpoint);
