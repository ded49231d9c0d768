//! How the authority says no.

use alloc::string::String;
use alloc::vec::Vec;

use super::{HttpReply, ReplyFault, Seen, numbers, object};
use crate::bounds::{DESCRIPTION_BYTES, STRING_BYTES, cut, split_at_first};
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
    let text = String::from_utf8_lossy(head);
    cut(&clean(text.trim(), usize::MAX, secrets), EXCERPT_BYTES)
}

/// The number in the first `AADSTS…` of a description.
fn code_in(description: &str) -> Option<u32> {
    let (_, rest) = split_at_first(description, b"AADSTS")?;
    let end = rest
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(rest.len());
    rest.get(..end)?.parse().ok()
}
