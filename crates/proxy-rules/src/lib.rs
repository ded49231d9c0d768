//! What a proxy that adds the access token to requests decides without I/O.
//!
//! One copy for all of them, the `wasi:http` gateway, the proxy-wasm filter and
//! the host's own server: which of a caller's headers go on ([`header`]), which
//! requests go on at all ([`rules`]) and to where ([`settings`]), when a token is
//! renewed and until when it is used ([`refresh`]), and what a caller is told
//! instead of an answer ([`status`]). Start at [`rules::Rules`].

#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod header;
mod path;
pub mod refresh;
pub mod rules;
pub mod settings;
pub mod status;
mod verb;

pub use verb::{VERBS, verbs};

/// Its examples are compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadMe;
