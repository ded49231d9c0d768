//! JSON web tokens in compact form (RFC 7515), put together and taken apart.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use crate::keys::SigningKey;

/// Header and payload as they are signed.
pub(crate) fn signing_input(header: &Value, payload: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}", part(header), part(payload))
}

/// A token from what was signed and its signature.
pub(crate) fn with_signature(signing_input: &str, signature: &[u8]) -> String {
    format!("{signing_input}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// A token signed by a key.
pub(crate) fn signed(header: &Value, payload: &Value, key: &SigningKey) -> String {
    let input = signing_input(header, payload);
    with_signature(&input, &key.sign(input.as_bytes()))
}

/// A token taken apart; nothing of it is checked yet.
pub(crate) struct Parsed<'a> {
    /// The header's members.
    pub(crate) header: Map<String, Value>,
    /// The claims.
    pub(crate) claims: Map<String, Value>,
    /// What the signature is over.
    pub(crate) signing_input: &'a str,
    /// The signature's bytes; none for `alg: none`.
    pub(crate) signature: Vec<u8>,
}

impl<'a> Parsed<'a> {
    /// Takes a token apart: three base64url parts without padding, the first
    /// two JSON objects.
    pub(crate) fn from_compact(token: &'a str) -> Option<Self> {
        let (signing_input, signature) = token.rsplit_once('.')?;
        let (header, claims) = signing_input.split_once('.')?;
        Some(Self {
            header: object(header)?,
            claims: object(claims)?,
            signing_input,
            signature: URL_SAFE_NO_PAD.decode(signature).ok()?,
        })
    }
}

fn object(part: &str) -> Option<Map<String, Value>> {
    match serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()? {
        Value::Object(members) => Some(members),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_token_comes_apart_as_it_was_put_together() {
        let input = signing_input(&json!({"alg": "none"}), &json!({"sub": "s"}));
        let token = with_signature(&input, b"sig");
        let parsed = Parsed::from_compact(&token).unwrap();
        assert_eq!(parsed.header["alg"], "none");
        assert_eq!(parsed.claims["sub"], "s");
        assert_eq!(parsed.signing_input, input);
        assert_eq!(parsed.signature, b"sig");
    }

    #[test]
    fn what_is_not_three_parts_of_base64url_json_is_no_token() {
        for text in [
            "",
            "a",
            "a.b",
            "a.b.c",
            "e30.e30",
            "e30.e30.e30.e30",
            "e30=.e30.",
            "e30.W10.",
            "e30.e30.\n",
        ] {
            assert!(Parsed::from_compact(text).is_none(), "{text}");
        }
    }
}
