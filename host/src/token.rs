//! What a call asks for and what it gets.

use crate::bindings::exports::keyhole::identity::token_provider as wit;
use keyhole_exchange::scope::Scope;
use std::fmt;
use std::time::Duration;
use zeroize::Zeroizing;

/// What a caller may choose about one exchange. The defaults are right for
/// nearly all.
#[derive(Clone, Default)]
pub struct TokenRequest {
    /// Another scope than the settings'.
    pub scope: Option<Scope>,
    /// The `claims` form field, from a claims challenge. A secret.
    pub claims: Option<Zeroizing<String>>,
    /// Go on for this long after answers that are seen while a new federated
    /// credential spreads. Zero: do not.
    pub retry_propagation: Duration,
    /// Send the federated token even if it says itself that it will be
    /// refused.
    pub skip_assertion_checks: bool,
}

impl fmt::Debug for TokenRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenRequest")
            .field("scope", &self.scope)
            .field("claims", &self.claims.as_ref().map(|_| "[redacted]"))
            .field("retry_propagation", &self.retry_propagation)
            .field("skip_assertion_checks", &self.skip_assertion_checks)
            .finish()
    }
}

/// An access token. The token itself is wiped when this is dropped and does
/// not show in `Debug`.
#[derive(Clone)]
pub struct AccessToken {
    token: Zeroizing<String>,
    /// When it ends, in Unix seconds.
    pub expires_on: i64,
    /// When the authority suggests to renew it, in Unix seconds.
    pub refresh_on: Option<i64>,
    /// The scope that was asked for.
    pub scope: String,
    /// How many requests were sent.
    pub requests: u32,
    /// What the federated token said of itself.
    pub assertion: wit::AssertionFacts,
}

impl AccessToken {
    pub(crate) fn new(token: wit::AccessToken) -> Self {
        AccessToken {
            token: Zeroizing::new(token.token),
            expires_on: token.expires_on,
            refresh_on: token.refresh_on,
            scope: token.scope,
            requests: token.requests,
            assertion: token.assertion,
        }
    }

    /// The bearer token. A secret: it belongs into an `Authorization` header
    /// and nowhere else.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.token
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessToken")
            .field("token", &"[redacted]")
            .field("expires_on", &self.expires_on)
            .field("refresh_on", &self.refresh_on)
            .field("scope", &self.scope)
            .field("requests", &self.requests)
            .field("assertion", &self.assertion)
            .finish()
    }
}
