//! The grammar of RFC 8259, byte by byte, without recursion: however deep a
//! text nests, the stack does not grow.

use alloc::string::String;
use alloc::vec::Vec;

use zeroize::Zeroizing;

use super::{JsonFault, Scalar};
use crate::bounds::{number, split};

/// A number, as far as the rules look at it. No float: those that matter are
/// seconds, and a float would bring its own parser.
#[derive(Clone, Copy)]
#[cfg_attr(test, derive(Debug, PartialEq))]
pub(crate) struct Number {
    /// Its value, if it is written with digits alone.
    pub(crate) count: Option<u64>,
    /// Its value without the fraction, if that is not too large.
    pub(crate) truncated: Option<i64>,
}

/// Where in a text the reader stands. Functions return `None` where the last
/// byte that was read should not be there: [`Reader::fault`] says what it is.
pub(super) struct Reader<'t> {
    text: &'t [u8],
    /// Of the next byte; beyond the text where one more was wanted.
    at: usize,
    /// The brackets that close what [`Reader::skip`] is in. Kept from value to
    /// value: a list of small lists would allocate for each one.
    open: Vec<u8>,
}

impl<'t> Reader<'t> {
    pub(super) const fn new(text: &'t [u8]) -> Self {
        Self {
            text,
            at: 0,
            open: Vec::new(),
        }
    }

    /// The next byte that is not white space; 0, which JSON has nowhere, at
    /// the end.
    pub(super) fn token(&mut self) -> u8 {
        loop {
            let byte = self.byte();
            if !matches!(byte, b' ' | b'\t' | b'\n' | b'\r') {
                return byte;
            }
        }
    }

    /// Whether something stands between a bracket that was read and `close`,
    /// which is read if not.
    pub(super) fn is_not_empty(&mut self, close: u8) -> bool {
        let empty = self.token() == close;
        if !empty {
            self.at -= 1;
        }
        !empty
    }

    /// Reads the comma or `close` behind a value, and says whether another
    /// value follows.
    pub(super) fn goes_on(&mut self, close: u8) -> Option<bool> {
        let byte = self.token();
        (byte == b',' || byte == close).then_some(byte == b',')
    }

    /// Reads `"key" :`.
    pub(super) fn key(&mut self) -> Option<Zeroizing<String>> {
        unescape(self.raw_key()?)
    }

    /// Reads a value that begins with `first` and is no list and no object.
    pub(super) fn scalar(&mut self, first: u8) -> Option<Scalar> {
        let (rest, scalar): (&[u8], _) = match first {
            b'"' => return unescape(self.raw_string()?).map(Scalar::Text),
            b'-' | b'0'..=b'9' => return self.number(first).map(Scalar::Number),
            b'n' => (b"ull", Scalar::Null),
            b't' => (b"rue", Scalar::Other),
            b'f' => (b"alse", Scalar::Other),
            _ => return None,
        };
        rest.iter()
            .all(|expected| self.byte() == *expected)
            .then_some(scalar)
    }

    /// Reads any value that begins with `first` and drops it.
    pub(super) fn skip(&mut self, mut first: u8) -> Option<()> {
        loop {
            let close = match first {
                b'{' => b'}',
                b'[' => b']',
                _ => 0,
            };
            let mut more = close != 0 && self.is_not_empty(close);
            if more {
                self.open.push(close);
            } else if first == b'"' {
                self.raw_string()?;
            } else if close == 0 {
                self.scalar(first)?;
            }
            while !more {
                let Some(close) = self.open.last().copied() else {
                    return Some(());
                };
                more = self.goes_on(close)?;
                if !more {
                    self.open.pop();
                }
            }
            if self.open.last() == Some(&b'}') {
                self.raw_key()?;
            }
            first = self.token();
        }
    }

    /// Whether nothing but white space follows.
    pub(super) fn ends(&mut self) -> bool {
        self.token();
        self.at > self.text.len()
    }

    /// What is wrong with the last byte that was read.
    pub(super) fn fault(&self) -> JsonFault {
        let Some(before) = self.text.get(..self.at.saturating_sub(1)) else {
            return JsonFault::Truncated;
        };
        if before.len() == self.text.len() {
            return JsonFault::Truncated;
        }
        let mut lines = split(before, b'\n');
        JsonFault::Syntax {
            column: lines.next_back().map_or(0, <[u8]>::len) + 1,
            line: lines.count() + 1,
        }
    }

    fn raw_key(&mut self) -> Option<&'t [u8]> {
        if self.token() != b'"' {
            return None;
        }
        let raw = self.raw_string()?;
        (self.token() == b':').then_some(raw)
    }

    /// What stands between the quote that was read and the next one that is
    /// not escaped.
    fn raw_string(&mut self) -> Option<&'t [u8]> {
        let start = self.at;
        loop {
            match self.byte() {
                b'"' => return self.text.get(start..self.at - 1),
                b'\\' => match self.byte() {
                    b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => {}
                    b'u' => {
                        for _ in 0..4 {
                            if !self.byte().is_ascii_hexdigit() {
                                return None;
                            }
                        }
                    }
                    _ => return None,
                },
                0..0x20 => return None,
                _ => {}
            }
        }
    }

    fn number(&mut self, first: u8) -> Option<Number> {
        let negative = first == b'-';
        if !negative {
            self.at -= 1;
        }
        let whole = self.digits()?;
        if whole.len() > 1 && whole.first() == Some(&b'0') {
            return None;
        }
        let mut plain = !negative;
        let mut fraction: &[u8] = &[];
        if self.peek() == b'.' {
            self.at += 1;
            fraction = self.digits()?;
            plain = false;
        }
        let mut exponent = 0;
        if matches!(self.peek(), b'e' | b'E') {
            self.at += 1;
            let sign = self.peek();
            if matches!(sign, b'+' | b'-') {
                self.at += 1;
            }
            exponent = number(self.digits()?)
                .and_then(|value| i64::try_from(value).ok())
                .unwrap_or(i64::MAX);
            if sign == b'-' {
                exponent = -exponent;
            }
            plain = false;
        }
        let magnitude = truncated(whole, fraction, exponent);
        Some(Number {
            count: number(whole).filter(|_| plain),
            truncated: magnitude.map(|value| if negative { -value } else { value }),
        })
    }

    /// Reads one digit or more.
    fn digits(&mut self) -> Option<&'t [u8]> {
        let start = self.at;
        while self.byte().is_ascii_digit() {}
        if self.at == start + 1 {
            return None;
        }
        self.at -= 1;
        self.text.get(start..self.at)
    }

    fn peek(&self) -> u8 {
        self.text.get(self.at).copied().unwrap_or(0)
    }

    fn byte(&mut self) -> u8 {
        let byte = self.peek();
        self.at += 1;
        byte
    }
}

/// `whole.fraction` times ten to the `exponent`, without what is then behind
/// the point.
fn truncated(whole: &[u8], fraction: &[u8], exponent: i64) -> Option<i64> {
    let length = i64::try_from(whole.len()).ok()?.saturating_add(exponent);
    let mut digits = whole.iter().chain(fraction);
    let mut value = 0_i64;
    for _ in 0..length {
        let digit = match digits.next() {
            Some(digit) => digit.wrapping_sub(b'0'),
            // However many zeros follow.
            None if value == 0 => break,
            None => 0,
        };
        value = value.checked_mul(10)?.checked_add(i64::from(digit))?;
    }
    Some(value)
}

/// The text of a string whose escapes are known to be well-formed; `None` if it
/// is not UTF-8 or has half a surrogate pair.
fn unescape(raw: &[u8]) -> Option<Zeroizing<String>> {
    let raw = core::str::from_utf8(raw).ok()?;
    // No escape is shorter than what it stands for: the buffer does not grow,
    // and so leaves no copy.
    let mut text = Zeroizing::new(String::with_capacity(raw.len()));
    let mut rest = raw.chars();
    while let Some(found) = rest.next() {
        if found != '\\' {
            text.push(found);
            continue;
        }
        text.push(match rest.next()? {
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => {
                let mut unit = code_unit(&mut rest)?;
                if let high @ 0xd800..0xdc00 = unit {
                    if (rest.next()?, rest.next()?) != ('\\', 'u') {
                        return None;
                    }
                    let low = code_unit(&mut rest)?.checked_sub(0xdc00)?;
                    if low >= 0x400 {
                        return None;
                    }
                    unit = 0x1_0000 + ((high - 0xd800) << 10) + low;
                }
                char::from_u32(unit)?
            }
            other => other,
        });
    }
    Some(text)
}

/// The four digits behind `\u`.
fn code_unit(digits: &mut core::str::Chars<'_>) -> Option<u32> {
    let mut unit = 0;
    for _ in 0..4 {
        unit = unit << 4 | digits.next()?.to_digit(16)?;
    }
    Some(unit)
}
