//! How long strings from outside may be, and how they stand in a text.

use crate::text::{Hex, Say, display, say};
use alloc::borrow::ToOwned;
use alloc::string::String;

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

impl Say for Quoted<'_> {
    fn say(&self, text: &mut String) {
        if looks_like_a_jwt(self.0) {
            return text.push_str("\"[redacted]\"");
        }
        let (start, value) = match split_scheme(self.0) {
            Some((_, rest)) if has(rest, b'@') => ("[redacted]@", behind_last(rest, b'@')),
            _ => ("", self.0),
        };
        let shown = head(value, STRING_BYTES);
        let mark = if shown.len() < value.len() {
            ELLIPSIS
        } else {
            ""
        };
        say!(text, "\"", start, Escaped(shown), mark, "\"")
    }
}

/// A string on one line and in ASCII, as [`str::escape_default`] has it (which
/// is four times the code).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Escaped<'a>(pub(crate) &'a str);

impl Say for Escaped<'_> {
    fn say(&self, text: &mut String) {
        for found in self.0.chars() {
            match found {
                '\t' => text.push_str("\\t"),
                '\r' => text.push_str("\\r"),
                '\n' => text.push_str("\\n"),
                '\'' | '"' | '\\' => {
                    text.push('\\');
                    text.push(found);
                }
                ' '..='~' => text.push(found),
                _ => say!(text, "\\u{", Hex(u32::from(found)), "}"),
            }
        }
    }
}

/// A character as [`Escaped`] has it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EscapedChar(pub(crate) char);

impl Say for EscapedChar {
    fn say(&self, text: &mut String) {
        Escaped(self.0.encode_utf8(&mut [0; 4])).say(text);
    }
}

/// Whether `text` has that byte, an ASCII character. For a `char` the standard
/// library brings its search for long texts along.
pub(crate) fn has(text: &str, byte: u8) -> bool {
    text.bytes().any(|found| found == byte)
}

/// The parts between each `byte`, as bytes: one kind of iterator for all.
pub(crate) fn split(text: &[u8], byte: u8) -> impl DoubleEndedIterator<Item = &[u8]> {
    text.split(move |found| *found == byte)
}

/// What stands behind the last `byte`, an ASCII character: all, if there is
/// none.
pub(crate) fn behind_last(text: &str, byte: u8) -> &str {
    let before = text.as_bytes().iter().rposition(|found| *found == byte);
    text.get(before.map_or(0, |at| at + 1)..).unwrap_or("")
}

/// The number that digits, and nothing else, stand for.
pub(crate) fn number(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_u64, |number, byte| {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        number.checked_mul(10)?.checked_add(digit.into())
    })
}

/// What stands before and behind the first `://`.
pub(crate) fn split_scheme(text: &str) -> Option<(&str, &str)> {
    split_at_first(text, b"://")
}

/// What stands before and behind the first `mark`, which is ASCII. The search
/// of `str` is made for long texts and is a fortieth of the component.
pub(crate) fn split_at_first<'t>(text: &'t str, mark: &[u8]) -> Option<(&'t str, &'t str)> {
    let at = text
        .as_bytes()
        .windows(mark.len())
        .position(|window| window == mark)?;
    Some((text.get(..at)?, text.get(at + mark.len()..)?))
}

/// Whether `value` is, to the eye, a JWT: its header starts with `{"`.
pub fn looks_like_a_jwt(value: &str) -> bool {
    value.trim_start().starts_with("eyJ")
        && crate::assertion::is_compact_jws(value.trim_start().as_bytes())
}

display!(Quoted<'_>, Escaped<'_>, EscapedChar);

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use proptest::prelude::*;

    use super::{Escaped, EscapedChar, behind_last, number, split_at_first};

    proptest! {
        #[test]
        fn strings_are_escaped_as_the_standard_library_does(text: String, odd: char) {
            let text = text + "\t\r\n'\"\\~\u{7f}\0";
            prop_assert_eq!(Escaped(&text).to_string(), text.escape_default().to_string());
            prop_assert_eq!(EscapedChar(odd).to_string(), odd.escape_default().to_string());
        }

        #[test]
        fn the_last_part_is_found_as_the_standard_library_does(text in "[a.é]{0,6}") {
            prop_assert_eq!(behind_last(&text, b'.'), text.rsplit('.').next().unwrap());
        }

        #[test]
        fn numbers_are_read_as_the_standard_library_does(
            text in "[0-9]{0,21}|[+-]?[0-9]{0,3}[ a/:]?"
        ) {
            let digits = text.bytes().all(|byte| byte.is_ascii_digit());
            let theirs = text.parse().ok().filter(|_| digits);
            prop_assert_eq!(number(text.as_bytes()), theirs);
        }

        #[test]
        fn marks_are_found_as_the_standard_library_does(text in "[a:/]{0,12}") {
            prop_assert_eq!(split_at_first(&text, b"://"), text.split_once("://"));
        }
    }
}
