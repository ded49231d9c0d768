//! The body of the request: `application/x-www-form-urlencoded`.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use zeroize::Zeroizing;

/// `Content-Type` of the request.
pub const CONTENT_TYPE: &str = "application/x-www-form-urlencoded";
/// `client_assertion_type` (RFC 7523, section 2.2).
pub const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// `grant_type` (RFC 6749, section 4.4).
pub const GRANT_TYPE: &str = "client_credentials";

/// Names of the fields (Microsoft Learn, client credentials flow, third case:
/// access token request with a federated credential).
pub mod field {
    /// Who asks.
    pub const CLIENT_ID: &str = "client_id";
    /// For what.
    pub const SCOPE: &str = "scope";
    /// Always [`super::ASSERTION_TYPE`].
    pub const CLIENT_ASSERTION_TYPE: &str = "client_assertion_type";
    /// The federated token.
    pub const CLIENT_ASSERTION: &str = "client_assertion";
    /// Always [`super::GRANT_TYPE`].
    pub const GRANT_TYPE: &str = "grant_type";
    /// The answer to a claims challenge; only if asked for.
    pub const CLAIMS: &str = "claims";
}

/// More fields than this are not read: the request has six.
pub const MAX_FIELDS: usize = 32;

/// A name and its value.
pub type Field = (Zeroizing<String>, Zeroizing<String>);

/// The form of one exchange.
#[must_use]
pub fn encode(
    client_id: &str,
    scope: &str,
    assertion: &str,
    claims: Option<&str>,
) -> Zeroizing<Vec<u8>> {
    let all = [
        (field::CLIENT_ID, client_id),
        (field::SCOPE, scope),
        (field::CLIENT_ASSERTION_TYPE, ASSERTION_TYPE),
        (field::CLIENT_ASSERTION, assertion),
        (field::GRANT_TYPE, GRANT_TYPE),
        (field::CLAIMS, claims.unwrap_or("")),
    ];
    let [without_claims @ .., _] = &all;
    let fields: &[_] = if claims.is_some() {
        &all
    } else {
        without_claims
    };
    // Room for the worst case at once: a buffer that grows leaves copies.
    let room = fields
        .iter()
        .map(|(name, value)| name.len() + 3 * value.len() + 2)
        .sum();
    let mut body = Zeroizing::new(Vec::with_capacity(room));
    for (name, value) in fields {
        if !body.is_empty() {
            body.push(b'&');
        }
        body.extend_from_slice(name.as_bytes());
        body.push(b'=');
        for byte in value.bytes() {
            escape(byte, &mut body);
        }
    }
    body
}

/// The percent-encode set of the URL standard's urlencoded serializer.
fn escape(byte: u8, body: &mut Vec<u8>) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let digit = |nibble: u8| HEX.get(usize::from(nibble)).copied().unwrap_or(b'0');
    match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'*' | b'-' | b'.' | b'_' => body.push(byte),
        b' ' => body.push(b'+'),
        _ => body.extend_from_slice(&[b'%', digit(byte >> 4), digit(byte & 15)]),
    }
}

/// Why a body is not a form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FormError {
    /// A byte that must be escaped is not.
    Byte(u8),
    /// A `%` without two hexadecimal digits behind it.
    Escape,
    /// A name or value is not UTF-8.
    Utf8,
    /// Between two `&` there is no `name=value`.
    Pair,
    /// There are more than [`MAX_FIELDS`] fields.
    TooMany,
}

impl fmt::Display for FormError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Byte(byte) => write!(f, "the form holds the byte 0x{byte:02x} unescaped"),
            Self::Escape => f.write_str("the form has a % without two hexadecimal digits"),
            Self::Utf8 => f.write_str("a field of the form is not UTF-8"),
            Self::Pair => f.write_str("a part of the form is not name=value"),
            Self::TooMany => write!(f, "the form has more than {MAX_FIELDS} fields"),
        }
    }
}

impl core::error::Error for FormError {}

/// Reads a form strictly. Fields come in their order and as often as they
/// are there: whether one may occur twice is the caller's to judge.
///
/// # Errors
/// See [`FormError`]: what one reader would mend, another may read otherwise.
pub fn parse(body: &[u8]) -> Result<Vec<Field>, FormError> {
    let mut fields = Vec::new();
    if body.is_empty() {
        return Ok(fields);
    }
    for pair in body.split(|byte| *byte == b'&') {
        if fields.len() == MAX_FIELDS {
            return Err(FormError::TooMany);
        }
        let equals = pair
            .iter()
            .position(|byte| *byte == b'=')
            .filter(|at| *at > 0)
            .ok_or(FormError::Pair)?;
        let (name, value) = pair.split_at_checked(equals).ok_or(FormError::Pair)?;
        let value = value.get(1..).ok_or(FormError::Pair)?;
        fields.push((unescape(name)?, unescape(value)?));
    }
    Ok(fields)
}

fn unescape(text: &[u8]) -> Result<Zeroizing<String>, FormError> {
    let mut plain = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut bytes = text.iter();
    while let Some(&byte) = bytes.next() {
        match byte {
            b'+' => plain.push(b' '),
            b'%' => {
                let high = bytes.next().and_then(hex).ok_or(FormError::Escape)?;
                let low = bytes.next().and_then(hex).ok_or(FormError::Escape)?;
                plain.push(high << 4 | low);
            }
            0x21..=0x7e => plain.push(byte),
            _ => return Err(FormError::Byte(byte)),
        }
    }
    match String::from_utf8(core::mem::take(&mut *plain)) {
        Ok(text) => Ok(Zeroizing::new(text)),
        Err(fault) => {
            drop(Zeroizing::new(fault.into_bytes()));
            Err(FormError::Utf8)
        }
    }
}

fn hex(byte: &u8) -> Option<u8> {
    char::from(*byte)
        .to_digit(16)
        .and_then(|digit| u8::try_from(digit).ok())
}
