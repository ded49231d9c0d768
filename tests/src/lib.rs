//! What the whole-system tests stand on: a pod with its authority
//! ([`World`]), the sandbox in this process ([`sandbox`]), the programs as
//! users get them ([`program`]) and a search for secrets ([`leaks`]). It is
//! not a test itself; the tests are one program, `tests/whole`, because each
//! one links wasmtime. Start with [`World::new`].
#![expect(
    clippy::missing_panics_doc,
    reason = "a fixture that cannot be set up ends its test"
)]

pub mod api_server;
pub mod artifacts;
pub mod browser;
pub mod cluster;
pub mod envoy;
pub mod envoy_filters;
pub mod example_hosts;
pub mod guarded;
pub mod keyhole_proxy;
pub mod kube_apiserver;
pub mod leaks;
pub mod memory;
pub mod program;
pub mod proxied;
pub mod sandbox;
pub mod slim_host;
pub mod stock_command;
pub mod stock_server;
pub mod wat_component;
mod world;

pub use cluster::Cluster;
pub use world::{Variables, World};

/// Makes a FIFO, which whoever opens it waits for.
pub fn fifo(path: &std::path::Path) {
    let made = std::process::Command::new("mkfifo").arg(path).status();
    assert!(made.expect("mkfifo runs").success());
}

/// Says that a test did nothing, and why, where the harness does not hide it.
pub fn skipped(why: &str) {
    use std::io::Write as _;
    // Nothing is left to tell it to if this fails.
    let _ = writeln!(std::io::stderr().lock(), "skipped: {why}");
}
