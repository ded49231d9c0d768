//! For what the access token is asked.

use alloc::borrow::ToOwned;
use alloc::string::String;

use crate::bounds::{EscapedChar, STRING_BYTES, split};
use crate::identity::{IdFault, check_id};
use crate::text::{Say, display, said, say};

/// The application id of the "Azure Kubernetes Service AAD Server", the same
/// in every cloud (kubelogin, docs/concepts/aks.md).
pub const AKS_SERVER_APP_ID: &str = "6dae42f8-4368-4678-94ff-3960e28e3630";

/// What a scope ends with where an app asks for all it was given.
const DEFAULT_SUFFIX: &str = "/.default";

/// Why a text is not a scope.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ScopeFault {
    /// There is nothing, or nothing but spaces.
    Empty,
    /// It is longer than 256 bytes.
    TooLong,
    /// A character that no scope has (RFC 6749, section 3.3).
    Character(char),
}

impl Say for ScopeFault {
    fn say(&self, text: &mut String) {
        match self {
            Self::Empty => text.push_str("it is empty"),
            Self::TooLong => say!(text, "it is longer than ", STRING_BYTES, " bytes"),
            Self::Character(found) => say!(text, "it holds '", EscapedChar(*found), "'"),
        }
    }
}

impl core::error::Error for ScopeFault {}

/// What is asked for, as it is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope(String);

impl Scope {
    /// Takes a scope verbatim: tokens of RFC 6749, section 3.3, with single
    /// spaces between them.
    ///
    /// # Errors
    /// See [`ScopeFault`].
    pub fn parse(text: &str) -> Result<Self, ScopeFault> {
        if text.chars().all(|c| c == ' ') {
            return Err(ScopeFault::Empty);
        }
        if let Some(odd) = text
            .chars()
            .find(|c| !(c.is_ascii_graphic() || *c == ' ') || matches!(c, '"' | '\\'))
        {
            return Err(ScopeFault::Character(odd));
        }
        if split(text.as_bytes(), b' ').any(<[u8]>::is_empty) {
            return Err(ScopeFault::Character(' '));
        }
        if text.len() > STRING_BYTES {
            return Err(ScopeFault::TooLong);
        }
        Ok(Self(text.to_owned()))
    }

    /// The scope of a server application: its id and `/.default`. One `/` at
    /// the end is trimmed and a `/.default` that is there is kept, as
    /// kubelogin's `GetScope` does.
    ///
    /// # Errors
    /// See [`ScopeFault`]; an id has no spaces and no quotes.
    pub fn of_server(id: &str) -> Result<Self, ScopeFault> {
        let id = id.strip_suffix('/').unwrap_or(id);
        check_id(id).map_err(|fault| match fault {
            IdFault::Empty => ScopeFault::Empty,
            IdFault::TooLong => ScopeFault::TooLong,
            IdFault::Character(found) => ScopeFault::Character(found),
        })?;
        if id.ends_with(DEFAULT_SUFFIX) {
            Self::parse(id)
        } else {
            Self::parse(&said!(id, DEFAULT_SUFFIX))
        }
    }

    /// The scope for AKS.
    #[must_use]
    pub fn aks() -> Self {
        Self(said!(AKS_SERVER_APP_ID, DEFAULT_SUFFIX))
    }

    /// The scope as it is sent.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Say for Scope {
    fn say(&self, text: &mut String) {
        text.push_str(&self.0)
    }
}

display!(ScopeFault, Scope);
