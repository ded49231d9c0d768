//! What `verify` and `get-token` take and say, wherever they run: as the program
//! `keyhole`, which asks for tokens in a sandbox of its own, and as the component
//! `keyhole.wasm`, which runs in other people's. Nothing here does I/O. Begin with
//! [`arguments::Invocation`], which is the component's command line; the rest
//! both have in common.
#![cfg_attr(not(test), no_std)]

extern crate alloc;

pub mod arguments;
pub mod duration;
pub mod limits;
pub mod login;
pub mod settings;
pub mod token_error;
