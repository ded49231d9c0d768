//! How the authority says no.

use alloc::string::String;
use alloc::vec::Vec;

use super::{HttpReply, ReplyFault, Seen, numbers, object};
use crate::bounds::{DESCRIPTION_BYTES, STRING_BYTES, cut, number, split_at_first};
use crate::secret::{Secret, redact};

/// How much of a body that is not understood is shown.
const EXCERPT_BYTES: usize = 120;

/// The body of a refusal (RFC 6749, section 5.2, and what Entra ID adds).
/// Only `error` is contractual. What repeats a secret is redacted.
#[derive(Clone, Debug)]
pub struct OAuthError {
    /// `error`, cut to 256 bytes.
    pub error: String,
    /// `error_codes`, the AADSTS numbers; read from the description where the
    /// field is missing.
    pub codes: Vec<u32>,
    /// `error_description`, cut to 8 KiB.
    pub description: String,
    /// `correlation_id`.
    pub correlation_id: Option<String>,
    /// `trace_id`.
    pub trace_id: Option<String>,
    /// `timestamp`, as sent.
    pub timestamp: Option<String>,
    /// `claims`, a claims challenge of at most 256 bytes; a longer one is not
    /// kept, half of it is of no use.
    pub claims: Option<Secret>,
}

impl OAuthError {
    /// More codes than this are not kept.
    pub const MAX_CODES: usize = 16;

    /// Reads the body of an answer that is not a 200. `secrets` are what was
    /// sent and must not come back in a text: the signature of the federated
    /// token, the claims.
    ///
    /// # Errors
    /// [`ReplyFault`] where the body is no JSON object with an `error`.
    pub fn read(reply: &HttpReply, secrets: &[&str]) -> Result<Self, ReplyFault> {
        let seen = || Seen::of(reply).with_excerpt(&excerpt(&reply.body, secrets));
        let object = object(reply).map_err(|fault| match fault {
            ReplyFault::NotJson { fault, .. } => ReplyFault::NotJson {
                fault,
                seen: seen(),
            },
            other => other,
        })?;
        let text = |key, limit| object.text(key).map(|text| clean(text, limit, secrets));
        let error = text("error", STRING_BYTES)
            .filter(|error| !error.is_empty())
            .ok_or_else(|| ReplyFault::NoErrorCode { seen: seen() })?;
        let description = text("error_description", DESCRIPTION_BYTES).unwrap_or_default();
        let mut codes = numbers(object.get("error_codes"));
        if codes.is_empty() {
            codes.extend(code_in(&description));
        }
        Ok(Self {
            error,
            codes,
            description,
            correlation_id: text("correlation_id", STRING_BYTES),
            trace_id: text("trace_id", STRING_BYTES),
            timestamp: text("timestamp", STRING_BYTES),
            claims: object
                .text("claims")
                .filter(|claims| claims.len() <= STRING_BYTES)
                .map(|claims| Secret::new(clean(claims, STRING_BYTES, secrets))),
        })
    }
}

/// `text` cut and without secrets.
pub(crate) fn clean(text: &str, limit: usize, secrets: &[&str]) -> String {
    secrets.iter().fold(cut(text, limit), |text, secret| {
        redact(&text, secret).into_owned()
    })
}

fn excerpt(body: &[u8], secrets: &[&str]) -> String {
    let head = body.get(..DESCRIPTION_BYTES).unwrap_or(body);
    cut(
        &clean(lossy(head).trim(), usize::MAX, secrets),
        EXCERPT_BYTES,
    )
}

/// `String::from_utf8_lossy` in a third of its code.
fn lossy(mut bytes: &[u8]) -> String {
    let mut text = String::new();
    loop {
        let fault = match core::str::from_utf8(bytes) {
            Ok(rest) => {
                text.push_str(rest);
                return text;
            }
            Err(fault) => fault,
        };
        let (valid, rest) = bytes
            .split_at_checked(fault.valid_up_to())
            .unwrap_or_default();
        text.push_str(core::str::from_utf8(valid).unwrap_or(""));
        text.push(char::REPLACEMENT_CHARACTER);
        // Without a length, the text ends within a character.
        let odd = fault.error_len().unwrap_or(rest.len());
        bytes = rest.get(odd..).unwrap_or(&[]);
    }
}

/// The number in the first `AADSTS…` of a description.
fn code_in(description: &str) -> Option<u32> {
    let (_, rest) = split_at_first(description, b"AADSTS")?;
    let mut parts = rest.as_bytes().split(|byte| !byte.is_ascii_digit());
    u32::try_from(number(parts.next()?)?).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn bytes_that_are_no_text_are_replaced_as_the_standard_library_does(
            parts in prop::collection::vec(prop_oneof![
                any::<char>().prop_map(|c| c.to_string().into_bytes()),
                any::<[u8; 2]>().prop_map(Vec::from),
                Just(vec![0xe2, 0x82]),
                Just(vec![0xf0, 0x9f, 0x98]),
            ], 0..12)
        ) {
            let bytes = parts.concat();
            prop_assert_eq!(super::lossy(&bytes), String::from_utf8_lossy(&bytes));
        }
    }
}
