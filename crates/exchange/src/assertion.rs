//! The federated token: a JWT that is read and judged but not verified. The
//! signature is the authority's to check.

mod check;
mod facts;

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use zeroize::Zeroizing;

pub use check::{CLOCK_SKEW_SECONDS, LONGEST_LIFETIME_SECONDS, check};
pub use facts::{AssertionFacts, MAX_AUDIENCES};

use crate::bounds::{behind_last, split};
use crate::json::{JsonFault, Object};
use crate::text::{Say, display, say};
use crate::utc::{Span, Utc};

/// Longest federated token in bytes. Real ones have 1 to 2 KiB; three times
/// this, escaped, still fits the 64 KiB that the host reads of a form.
pub const MAX_BYTES: usize = 16 * 1024;

/// Why a federated token is not sent. The variants are those of the WIT enum
/// `assertion-fault`, with their data.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AssertionFault {
    /// The file holds nothing but white space.
    Empty,
    /// It is not a JWT.
    Malformed(Malformed),
    /// It has no `exp`, or none that is a time.
    NoExpiry,
    /// `exp` has passed. Unix seconds.
    Expired {
        /// `exp`.
        expires_on: i64,
        /// This machine's clock.
        now: i64,
    },
    /// `nbf` has not come. Unix seconds.
    NotYetValid {
        /// `nbf`.
        not_before: i64,
        /// This machine's clock.
        now: i64,
    },
    /// It lives longer than the authority accepts.
    LifetimeTooLong {
        /// Seconds from its start to its end.
        lifetime: u64,
    },
}

/// Why a file is not a JWT.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Malformed {
    /// It is longer than [`MAX_BYTES`].
    TooLong {
        /// Its size in bytes.
        size: usize,
    },
    /// It is not three parts with dots between them.
    Parts {
        /// How many parts there are.
        count: usize,
    },
    /// A part holds something that is not base64url; for the first part 1.
    NotBase64Url {
        /// Which part.
        part: usize,
    },
    /// The first part is not a JSON object.
    Header(JsonFault),
    /// The second part is not a JSON object.
    Payload(JsonFault),
}

impl Say for Malformed {
    #[inline(never)]
    fn say(&self, text: &mut String) {
        match self {
            Self::TooLong { size } => {
                say!(text, "it has ", size, " bytes, more than ", MAX_BYTES)
            }
            Self::Parts { count: 1 } => text.push_str("it has no dots, a JWT has two"),
            Self::Parts { count } => {
                say!(
                    text,
                    "it has ",
                    count,
                    " parts between dots, a JWT has three"
                )
            }
            Self::NotBase64Url { part } => say!(text, "its part ", part, " is not base64url"),
            Self::Header(fault) => say!(text, "its header is no JSON object: ", fault),
            Self::Payload(fault) => say!(text, "its payload is no JSON object: ", fault),
        }
    }
}

impl Say for AssertionFault {
    #[inline(never)]
    fn say(&self, text: &mut String) {
        match self {
            Self::Empty => text.push_str("the federated token file is empty"),
            Self::Malformed(why) => {
                say!(text, "the federated token file does not hold a JWT: ", why)
            }
            Self::NoExpiry => {
                text.push_str("the federated token does not say when it ends (no exp)")
            }
            Self::Expired { expires_on, now } => say!(
                text,
                "the federated token ended at ",
                Utc(*expires_on),
                ", ",
                Span(now.abs_diff(*expires_on)),
                " before this machine's clock (",
                Utc(*now),
                ")"
            ),
            Self::NotYetValid { not_before, now } => say!(
                text,
                "the federated token begins at ",
                Utc(*not_before),
                ", ",
                Span(now.abs_diff(*not_before)),
                " after this machine's clock (",
                Utc(*now),
                ")"
            ),
            Self::LifetimeTooLong { lifetime } => say!(
                text,
                "the federated token lives ",
                Span(*lifetime),
                ", the authority accepts ",
                Span(LONGEST_LIFETIME_SECONDS),
                " (AADSTS70023)"
            ),
        }
    }
}

impl core::error::Error for AssertionFault {}

impl AssertionFault {
    /// What to do next.
    #[must_use]
    pub const fn next_step(&self) -> &'static str {
        match self {
            Self::Empty => {
                "Look at the pod's projected volume: kubelet writes the file. If it has just been created, try again."
            }
            Self::Malformed(_) => {
                "Give the path of the projected service account token itself, without quotes or other text in the file."
            }
            Self::NoExpiry | Self::LifetimeTooLong { .. } => {
                "Use a projected service account token with expirationSeconds of at most 86400, not the token of the API server or of a service account secret."
            }
            Self::Expired { .. } => {
                "See whether kubelet still renews the file (it does at 80 % of the lifetime), and compare this machine's clock with the real time. --no-assertion-checks sends the token anyway."
            }
            Self::NotYetValid { .. } => {
                "Compare this machine's clock with the real time. --no-assertion-checks sends the token anyway."
            }
        }
    }
}

/// A federated token: white space at the end trimmed, three base64url parts,
/// header and payload JSON objects. Wiped on drop, shown nowhere.
#[derive(Clone)]
pub struct FederatedToken {
    token: Zeroizing<String>,
    facts: AssertionFacts,
}

impl FederatedToken {
    /// Reads the bytes of the file.
    ///
    /// # Errors
    /// [`AssertionFault::Empty`] or [`AssertionFault::Malformed`]. Times are
    /// not looked at: see [`check`].
    pub fn from_file(bytes: &[u8]) -> Result<Self, AssertionFault> {
        let bytes = bytes.trim_ascii_end();
        if bytes.is_empty() {
            return Err(AssertionFault::Empty);
        }
        Self::parse(bytes).map_err(AssertionFault::Malformed)
    }

    fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        if bytes.len() > MAX_BYTES {
            return Err(Malformed::TooLong { size: bytes.len() });
        }
        let (header, payload) = parts(bytes)?;
        let header = decode(header).ok_or(Malformed::NotBase64Url { part: 1 })?;
        let payload = decode(payload).ok_or(Malformed::NotBase64Url { part: 2 })?;
        Object::parse(&header).map_err(Malformed::Header)?;
        let claims = Object::parse(&payload).map_err(Malformed::Payload)?;
        // Base64url and dots are ASCII; anything else was refused above.
        let token = core::str::from_utf8(bytes)
            .map_err(|_| Malformed::NotBase64Url { part: 1 })?
            .to_owned();
        Ok(Self {
            facts: AssertionFacts::from_claims(&claims, token.len()),
            token: Zeroizing::new(token),
        })
    }

    /// The token itself.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.token
    }

    /// The third part: what must not be seen anywhere, even in pieces.
    #[must_use]
    pub fn signature(&self) -> &str {
        behind_last(&self.token, b'.')
    }

    /// What the token says of itself.
    #[must_use]
    pub const fn facts(&self) -> &AssertionFacts {
        &self.facts
    }

    /// Whether two tokens are the same bytes.
    #[must_use]
    pub fn same_as(&self, other: &Self) -> bool {
        self.token == other.token
    }
}

impl fmt::Debug for FederatedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FederatedToken([redacted], {} bytes)", self.token.len())
    }
}

/// Whether bytes are, after trailing white space, three base64url parts with
/// dots between them: the compact form of a JWS (RFC 7515, section 7.1).
/// Cheap: nothing is decoded, and the size is the caller's to limit.
#[must_use]
pub fn is_compact_jws(bytes: &[u8]) -> bool {
    parts(bytes.trim_ascii_end()).is_ok()
}

/// The third part of a compact JWS, for those who must redact it.
#[must_use]
pub fn signature_of(bytes: &[u8]) -> Option<&str> {
    let bytes = bytes.trim_ascii_end();
    parts(bytes).ok()?;
    core::str::from_utf8(split(bytes, b'.').next_back()?).ok()
}

/// Header and payload of three parts that could be base64url.
fn parts(bytes: &[u8]) -> Result<(&[u8], &[u8]), Malformed> {
    let count = bytes.iter().filter(|byte| **byte == b'.').count() + 1;
    let mut parts = split(bytes, b'.');
    let (Some(header), Some(payload), Some(signature), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(Malformed::Parts { count });
    };
    for (index, part) in [header, payload, signature].into_iter().enumerate() {
        if !is_base64url(part) {
            return Err(Malformed::NotBase64Url { part: index + 1 });
        }
    }
    Ok((header, payload))
}

fn is_base64url(part: &[u8]) -> bool {
    !part.is_empty()
        && part.len() % 4 != 1
        && part
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

/// The bytes of base64url without padding (RFC 7515, section 2). Bits that are
/// left over at the end are not looked at.
fn decode(part: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    if !is_base64url(part) {
        return None;
    }
    // Room for all of it at once: a buffer that grows leaves copies.
    let mut bytes = Zeroizing::new(Vec::with_capacity(part.len()));
    let (mut bits, mut count) = (0_u32, 0);
    for byte in part {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'-' => 62,
            _ => 63,
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count & 0xff) as u8);
        }
    }
    Some(bytes)
}

display!(Malformed, AssertionFault);

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn base64url_is_decoded_as_the_crate_base64_does(bytes in prop::collection::vec(any::<u8>(), 1..64)) {
            let text = URL_SAFE_NO_PAD.encode(&bytes);
            let decoded = super::decode(text.as_bytes());
            prop_assert_eq!(decoded.as_deref(), Some(&bytes));
        }

        #[test]
        fn what_is_not_base64url_is_not_decoded(text: String, byte: u8) {
            let text = [text.as_bytes(), &[byte]].concat();
            let ours = super::decode(&text).is_some();
            let alphabet = text.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(byte));
            prop_assert_eq!(ours, alphabet && text.len() % 4 != 1);
        }
    }
}
