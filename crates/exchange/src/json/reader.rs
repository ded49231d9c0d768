//! The grammar of RFC 8259, byte by byte, without recursion: however deep a
//! text nests, the stack does not grow.

use alloc::string::String;
use alloc::vec::Vec;

use zeroize::Zeroizing;

use super::{JsonFault, Scalar};

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

/// Where in a text the reader stands.
pub(super) struct Reader<'t> {
    text: &'t [u8],
    /// Of the next byte.
    at: usize,
}

impl<'t> Reader<'t> {
    pub(super) const fn new(text: &'t [u8]) -> Self {
        Self { text, at: 0 }
    }

    /// The next byte that is not white space.
    pub(super) fn token(&mut self) -> Result<u8, JsonFault> {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
        self.byte()
    }

    /// Whether something stands between a bracket that was read and `close`,
    /// which is read if not.
    pub(super) fn is_not_empty(&mut self, close: u8) -> Result<bool, JsonFault> {
        let empty = self.token()? == close;
        if !empty {
            self.at -= 1;
        }
        Ok(!empty)
    }

    /// Reads the comma or `close` behind a value, and says whether another
    /// value follows.
    pub(super) fn goes_on(&mut self, close: u8) -> Result<bool, JsonFault> {
        match self.token()? {
            b',' => Ok(true),
            byte if byte == close => Ok(false),
            _ => Err(self.syntax()),
        }
    }

    /// Reads `"key" :`.
    pub(super) fn key(&mut self) -> Result<Zeroizing<String>, JsonFault> {
        let raw = self.raw_key()?;
        unescape(raw).ok_or_else(|| self.syntax())
    }

    /// Reads a value that begins with `first` and is no list and no object.
    pub(super) fn scalar(&mut self, first: u8) -> Result<Scalar, JsonFault> {
        match first {
            b'"' => {
                let raw = self.raw_string()?;
                let text = unescape(raw).ok_or_else(|| self.syntax())?;
                Ok(Scalar::Text(text))
            }
            b'-' | b'0'..=b'9' => self.number(first).map(Scalar::Number),
            b'n' => self.rest(b"ull").map(|()| Scalar::Null),
            b't' => self.rest(b"rue").map(|()| Scalar::Other),
            b'f' => self.rest(b"alse").map(|()| Scalar::Other),
            _ => Err(self.syntax()),
        }
    }

    /// Reads any value that begins with `first` and drops it.
    pub(super) fn skip(&mut self, mut first: u8) -> Result<(), JsonFault> {
        let mut open = Vec::new();
        loop {
            let close = match first {
                b'{' => b'}',
                b'[' => b']',
                b'"' => {
                    self.raw_string()?;
                    0
                }
                _ => {
                    self.scalar(first)?;
                    0
                }
            };
            let mut more = close != 0 && self.is_not_empty(close)?;
            if more {
                open.push(close);
            }
            while !more {
                let Some(close) = open.last() else {
                    return Ok(());
                };
                more = self.goes_on(*close)?;
                if !more {
                    open.pop();
                }
            }
            if open.last() == Some(&b'}') {
                self.raw_key()?;
            }
            first = self.token()?;
        }
    }

    /// Nothing but white space may follow.
    pub(super) fn end(&mut self) -> Result<(), JsonFault> {
        match self.token() {
            Ok(_) => Err(self.syntax()),
            Err(_) => Ok(()),
        }
    }

    fn raw_key(&mut self) -> Result<&'t [u8], JsonFault> {
        if self.token()? != b'"' {
            return Err(self.syntax());
        }
        let raw = self.raw_string()?;
        if self.token()? != b':' {
            return Err(self.syntax());
        }
        Ok(raw)
    }

    /// What stands between the quote that was read and the next one that is
    /// not escaped.
    fn raw_string(&mut self) -> Result<&'t [u8], JsonFault> {
        let start = self.at;
        loop {
            match self.byte()? {
                b'"' => return Ok(self.text.get(start..self.at - 1).unwrap_or(&[])),
                b'\\' => match self.byte()? {
                    b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => {}
                    b'u' => {
                        for _ in 0..4 {
                            if !self.byte()?.is_ascii_hexdigit() {
                                return Err(self.syntax());
                            }
                        }
                    }
                    _ => return Err(self.syntax()),
                },
                0..0x20 => return Err(self.syntax()),
                _ => {}
            }
        }
    }

    fn number(&mut self, first: u8) -> Result<Number, JsonFault> {
        let negative = first == b'-';
        let leading = if negative { self.byte()? } else { first };
        if !leading.is_ascii_digit() {
            return Err(self.syntax());
        }
        self.at -= 1;
        let whole = self.digits()?;
        if leading == b'0' && whole.len() > 1 {
            return Err(self.syntax());
        }
        let mut fraction: &[u8] = &[];
        if self.peek() == Some(b'.') {
            self.at += 1;
            fraction = self.digits()?;
        }
        let mut exponent = None;
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            let sign = self.peek().filter(|byte| matches!(byte, b'+' | b'-'));
            if sign.is_some() {
                self.at += 1;
            }
            let value = value(self.digits()?).unwrap_or(u64::MAX);
            let value = i64::try_from(value).unwrap_or(i64::MAX);
            exponent = Some(if sign == Some(b'-') { -value } else { value });
        }
        let plain = !negative && fraction.is_empty() && exponent.is_none();
        let magnitude = truncated(whole, fraction, exponent.unwrap_or(0));
        Ok(Number {
            count: value(whole).filter(|_| plain),
            truncated: magnitude.map(|value| if negative { -value } else { value }),
        })
    }

    /// Reads one digit or more.
    fn digits(&mut self) -> Result<&'t [u8], JsonFault> {
        let start = self.at;
        if !self.byte()?.is_ascii_digit() {
            return Err(self.syntax());
        }
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        Ok(self.text.get(start..self.at).unwrap_or(&[]))
    }

    fn rest(&mut self, rest: &[u8]) -> Result<(), JsonFault> {
        for expected in rest {
            if self.byte()? != *expected {
                return Err(self.syntax());
            }
        }
        Ok(())
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn byte(&mut self) -> Result<u8, JsonFault> {
        let byte = self.peek().ok_or(JsonFault::Truncated)?;
        self.at += 1;
        Ok(byte)
    }

    /// The last byte that was read should not be there.
    fn syntax(&self) -> JsonFault {
        let before = self.text.get(..self.at.saturating_sub(1)).unwrap_or(&[]);
        let mut lines = before.split(|byte| *byte == b'\n');
        JsonFault::Syntax {
            column: lines.next_back().map_or(0, <[u8]>::len) + 1,
            line: lines.count() + 1,
        }
    }
}

fn value(digits: &[u8]) -> Option<u64> {
    digits.iter().try_fold(0_u64, |value, digit| {
        value
            .checked_mul(10)?
            .checked_add(u64::from(digit.wrapping_sub(b'0')))
    })
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
