//! The emulator as clients see it: bytes over sockets, files on disk, and the
//! program's output.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails there")]

mod api_server;
mod api_server_objects;
mod api_server_trials;
mod client;
mod discovery;
mod faults;
mod grants;
mod program;
mod projected_volume;
mod refused_assertions;
mod refused_requests;
mod tls;
