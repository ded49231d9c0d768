//! The `keyhole` program: arguments become grants, results become reports.
//!
//! It decides nothing of its own. What may be reached is `keyhole-host`'s, what
//! is read and sent is the exchange component's, and what is printed is
//! `keyhole-report`'s, exit codes included. Each subcommand is one module with
//! one `run`; begin with [`command_line`].

#[cfg(windows)]
compile_error!("keyhole does not run on Windows; build it for Linux or macOS");

mod artifact;
mod audit_log;
mod cache;
mod command_line;
mod completions;
mod convert_kubeconfig;
mod envoy;
mod exit;
mod explain;
mod failure;
mod flags;
mod get_token;
mod github_actions;
#[cfg(feature = "compiler")]
mod guard;
#[cfg(not(feature = "compiler"))]
#[path = "guard/elsewhere.rs"]
mod guard;
mod help;
mod inspect;
mod kubelogin;
mod log;
mod network_flags;
#[cfg(feature = "compiler")]
mod parts;
#[cfg(feature = "compiler")]
mod precompile;
mod progress;
mod propagation;
mod proxy;
mod regular_file;
mod sandbox;
mod sections;
mod steps;
mod terminal;
#[cfg(feature = "compiler")]
mod untrusted;
mod verify;
mod whole_file;

use std::process::ExitCode;

/// What is freed is wiped first: what libraries copied of a token (TLS and HTTP
/// buffers) does not stay in memory.
#[global_allocator]
static ALLOCATOR: zeroizing_alloc::ZeroAlloc<std::alloc::System> =
    zeroizing_alloc::ZeroAlloc(std::alloc::System);

fn main() -> ExitCode {
    exit::report_panics();
    artifact::keep_crates();
    command_line::run()
}
