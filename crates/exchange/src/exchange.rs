//! The exchange as a state machine: it says what to do next, the shell does
//! it and feeds back what happened and when.
//!
//! ```text
//! start ──▶ ReadFile ──▶ Send ──▶ Done
//!              ▲          │ ▲
//!              └─700024───┤ │
//!                         ▼ │
//!                      WaitUntil
//! ```

mod fault;
mod inspect;
mod machine;
pub mod single;
mod verdict;

use alloc::vec::Vec;

use zeroize::Zeroizing;

pub use fault::{FileFault, FileFaultKind, TransportFault, TransportFaultKind};
pub use inspect::Inspect;
pub use machine::Exchange;

use crate::assertion::AssertionFacts;
use crate::error::TokenError;
use crate::reply::HttpReply;
use crate::request::HttpRequest;
use crate::scope::Scope;
use crate::secret::Secret;
use crate::text::{Say, display, say};
use alloc::string::String;

/// Longest `claims` in bytes: escaped, they and the federated token fit the
/// 64 KiB that the host reads of a form.
pub const CLAIMS_BYTES: usize = 8 * 1024;

/// Both clocks at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Now {
    /// The wall clock: Unix seconds.
    pub unix_seconds: i64,
    /// A clock that never goes back: nanoseconds since any fixed moment.
    pub monotonic_nanos: u64,
}

/// What may be chosen about one exchange.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The scope to ask for; the one from the settings if `None`.
    pub scope: Option<Scope>,
    /// The `claims` form field, JSON from a claims challenge.
    pub claims: Option<Secret>,
    /// Give up this long from now, in nanoseconds.
    pub deadline: Option<u64>,
    /// Go on asking for at most this long, in nanoseconds, after answers that
    /// are seen while a new federated credential spreads. 0 turns it off.
    pub retry_propagation: u64,
    /// Send the federated token whatever its own times say.
    pub skip_assertion_checks: bool,
    /// Seeds the jitter of retries; a shell takes it from a clock.
    pub jitter_seed: u64,
}

/// What the shell does next.
#[derive(Debug)]
pub enum Step {
    /// Read the federated token file; answer with [`Input::File`].
    ReadFile,
    /// Send this and read the answer, up to [`crate::reply::BODY_BYTES`] of
    /// body, within [`Exchange::deadline`]; answer with [`Input::Reply`].
    Send(HttpRequest),
    /// Wait until the monotonic clock shows this (nanoseconds); answer with
    /// [`Input::Time`].
    WaitUntil(u64),
    /// It is over.
    Done(Result<AccessToken, TokenError>),
}

/// What the shell saw.
#[derive(Debug)]
pub enum Input {
    /// The federated token file.
    File(Result<Zeroizing<Vec<u8>>, FileFault>),
    /// The authority's answer.
    Reply(Result<HttpReply, TransportFault>),
    /// Time has passed.
    Time,
}

/// An input that the last step did not ask for: a mistake of the shell. The
/// exchange stays as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WrongInput {
    /// What the machine waits for.
    pub expected: &'static str,
    /// What it was given.
    pub given: &'static str,
}

impl Say for WrongInput {
    fn say(&self, text: &mut String) {
        say!(
            text,
            "the exchange waits for ",
            self.expected,
            ", not for ",
            self.given
        )
    }
}

impl core::error::Error for WrongInput {}

/// The answer to an exchange.
#[derive(Clone, Debug)]
pub struct AccessToken {
    /// The bearer token: printable ASCII without spaces.
    pub token: Secret,
    /// The kind of token, always `Bearer`.
    pub token_type: &'static str,
    /// When the token ends, Unix seconds.
    pub expires_on: i64,
    /// When the authority suggests to renew it, Unix seconds.
    pub refresh_on: Option<i64>,
    /// The scope that was asked for.
    pub scope: Scope,
    /// How many requests were sent to the authority.
    pub requests: u32,
    /// What the federated token said of itself.
    pub assertion: AssertionFacts,
}

display!(WrongInput);
