//! JSON objects from outside, read strictly and within bounds: a key occurs
//! once, and what is kept is little more than the text itself.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use zeroize::Zeroizing;

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

impl fmt::Display for JsonFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax { line, column } => {
                write!(f, "not JSON at line {line}, column {column}")
            }
            Self::Truncated => f.write_str("JSON that ends too early"),
            Self::NotAnObject => f.write_str("JSON, but not an object"),
            Self::DuplicateKey => f.write_str("JSON with a key that occurs twice"),
            Self::TooManyKeys => write!(f, "JSON with more than {MAX_KEYS} keys"),
        }
    }
}

/// The top level of a JSON object.
pub(crate) struct Object(Vec<(Zeroizing<String>, Node)>);

/// A value of the top level.
pub(crate) enum Node {
    Scalar(Scalar),
    List(Vec<Scalar>),
}

/// A value without values in it; what has some is [`Scalar::Other`].
pub(crate) enum Scalar {
    Null,
    Unsigned(u64),
    Negative(i64),
    Float(f64),
    Text(Zeroizing<String>),
    Other,
}

/// What a visitor says of a key too many; told apart from syntax errors by
/// the type of error alone, serde_json keeps no more.
const TOO_MANY_KEYS: &str = "too many keys";

impl Object {
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, JsonFault> {
        use serde_json::error::Category;

        let first = bytes.trim_ascii_start().first();
        let Object(entries) =
            serde_json::from_slice::<Self>(bytes).map_err(|error| match error.classify() {
                Category::Data if first != Some(&b'{') => JsonFault::NotAnObject,
                Category::Data => JsonFault::TooManyKeys,
                Category::Eof => JsonFault::Truncated,
                Category::Syntax | Category::Io => JsonFault::Syntax {
                    line: error.line(),
                    column: error.column(),
                },
            })?;
        let mut rest = entries.iter();
        while let Some((key, _)) = rest.next() {
            if rest.as_slice().iter().any(|(other, _)| other == key) {
                return Err(JsonFault::DuplicateKey);
            }
        }
        Ok(Self(entries))
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
        let seconds = match self {
            Self::Unsigned(value) => i64::try_from(*value).ok()?,
            Self::Negative(value) => *value,
            #[expect(
                clippy::cast_possible_truncation,
                reason = "a float out of range saturates and is refused below"
            )]
            Self::Float(value) if value.is_finite() => *value as i64,
            _ => return None,
        };
        (-LAST_SECOND..=LAST_SECOND)
            .contains(&seconds)
            .then_some(seconds)
    }

    /// A whole number that is not negative, or a string of digits: both are
    /// seen in token replies (MSAL for Go, `tokens.go`).
    pub(crate) fn count(&self) -> Option<u64> {
        match self {
            Self::Unsigned(value) => Some(*value),
            Self::Text(text) if text.bytes().all(|byte| byte.is_ascii_digit()) => text.parse().ok(),
            _ => None,
        }
    }
}

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;
        impl<'de> Visitor<'de> for Entries {
            type Value = Object;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object, A::Error> {
                let mut entries = Vec::new();
                while let Some((key, node)) = map.next_entry::<String, Node>()? {
                    if entries.len() == MAX_KEYS {
                        return Err(A::Error::custom(TOO_MANY_KEYS));
                    }
                    entries.push((Zeroizing::new(key), node));
                }
                Ok(Object(entries))
            }
        }
        deserializer.deserialize_map(Entries)
    }
}

/// Visits a value; a list only where one may stand.
struct Value {
    list: bool,
}

impl<'de> Visitor<'de> for Value {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Node, E> {
        Ok(Node::Scalar(Scalar::Other))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
        Ok(Node::Scalar(
            u64::try_from(value).map_or(Scalar::Negative(value), Scalar::Unsigned),
        ))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
        Ok(Node::Scalar(Scalar::Unsigned(value)))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Node, E> {
        Ok(Node::Scalar(Scalar::Float(value)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Node, E> {
        Ok(Node::Scalar(Scalar::Text(Zeroizing::new(value.into()))))
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Scalar(Scalar::Null))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Node, A::Error> {
        let mut list = Vec::new();
        while self.list && list.len() < MAX_ELEMENTS {
            match seq.next_element()? {
                None => return Ok(Node::List(list)),
                Some(scalar) => list.push(scalar),
            }
        }
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(if self.list {
            Node::List(list)
        } else {
            Node::Scalar(Scalar::Other)
        })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Node::Scalar(Scalar::Other))
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Value { list: true })
    }
}

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match deserializer.deserialize_any(Value { list: false })? {
            Node::Scalar(scalar) => Ok(scalar),
            Node::List(_) => Ok(Self::Other),
        }
    }
}
