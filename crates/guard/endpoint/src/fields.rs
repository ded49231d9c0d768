//! Headers, in here alone: the runtime gets to see those that were judged.

use alloc::string::String;
use alloc::vec::Vec;
use core::cell::RefCell;

use crate::bindings::exports::wasi::http::types as wit;
use wit::HeaderError;

/// Names in lower case with their values, in order.
pub(crate) type Entries = Vec<(String, Vec<u8>)>;

/// Headers or trailers.
pub(crate) struct Fields {
    entries: RefCell<Entries>,
    /// Those of a message cannot be changed.
    fixed: bool,
}

impl Fields {
    /// The headers of a message.
    pub(crate) fn fixed(entries: Entries) -> Self {
        Self {
            entries: RefCell::new(entries),
            fixed: true,
        }
    }

    /// What is in it.
    pub(crate) fn take(self) -> Entries {
        self.entries.into_inner()
    }

    fn change(&self, change: impl FnOnce(&mut Entries)) -> Result<(), HeaderError> {
        if self.fixed {
            return Err(HeaderError::Immutable);
        }
        change(&mut self.entries.borrow_mut());
        Ok(())
    }
}

impl wit::GuestFields for Fields {
    fn new() -> Self {
        Self {
            entries: RefCell::default(),
            fixed: false,
        }
    }

    fn from_list(entries: Entries) -> Result<wit::Fields, HeaderError> {
        let lower = |(name, value): (String, Vec<u8>)| (name.to_ascii_lowercase(), value);
        Ok(wit::Fields::new(Self {
            entries: RefCell::new(entries.into_iter().map(lower).collect()),
            fixed: false,
        }))
    }

    fn get(&self, name: String) -> Vec<Vec<u8>> {
        let entries = self.entries.borrow();
        let named = entries
            .iter()
            .filter(|(known, _)| known.eq_ignore_ascii_case(&name));
        named.map(|(_, value)| value.clone()).collect()
    }

    fn has(&self, name: String) -> bool {
        !self.get(name).is_empty()
    }

    fn set(&self, name: String, value: Vec<Vec<u8>>) -> Result<(), HeaderError> {
        let name = name.to_ascii_lowercase();
        self.change(|entries| {
            entries.retain(|(known, _)| *known != name);
            entries.extend(value.into_iter().map(|value| (name.clone(), value)));
        })
    }

    fn delete(&self, name: String) -> Result<(), HeaderError> {
        self.set(name, Vec::new())
    }

    fn append(&self, name: String, value: Vec<u8>) -> Result<(), HeaderError> {
        self.change(|entries| entries.push((name.to_ascii_lowercase(), value)))
    }

    fn entries(&self) -> Entries {
        self.entries.borrow().clone()
    }

    fn clone(&self) -> wit::Fields {
        wit::Fields::new(Self {
            entries: self.entries.clone(),
            fixed: false,
        })
    }
}
