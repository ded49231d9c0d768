//! The project's own tasks: `cargo xtask help`.
//!
//! It sets up the WebAssembly toolchain, builds the components and the
//! binaries, and runs the checks, the tests and the demo. It links neither
//! wasmtime nor Cranelift: what needs them is asked of the full build. It is
//! not part of the product. Start from [`commands`], one module a command.

mod auditable;
mod bound;
mod commands;
mod composition;
mod crate_graph;
mod crates;
mod emulator;
mod examples;
mod files;
mod guests;
mod identity;
mod imports;
mod npm;
mod outside;
mod plugins;
mod process;
mod provenance;
mod sbom;
mod selection;
mod steps;
mod toolchain;
mod tools;
mod wit_package;
mod workspace;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let arguments = commands::Arguments::parse();
    let mut steps = steps::Steps::new();
    let outcome = commands::run(arguments, &mut steps);
    steps.summary();
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nerror: {error}");
            for cause in error.chain().skip(1) {
                eprintln!("  because: {cause}");
            }
            ExitCode::FAILURE
        }
    }
}
