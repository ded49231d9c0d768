//! Why there is no token: the variants of the WIT `token-error`, with data.
//! Texts are made of the data in one place, `message` and `next_step`.

mod message;
mod next_step;

use alloc::boxed::Box;
use alloc::string::String;

use crate::assertion::{AssertionFacts, AssertionFault};
use crate::bounds::{MESSAGE_BYTES, cut};
use crate::cloud::AuthorityHost;
use crate::exchange::{FileFault, TransportFault};
use crate::reply::{OAuthError, ReplyFault};
use crate::scope::ScopeFault;
use crate::settings::SettingsError;
use crate::text::{Say, display};

/// An offset of this machine's clock beyond this is named, in seconds.
pub const NOTABLE_OFFSET_SECONDS: u64 = 120;

/// Why there is no token.
#[derive(Clone, Debug)]
pub enum TokenError {
    /// A setting is missing or cannot be used.
    Configuration(ConfigurationError),
    /// The federated token file could not be read.
    TokenFile(Box<TokenFileError>),
    /// The federated token would be refused, so it was not sent.
    Assertion(Box<AssertionError>),
    /// The authority answered and said no.
    Refused(Box<RefusedError>),
    /// The authority could not be asked, or has no answer now.
    Unavailable(Box<UnavailableError>),
    /// The authority's answer cannot be used.
    BadResponse(Box<BadResponseError>),
    /// The host refused something that was asked for.
    Denied(Box<DeniedError>),
}

/// What every failure should say beside its cause.
#[derive(Clone, Debug)]
pub struct Circumstances {
    /// Who is asked.
    pub authority: AuthorityHost,
    /// This machine's clock at the failure, Unix seconds.
    pub now: i64,
    /// The authority's clock minus this machine's, in seconds, by the `Date`
    /// of the last answer that had one.
    pub clock_offset: Option<i64>,
}

/// A setting or an argument cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConfigurationError {
    /// A setting.
    Settings(SettingsError),
    /// The scope of this one request.
    Scope {
        /// What it was.
        value: String,
        /// What is wrong with it.
        fault: ScopeFault,
    },
    /// The claims of this one request are longer than 8 KiB.
    ClaimsTooLong {
        /// Their size in bytes.
        size: usize,
    },
}

/// The federated token file could not be read.
#[derive(Clone, Debug)]
pub struct TokenFileError {
    /// The path as the settings have it.
    pub path: String,
    /// Why.
    pub fault: FileFault,
    /// What else to know.
    pub circumstances: Circumstances,
}

/// The federated token would be refused, so it was not sent.
#[derive(Clone, Debug)]
pub struct AssertionError {
    /// Why.
    pub fault: AssertionFault,
    /// What the token says of itself, if it could be read.
    pub assertion: Option<AssertionFacts>,
    /// What else to know.
    pub circumstances: Circumstances,
}

/// The authority answered and said no.
#[derive(Clone, Debug)]
pub struct RefusedError {
    /// HTTP status.
    pub status: u16,
    /// What it said.
    pub answer: OAuthError,
    /// What the federated token says of itself.
    pub assertion: Option<AssertionFacts>,
    /// How many requests were sent.
    pub requests: u32,
    /// What else to know.
    pub circumstances: Circumstances,
}

/// Why no answer was had; the variants of the WIT enum `unavailable-cause`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnavailableCause {
    /// Name resolution, connection, TLS or HTTP failed.
    Transport,
    /// The deadline passed, or the network's own.
    Timeout,
    /// The authority answered 408, 5xx or `temporarily_unavailable`.
    ServerError,
    /// The authority answered 429.
    Throttled,
}

/// Why it was not tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GaveUp {
    /// Another try would not help.
    Permanent,
    /// Every retry was used.
    Retries,
    /// The deadline passed.
    Deadline,
    /// The next try would come after the deadline.
    DeadlineTooNear {
        /// Seconds to wait for the next try.
        wait: u64,
        /// Seconds left.
        left: u64,
    },
    /// There is no deadline, and the wait is longer than is sensible.
    WaitTooLong {
        /// Seconds to wait for the next try.
        wait: u64,
    },
}

/// The authority could not be asked, or has no answer now.
#[derive(Clone, Debug)]
pub struct UnavailableError {
    /// Why.
    pub cause: UnavailableCause,
    /// What failed on the way, if no answer came.
    pub transport: Option<TransportFault>,
    /// HTTP status of the last answer.
    pub status: Option<u16>,
    /// What the last answer said, if it was understood.
    pub answer: Option<OAuthError>,
    /// Seconds the authority asked to wait.
    pub retry_after: Option<u64>,
    /// Why it was not tried again.
    pub gave_up: GaveUp,
    /// What the federated token says of itself.
    pub assertion: Option<AssertionFacts>,
    /// How many requests were sent.
    pub requests: u32,
    /// What else to know.
    pub circumstances: Circumstances,
}

/// The authority's answer cannot be used.
#[derive(Clone, Debug)]
pub struct BadResponseError {
    /// HTTP status; 0 where there was none.
    pub status: u16,
    /// What is wrong with it.
    pub fault: ReplyFault,
    /// How many requests were sent.
    pub requests: u32,
    /// What else to know.
    pub circumstances: Circumstances,
}

/// The host refused something that was asked for.
#[derive(Clone, Debug)]
pub struct DeniedError {
    /// What the host said.
    pub detail: String,
    /// What else to know.
    pub circumstances: Circumstances,
}

impl TokenError {
    /// What failed and with which value, for a person: one line, at most
    /// 4 KiB, never a secret.
    #[must_use]
    pub fn message(&self) -> String {
        cut(&message::of(self), MESSAGE_BYTES)
    }

    /// What to do next; empty where nothing can be said. At most 4 KiB.
    #[must_use]
    pub fn next_step(&self) -> String {
        cut(&next_step::of(self), MESSAGE_BYTES)
    }

    /// What the federated token said of itself, where it was read.
    #[must_use]
    pub fn assertion(&self) -> Option<&AssertionFacts> {
        match self {
            Self::Assertion(error) => error.assertion.as_ref(),
            Self::Refused(error) => error.assertion.as_ref(),
            Self::Unavailable(error) => error.assertion.as_ref(),
            _ => None,
        }
    }
}

impl Say for TokenError {
    fn say(&self, text: &mut String) {
        text.push_str(&self.message())
    }
}

impl core::error::Error for TokenError {}

impl From<SettingsError> for TokenError {
    fn from(error: SettingsError) -> Self {
        Self::Configuration(ConfigurationError::Settings(error))
    }
}

display!(TokenError);
