//! JSON objects from outside, read strictly and within bounds: a key occurs
//! once, and what is kept is little more than the text itself.
//!
//! The top level is read, and of its lists the scalars; what lies deeper is
//! checked and dropped. A general JSON library does far more than that, and
//! would be a tenth of the component.

mod reader;

use alloc::string::String;
use alloc::vec::Vec;

use zeroize::Zeroizing;

use self::reader::{Number, Reader};
use crate::bounds::number;
use crate::text::{Say, display, say};
use crate::utc::LAST_SECOND;

/// More keys than this are refused: a token reply has five, a federated token
/// a dozen, and the search for duplicates is quadratic.
const MAX_KEYS: usize = 128;
/// More list elements than this are not kept.
const MAX_ELEMENTS: usize = 64;

/// Why bytes are not an object that is taken. It holds no content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum JsonFault {
    /// Not JSON, from that place on.
    Syntax {
        /// Line, from 1.
        line: usize,
        /// Column in bytes, from 1.
        column: usize,
    },
    /// JSON that ends too early.
    Truncated,
    /// JSON, but not an object.
    NotAnObject,
    /// A key occurs twice.
    DuplicateKey,
    /// Too many keys.
    TooManyKeys,
}

impl Say for JsonFault {
    fn say(&self, text: &mut String) {
        match self {
            Self::Syntax { line, column } => {
                say!(text, "not JSON at line ", line, ", column ", column)
            }
            Self::Truncated => text.push_str("JSON that ends too early"),
            Self::NotAnObject => text.push_str("JSON, but not an object"),
            Self::DuplicateKey => text.push_str("JSON with a key that occurs twice"),
            Self::TooManyKeys => say!(text, "JSON with more than ", MAX_KEYS, " keys"),
        }
    }
}

/// The top level of a JSON object.
pub(crate) struct Object(Vec<Entry>);

type Entry = (Zeroizing<String>, Node);

/// A value of the top level.
#[cfg_attr(test, derive(Debug, PartialEq))]
pub(crate) enum Node {
    Scalar(Scalar),
    List(Vec<Scalar>),
}

/// A value without values in it; what has some is [`Scalar::Other`].
#[cfg_attr(test, derive(Debug, PartialEq))]
pub(crate) enum Scalar {
    Null,
    Number(Number),
    Text(Zeroizing<String>),
    Other,
}

impl Object {
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, JsonFault> {
        let mut reader = Reader::new(bytes);
        let entries = entries(&mut reader).ok_or_else(|| reader.fault())?;
        let entries = entries.ok_or(JsonFault::NotAnObject)?;
        if entries.len() > MAX_KEYS {
            return Err(JsonFault::TooManyKeys);
        }
        if !reader.ends() {
            return Err(reader.fault());
        }
        let mut rest = entries.iter();
        while let Some((key, _)) = rest.next() {
            if rest.as_slice().iter().any(|(other, _)| other == key) {
                return Err(JsonFault::DuplicateKey);
            }
        }
        Ok(Self(entries))
    }

    /// Every key, in the order of the text.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }

    /// The value of a key; `null` counts as absent.
    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        self.0
            .iter()
            .find(|(name, _)| name.as_str() == key)
            .map(|(_, node)| node)
            .filter(|node| !matches!(node, Node::Scalar(Scalar::Null)))
    }

    /// The value of a key, if it is a string.
    pub(crate) fn text(&self, key: &str) -> Option<&str> {
        self.get(key).and_then(Node::text)
    }
}

/// Reads an object up to its end, or up to one key too many. `Some(None)` if it
/// is another value.
fn entries(reader: &mut Reader<'_>) -> Option<Option<Vec<Entry>>> {
    let first = reader.token();
    if first != b'{' {
        if first != b'[' {
            reader.scalar(first)?;
        }
        return Some(None);
    }
    let mut entries = Vec::new();
    let mut more = reader.is_not_empty(b'}');
    while more && entries.len() <= MAX_KEYS {
        entries.push((reader.key()?, node(reader)?));
        more = reader.goes_on(b'}')?;
    }
    Some(Some(entries))
}

fn node(reader: &mut Reader<'_>) -> Option<Node> {
    let first = reader.token();
    if first != b'[' {
        return scalar(reader, first).map(Node::Scalar);
    }
    let mut list = Vec::new();
    let mut more = reader.is_not_empty(b']');
    while more {
        let first = reader.token();
        if list.len() < MAX_ELEMENTS {
            list.push(scalar(reader, first)?);
        } else {
            reader.skip(first)?;
        }
        more = reader.goes_on(b']')?;
    }
    Some(Node::List(list))
}

fn scalar(reader: &mut Reader<'_>, first: u8) -> Option<Scalar> {
    if matches!(first, b'{' | b'[') {
        reader.skip(first)?;
        return Some(Scalar::Other);
    }
    reader.scalar(first)
}

impl Node {
    pub(crate) const fn scalar(&self) -> Option<&Scalar> {
        match self {
            Self::Scalar(scalar) => Some(scalar),
            Self::List(_) => None,
        }
    }

    pub(crate) fn text(&self) -> Option<&str> {
        self.scalar().and_then(Scalar::text)
    }
}

impl Scalar {
    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A NumericDate (RFC 7519, section 2): seconds, perhaps with a fraction,
    /// which is dropped.
    pub(crate) fn unix_seconds(&self) -> Option<i64> {
        match self {
            Self::Number(number) => number
                .truncated
                .filter(|seconds| (-LAST_SECOND..=LAST_SECOND).contains(seconds)),
            _ => None,
        }
    }

    /// A whole number that is not negative, or a string of digits: both are
    /// seen in token replies (MSAL for Go, `tokens.go`).
    pub(crate) fn count(&self) -> Option<u64> {
        match self {
            Self::Number(number) => number.count,
            Self::Text(text) => number(text.as_bytes()),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;

display!(JsonFault);
