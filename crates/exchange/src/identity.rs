//! Who asks, and in which tenant.

use alloc::borrow::ToOwned;
use alloc::string::String;

use crate::bounds::{EscapedChar, has, split};
use crate::cloud::is_label;
use crate::text::{Say, display, say};

/// Longest client or server id in bytes.
pub const ID_BYTES: usize = 256;

/// Names that stand for "any tenant". An app has no token to get there
/// (AADSTS9001023), and ADFS is not Entra ID.
const RESERVED_TENANTS: [&str; 4] = ["common", "organizations", "consumers", "adfs"];

/// Why a text is not an id.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum IdFault {
    /// There is nothing.
    Empty,
    /// It is longer than [`ID_BYTES`].
    TooLong,
    /// It holds a space, a quote, or a character that is not printable ASCII.
    Character(char),
}

impl Say for IdFault {
    #[inline(never)]
    fn say(&self, text: &mut String) {
        match self {
            Self::Empty => text.push_str("it is empty"),
            Self::TooLong => say!(text, "it is longer than ", ID_BYTES, " bytes"),
            Self::Character(found) => say!(text, "it holds '", EscapedChar(*found), "'"),
        }
    }
}

impl core::error::Error for IdFault {}

/// An id is printable ASCII without space and quotes: what a shell or a YAML
/// file left over of a bad quotation is not sent to anyone.
pub(crate) fn check_id(text: &str) -> Result<(), IdFault> {
    if text.is_empty() {
        return Err(IdFault::Empty);
    }
    if let Some(odd) = text
        .chars()
        .find(|c| !c.is_ascii_graphic() || matches!(c, '"' | '\'' | '`'))
    {
        return Err(IdFault::Character(odd));
    }
    if text.len() > ID_BYTES {
        return Err(IdFault::TooLong);
    }
    Ok(())
}

/// The client id of the application or managed identity, as a rule a GUID.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientId(String);

impl ClientId {
    /// Reads a client id.
    ///
    /// # Errors
    /// See [`IdFault`].
    pub fn parse(text: &str) -> Result<Self, IdFault> {
        check_id(text)?;
        Ok(Self(text.to_owned()))
    }

    /// The id as it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Say for ClientId {
    #[inline(never)]
    fn say(&self, text: &mut String) {
        text.push_str(&self.0)
    }
}

/// Why a text is not a tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TenantFault {
    /// `common`, `organizations`, `consumers` or `adfs`.
    Reserved,
    /// Neither a GUID nor a DNS name.
    NeitherGuidNorName,
}

impl Say for TenantFault {
    #[inline(never)]
    fn say(&self, text: &mut String) {
        text.push_str(match self {
            Self::Reserved => "it stands for no single tenant of Entra ID",
            Self::NeitherGuidNorName => "it is neither a GUID nor a domain name",
        })
    }
}

impl core::error::Error for TenantFault {}

/// A tenant: a GUID or a verified domain. It is one path segment of the token
/// endpoint and needs no escape there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tenant(String);

impl Tenant {
    /// Reads a tenant.
    ///
    /// # Errors
    /// See [`TenantFault`].
    pub fn parse(text: &str) -> Result<Self, TenantFault> {
        if RESERVED_TENANTS
            .iter()
            .any(|name| name.eq_ignore_ascii_case(text))
        {
            return Err(TenantFault::Reserved);
        }
        if is_guid(text) || is_domain(text) {
            return Ok(Self(text.to_owned()));
        }
        Err(TenantFault::NeitherGuidNorName)
    }

    /// The tenant as it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Say for Tenant {
    #[inline(never)]
    fn say(&self, text: &mut String) {
        text.push_str(&self.0)
    }
}

fn is_guid(text: &str) -> bool {
    let fits = |(at, byte): (usize, u8)| match at {
        8 | 13 | 18 | 23 => byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    };
    text.len() == 36 && text.bytes().enumerate().all(fits)
}

fn is_domain(text: &str) -> bool {
    text.len() <= 253 && has(text, b'.') && split(text.as_bytes(), b'.').all(is_label)
}

display!(IdFault, ClientId, TenantFault, Tenant);
