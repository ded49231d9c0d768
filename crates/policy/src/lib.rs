//! What the grants allow, decided without I/O.
//!
//! Each module answers one question with a value or with the [`Rule`] that
//! was broken: is this the one request ([`target`], [`header`], [`form`]), is
//! this the one file ([`mod@file`]), may this address be connected to
//! ([`address`]), may this kept token be used ([`cache`]), and through what does
//! a request go out ([`proxy`], [`identity_binding`]). The host asks before it
//! acts; a guard component can ask the
//! same code on a runtime that has no such rules of its own. Nothing here
//! resolves, opens, connects or logs. Start at [`target::Target`].

#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod address;
pub mod cache;
pub mod file;
pub mod form;
pub mod guard;
pub mod header;
pub mod identity_binding;
mod place;
pub mod proxy;
mod rule;
pub mod target;

pub use rule::Rule;

/// Its examples are compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadMe;
