//! Envoy's static bootstrap with Keyhole's plugin: written for given settings
//! ([`bootstrap`]), and checked for what would let a token or the federated token
//! go where it should not ([`check`]). No I/O; Envoy itself decides whether a
//! file is one it can start with.

#![forbid(unsafe_code)]

pub mod bootstrap;
pub mod capabilities;
pub mod check;
pub mod url;
mod yaml;
