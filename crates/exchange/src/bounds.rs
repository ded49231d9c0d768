//! How long strings from outside may be, and how they stand in a text.

use alloc::borrow::ToOwned;
use alloc::string::String;
use core::fmt;

/// Longest text for a person, in bytes (DESIGN 4, result channel).
pub const MESSAGE_BYTES: usize = 4 * 1024;
/// Longest `error_description` that is kept, in bytes.
pub const DESCRIPTION_BYTES: usize = 8 * 1024;
/// Longest other string from a token or an answer that is kept, in bytes.
pub const STRING_BYTES: usize = 256;

/// What stands where a text was cut.
const ELLIPSIS: &str = "…";

/// `text`, cut at a character boundary so that it has at most `limit` bytes,
/// the mark `…` at its end included.
#[must_use]
pub fn cut(text: &str, limit: usize) -> String {
    if text.len() <= limit {
        return text.to_owned();
    }
    let keep = limit.saturating_sub(ELLIPSIS.len());
    let mut short = String::with_capacity(limit);
    short.push_str(head(text, keep));
    if limit >= ELLIPSIS.len() {
        short.push_str(ELLIPSIS);
    }
    short
}

/// The first bytes of `text`, at most `limit`, without half a character.
pub(crate) fn head(text: &str, limit: usize) -> &str {
    text.get(..text.floor_char_boundary(limit)).unwrap_or("")
}

/// A string from outside as it stands in a sentence: in double quotes, on one
/// line, ASCII only (`рaypal` shows as `\u{440}aypal`), at most
/// [`STRING_BYTES`] of it. A value that looks like a JWT is not shown, nor what
/// stands before the `@` of a URL: people do put a token where its path
/// belongs, and a password into an address.
#[derive(Clone, Copy, Debug)]
pub struct Quoted<'a>(pub &'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if looks_like_a_jwt(self.0) {
            return f.write_str("\"[redacted]\"");
        }
        let (start, value) = match self.0.split_once("://") {
            Some((_, rest)) if rest.contains('@') => (
                "[redacted]@",
                rest.rsplit_once('@').map_or("", |(_, host)| host),
            ),
            _ => ("", self.0),
        };
        let shown = head(value, STRING_BYTES);
        let mark = if shown.len() < value.len() {
            ELLIPSIS
        } else {
            ""
        };
        write!(f, "\"{start}{}{mark}\"", shown.escape_default())
    }
}

/// Whether `value` is, to the eye, a JWT: its header starts with `{"`.
pub fn looks_like_a_jwt(value: &str) -> bool {
    value.trim_start().starts_with("eyJ")
        && crate::assertion::is_compact_jws(value.trim_start().as_bytes())
}
