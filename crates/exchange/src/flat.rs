//! A flat JSON object of settings, read as strictly as what comes from outside.

pub use crate::json::JsonFault;
use crate::json::{Object, Scalar};

/// An object whose values are strings and numbers.
pub struct Flat(Object);

/// A value is there, and is of another kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WrongKind;

impl Flat {
    /// Reads an object; a key may occur once.
    ///
    /// # Errors
    /// See [`JsonFault`].
    pub fn parse(bytes: &[u8]) -> Result<Self, JsonFault> {
        Object::parse(bytes).map(Self)
    }

    /// Every key, in the order of the text.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.0.keys()
    }

    /// A string; `null` counts as absent.
    ///
    /// # Errors
    /// The value is none.
    pub fn text(&self, key: &str) -> Result<Option<&str>, WrongKind> {
        match self.0.get(key) {
            None => Ok(None),
            Some(node) => node.text().map(Some).ok_or(WrongKind),
        }
    }

    /// A whole number that is not negative; `null` counts as absent.
    ///
    /// # Errors
    /// The value is none.
    pub fn count(&self, key: &str) -> Result<Option<u64>, WrongKind> {
        match self.0.get(key) {
            None => Ok(None),
            Some(node) => node
                .scalar()
                .filter(|scalar| scalar.text().is_none())
                .and_then(Scalar::count)
                .map(Some)
                .ok_or(WrongKind),
        }
    }
}
