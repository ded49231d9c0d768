//! Who a bearer token stands for, as kube-apiserver's OIDC authenticator
//! decides it (kubernetes.io, "Authenticating", OpenID Connect tokens).

use serde_json::Value;

use crate::issuer::Issuer;
use crate::jwt::Parsed;

/// How far ahead `nbf` may be, in seconds (github.com/coreos/go-oidc, which
/// kube-apiserver uses); there is no such tolerance for `exp`.
const NOT_BEFORE_LEEWAY: i64 = 300;

/// Whose tokens are taken, and for whom.
pub(super) struct Trust<'a> {
    /// Whose key and name a token must have.
    pub(super) issuer: &'a Issuer,
    /// What must be among a token's `aud`.
    pub(super) audience: &'a str,
    /// Unix seconds.
    pub(super) now: i64,
}

/// Who has been let in.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct User {
    /// `oid` of the token: AKS knows users by it.
    pub(super) name: String,
    /// `groups` of the token, and the group of all who were let in.
    pub(super) groups: Vec<String>,
}

impl Trust<'_> {
    /// The user of an `Authorization` header, or why there is none.
    pub(super) fn authenticate(&self, header: Option<&str>) -> Result<User, &'static str> {
        let header = header.ok_or("no Authorization header")?;
        let token = header.strip_prefix("Bearer ").ok_or("no bearer token")?;
        let token = Parsed::from_compact(token).ok_or("not a JWT")?;
        let header = |name: &str| token.header.get(name).and_then(Value::as_str);
        if header("alg") != Some("RS256") {
            return Err("its algorithm is not RS256");
        }
        let key = self.issuer.key();
        if header("kid") != Some(key.id()) {
            return Err("its key is not published");
        }
        if !key.verifies(token.signing_input.as_bytes(), &token.signature) {
            return Err("its signature is not valid");
        }
        let claim = |name: &str| token.claims.get(name);
        if claim("iss").and_then(Value::as_str) != Some(self.issuer.url()) {
            return Err("it is from another issuer");
        }
        if !texts(claim("aud")).any(|audience| audience == self.audience) {
            return Err("it is for another audience");
        }
        let time = |name: &str| claim(name).and_then(Value::as_i64);
        if time("exp").is_none_or(|end| self.now >= end) {
            return Err("it has expired");
        }
        if time("nbf").is_some_and(|start| self.now + NOT_BEFORE_LEEWAY < start) {
            return Err("it is not valid yet");
        }
        let name = claim("oid")
            .and_then(Value::as_str)
            .ok_or("it has no oid")?;
        Ok(User {
            name: name.to_owned(),
            groups: texts(claim("groups"))
                .chain(["system:authenticated"])
                .map(str::to_owned)
                .collect(),
        })
    }
}

/// A claim that is one text or a list of them.
fn texts(claim: Option<&Value>) -> impl Iterator<Item = &str> {
    let (one, many) = match claim {
        Some(Value::String(one)) => (Some(one.as_str()), None),
        Some(Value::Array(many)) => (None, Some(many)),
        _ => (None, None),
    };
    one.into_iter()
        .chain(many.into_iter().flatten().filter_map(Value::as_str))
}
