//! What a token says and how it is signed.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value, json};

use crate::guid;

/// Seconds since 1970, as JWTs count time.
pub(crate) fn unix_now() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

/// How a token is signed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Signature {
    /// By the issuer's key: the honest one.
    #[default]
    Issuer,
    /// By another RSA key under the issuer's `kid`.
    Stranger,
    /// By another RSA key under a `kid` the issuer does not publish.
    UnknownKey,
    /// By the issuer's key, then one bit turned.
    Altered,
    /// `alg: none` and an empty signature (RFC 7515, appendix A.5).
    None,
    /// `alg: HS256` keyed with public data.
    Hmac,
}

/// What a token says. [`Claims::new`] is what the API server says of a pod's
/// service account; every claim can then be set or left out.
#[derive(Clone, PartialEq)]
pub struct Claims {
    pub(super) members: Map<String, Value>,
    pub(super) signature: Signature,
}

impl std::fmt::Debug for Claims {
    /// Shows which claims there are, never what they say.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<_> = self.members.keys().collect();
        f.debug_struct("Claims")
            .field("members", &names)
            .field("signature", &self.signature)
            .finish()
    }
}

impl Claims {
    /// A service account's token: issued now, valid for an hour, with the
    /// private claims Kubernetes adds for pod and service account.
    pub fn new(issuer: &str, subject: &str, audience: &str) -> Self {
        let now = unix_now();
        let mut account = subject
            .strip_prefix("system:serviceaccount:")
            .unwrap_or("default:default")
            .splitn(2, ':');
        let namespace = account.next().unwrap_or_default();
        let name = account.next().unwrap_or_default();
        let members = json!({
            "iss": issuer,
            "sub": subject,
            "aud": [audience],
            "iat": now,
            "nbf": now,
            "exp": now + 3_600,
            "jti": guid::random(),
            "kubernetes.io": {
                "namespace": namespace,
                "node": { "name": "node-1", "uid": guid::random() },
                "pod": { "name": format!("{name}-0"), "uid": guid::random() },
                "serviceaccount": { "name": name, "uid": guid::random() },
            },
        });
        let Value::Object(members) = members else {
            unreachable!("the literal above is an object")
        };
        Self::of(members)
    }

    /// These claims, honestly signed.
    pub(crate) fn of(members: Map<String, Value>) -> Self {
        Self {
            members,
            signature: Signature::Issuer,
        }
    }

    /// Sets `iss`.
    #[must_use]
    pub fn issuer(self, issuer: &str) -> Self {
        self.set("iss", issuer)
    }

    /// Sets `sub`.
    #[must_use]
    pub fn subject(self, subject: &str) -> Self {
        self.set("sub", subject)
    }

    /// Sets `aud` to a list of one, as Kubernetes does.
    #[must_use]
    pub fn audience(self, audience: &str) -> Self {
        self.set("aud", vec![audience])
    }

    /// Sets `iat`, in Unix seconds.
    #[must_use]
    pub fn issued_at(self, seconds: i64) -> Self {
        self.set("iat", seconds)
    }

    /// Sets `nbf`, in Unix seconds.
    #[must_use]
    pub fn not_before(self, seconds: i64) -> Self {
        self.set("nbf", seconds)
    }

    /// Sets `exp`, in Unix seconds.
    #[must_use]
    pub fn expires_on(self, seconds: i64) -> Self {
        self.set("exp", seconds)
    }

    /// Moves `iat`, `nbf` and `exp` alike, back in time with a negative number
    /// of seconds: the token somebody got then.
    #[must_use]
    pub fn shifted(mut self, seconds: i64) -> Self {
        for name in ["iat", "nbf", "exp"] {
            if let Some(time) = self.members.get(name).and_then(Value::as_i64) {
                self = self.set(name, time.saturating_add(seconds));
            }
        }
        self
    }

    /// Sets `exp` to this long after `iat`.
    #[must_use]
    pub fn lifetime(self, lifetime: Duration) -> Self {
        let from = self
            .members
            .get("iat")
            .and_then(Value::as_i64)
            .unwrap_or_else(unix_now);
        self.set(
            "exp",
            from.saturating_add(i64::try_from(lifetime.as_secs()).unwrap_or(i64::MAX)),
        )
    }

    /// Sets any claim to any JSON value.
    #[must_use]
    pub fn set(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.members.insert(name.to_owned(), value.into());
        self
    }

    /// Leaves a claim out.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.members.remove(name);
        self
    }

    /// Chooses the signature.
    #[must_use]
    pub fn signed(mut self, signature: Signature) -> Self {
        self.signature = signature;
        self
    }

    /// `exp`, in Unix seconds, if it is a number.
    pub fn expiry(&self) -> Option<i64> {
        self.members.get("exp").and_then(Value::as_i64)
    }
}
