//! Why an answer cannot be used.

use alloc::borrow::ToOwned;
use alloc::string::String;

use super::{BODY_BYTES, HttpReply, TOKEN_BYTES};
use crate::bounds::{Quoted, STRING_BYTES, cut};
use crate::exchange::TransportFault;
use crate::json::JsonFault;
use crate::text::{Say, display, say};

/// Why an answer cannot be used, with what was seen. Never with content of a
/// 200: that may be the access token.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReplyFault {
    /// What came back was no HTTP that can be used.
    Http(TransportFault),
    /// A redirect. None is followed: it would carry the federated token away.
    Redirect,
    /// A status that a token endpoint does not answer with.
    Status,
    /// The body is longer than 1 MiB.
    TooLarge,
    /// The body is not a JSON object.
    NotJson {
        /// What is wrong with it.
        fault: JsonFault,
        /// What it was instead.
        seen: Seen,
    },
    /// A refusal without `error`.
    NoErrorCode {
        /// What it was instead.
        seen: Seen,
    },
    /// `access_token` is missing, empty, or not a string.
    NoAccessToken,
    /// `access_token` is longer than any header may be.
    AccessTokenSize,
    /// `access_token` holds something that a header cannot carry.
    AccessTokenCharacter,
    /// `token_type` is not `Bearer`.
    TokenType {
        /// What it was; empty if it was missing.
        seen: String,
    },
    /// Neither `expires_in` nor `expires_on`.
    NoExpiry,
    /// A number of seconds that is none: negative, no number, or too far in
    /// the future.
    Time {
        /// The key.
        key: &'static str,
    },
}

/// What an answer looked like from outside.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// `Content-Type`, cut to 256 bytes.
    pub content_type: Option<String>,
    /// Size of the body in bytes.
    pub size: usize,
    /// How the body of a refusal began, secrets redacted; empty for a 200.
    pub excerpt: String,
}

impl Seen {
    pub(super) fn of(reply: &HttpReply) -> Self {
        Self {
            content_type: reply
                .content_type
                .as_deref()
                .map(|text| cut(text, STRING_BYTES)),
            size: reply.body.len(),
            excerpt: String::new(),
        }
    }

    pub(super) fn with_excerpt(self, excerpt: &str) -> Self {
        Self {
            excerpt: excerpt.to_owned(),
            ..self
        }
    }
}

impl Say for Seen {
    #[inline(never)]
    fn say(&self, text: &mut String) {
        say!(text, self.size, " bytes of ");
        match &self.content_type {
            Some(content_type) => say!(text, "type ", Quoted(content_type)),
            None => text.push_str("no stated type"),
        }
        if self.excerpt.is_empty() {
            return;
        }
        say!(text, ", beginning with ", Quoted(&self.excerpt))
    }
}

impl Say for ReplyFault {
    #[inline(never)]
    fn say(&self, text: &mut String) {
        match self {
            Self::Http(fault) => say!(text, fault),
            Self::Redirect => text.push_str("it is a redirect, and none is followed"),
            Self::Status => text.push_str("a token endpoint does not answer with this status"),
            Self::TooLarge => say!(text, "its body is longer than ", BODY_BYTES, " bytes"),
            Self::NotJson { seen, .. } if seen.size == 0 => text.push_str("it is empty"),
            Self::NotJson { fault, seen } => say!(text, "it is ", fault, " (", seen, ")"),
            Self::NoErrorCode { seen } => {
                say!(text, "it is JSON without an error code (", seen, ")")
            }
            Self::NoAccessToken => text.push_str("it has no access_token"),
            Self::AccessTokenCharacter => {
                text.push_str("its access_token holds more than printable ASCII without spaces")
            }
            Self::AccessTokenSize => {
                say!(
                    text,
                    "its access_token is longer than ",
                    TOKEN_BYTES,
                    " bytes"
                )
            }
            Self::TokenType { seen } if seen.is_empty() => text.push_str("it has no token_type"),
            Self::TokenType { seen } => {
                say!(text, "its token_type is ", Quoted(seen), ", not Bearer")
            }
            Self::NoExpiry => text.push_str("it has neither expires_in nor expires_on"),
            Self::Time { key } => say!(text, "its ", key, " is not a usable number of seconds"),
        }
    }
}

impl core::error::Error for ReplyFault {}

display!(Seen, ReplyFault);
