//! The exchange of a federated token for an access token, without I/O.
//!
//! This crate knows the rules: which settings count, what is sent to the
//! authority, what its answer means, when to ask again and what to tell a
//! person. It opens no file, no socket and no clock: a shell (the WASI
//! component, a proxy filter, a test) does what [`exchange::Step`] says and
//! feeds back what it saw. Start with [`settings::Settings`], then
//! [`exchange::Exchange`].
//!
//! Nothing here panics, whatever the input: the crate is compiled without
//! indexing, slicing, `unwrap` and `expect`.
#![cfg_attr(not(test), no_std)]
#![cfg_attr(
    not(test),
    deny(
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::string_slice,
        clippy::unreachable,
        clippy::unwrap_used
    )
)]

extern crate alloc;

pub mod assertion;
pub mod bounds;
pub mod cloud;
pub mod error;
pub mod exchange;
pub mod flat;
pub mod form;
pub mod hint;
pub mod http_date;
pub mod identity;
mod json;
pub mod reply;
pub mod request;
pub mod retry;
pub mod scope;
pub mod secret;
pub mod settings;
mod text;
pub mod utc;

pub use error::TokenError;
pub use exchange::{Exchange, Input, Inspect, Now, Options, Step};
pub use settings::{Flags, Settings, SettingsError};

/// Its examples are compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadMe;
