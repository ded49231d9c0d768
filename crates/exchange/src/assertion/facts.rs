//! What a federated token says of itself.

use alloc::string::String;
use alloc::vec::Vec;

use crate::bounds::{Quoted, STRING_BYTES, cut};
use crate::json::{Node, Object, Scalar};
use crate::text::{Say, display, say};

/// More audiences than this are not kept.
pub const MAX_AUDIENCES: usize = 16;

/// Claims of a federated token (RFC 7519, section 4.1), as far as they are of
/// the right type. None of it is verified. Strings are cut to 256 bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AssertionFacts {
    /// `iss`: who issued it, on AKS the cluster's OIDC issuer URL.
    pub issuer: Option<String>,
    /// `sub`: whom it names, `system:serviceaccount:NAMESPACE:NAME`.
    pub subject: Option<String>,
    /// `aud`: for whom it is meant, as a rule `api://AzureADTokenExchange`.
    pub audiences: Vec<String>,
    /// `iat`, Unix seconds.
    pub issued_at: Option<i64>,
    /// `nbf`, Unix seconds.
    pub not_before: Option<i64>,
    /// `exp`, Unix seconds.
    pub expires_on: Option<i64>,
    /// Size of the token in bytes, white space at the end not counted.
    pub size: u32,
}

impl AssertionFacts {
    pub(crate) fn from_claims(claims: &Object, size: usize) -> Self {
        let text = |name| {
            claims
                .get(name)
                .and_then(Node::text)
                .map(|text| cut(text, STRING_BYTES))
        };
        let time = |name| {
            claims
                .get(name)
                .and_then(Node::scalar)
                .and_then(Scalar::unix_seconds)
        };
        let listed = match claims.get("aud") {
            Some(Node::Scalar(one)) => core::slice::from_ref(one),
            Some(Node::List(many)) => many,
            None => &[],
        };
        let mut audiences = Vec::new();
        for audience in listed.iter().filter_map(Scalar::text).take(MAX_AUDIENCES) {
            audiences.push(cut(audience, STRING_BYTES));
        }
        Self {
            issuer: text("iss"),
            subject: text("sub"),
            audiences,
            issued_at: time("iat"),
            not_before: time("nbf"),
            expires_on: time("exp"),
            size: u32::try_from(size).unwrap_or(u32::MAX),
        }
    }
}

/// `issuer "…", subject "…", audience "…"`: the three that a federated
/// credential must match.
impl Say for AssertionFacts {
    fn say(&self, text: &mut String) {
        for (label, value) in [("issuer", &self.issuer), ("subject", &self.subject)] {
            match value {
                Some(value) => say!(text, label, " ", Quoted(value), ", "),
                None => say!(text, "no ", label, ", "),
            }
        }
        match self.audiences.as_slice() {
            [] => text.push_str("no audience"),
            [first, others @ ..] => {
                say!(text, "audience ", Quoted(first));
                others
                    .iter()
                    .for_each(|other| say!(text, " and ", Quoted(other)))
            }
        }
    }
}

display!(AssertionFacts);
