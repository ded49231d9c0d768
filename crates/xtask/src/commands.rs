//! The commands, one module each. Their help texts are the manual.

mod bench;
mod build;
mod check;
mod demo;
mod dist;
mod package;
mod peers;
mod reproduce;
mod test;
mod wasm;
mod wit;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::steps::Steps;
use crate::workspace::Workspace;

/// Keyhole's own tasks. Start with `cargo xtask demo`.
///
/// Nothing has to be installed first but rustup's Rust and a C compiler: every
/// command sets up what it misses and says so.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Chosen,
}

#[derive(Debug, Subcommand)]
enum Chosen {
    /// Build everything and exchange a token, with an emulator of Entra.
    ///
    /// Starts the emulator, mounts a federated token the way kubelet does, runs
    /// `keyhole verify` and `keyhole get-token`, rotates the token, lets kubectl
    /// ask an emulated API server, shows what a hostile component is refused,
    /// and says what to run against a real cluster.
    Demo,
    /// Build the WebAssembly components.
    ///
    /// Leaves target/wasm/NAME.wasm and, beside it, NAME.json: digest, size,
    /// compiler, encoder, digests of the sources, imports and exports. If the
    /// compiler has no libraries for wasm32-unknown-unknown, `rustup target
    /// add` is tried, then Debian's packages rustc-web and rust-web-src
    /// (apt-get, as root or by a sudo that asks no password).
    Wasm,
    /// Take wit/deps from the pinned WASI crate; check the component's imports.
    ///
    /// wit/exchange.imports is a contract written by hand: it is compared with
    /// the functions the built component imports, never rewritten.
    Wit {
        /// Write nothing; fail if wit/deps or the imports differ.
        #[arg(long)]
        check: bool,
    },
    /// Build everything: components, full build, slim build.
    ///
    /// Leaves in target/dist: keyhole (slim, what users get), keyhole-full
    /// (runs components that are not embedded), exchange.wasm, exchange.json.
    /// The first time takes some ten minutes on two cores; wasmtime is built
    /// twice, with a compiler in it and without.
    Build,
    /// Build everything, and say what it is.
    ///
    /// Leaves in target/dist, beside what `build` leaves: SHA256SUMS (for `keyhole
    /// inspect --verify`), a bill of materials for each file (NAME.cdx.json,
    /// CycloneDX) and provenance.json, this build's own word on how it was made.
    Dist,
    /// Make what registries would take; send nothing.
    ///
    /// The interfaces as a WIT package and the transpiled component as an npm package
    /// (both in target/packages), and `cargo publish --dry-run` of the libraries, which
    /// compiles them as packed: some minutes. keyhole-host has the components in it.
    Package,
    /// Run the whole test suite.
    ///
    /// Some tests meet other people's programs. A kubectl is taken from the
    /// PATH, Python's `kubernetes` is installed in $XDG_CACHE_HOME/keyhole.
    /// What cannot be had is said, and its tests say `skipped:`.
    Test {
        /// Also meet what takes minutes to build: a real kube-apiserver (Go,
        /// Debian's etcd), the real kubelogin (Go), a client with the crate kube,
        /// `wasmtime serve`, jco (npm), wash (PyPI).
        #[arg(long)]
        all: bool,
        /// Arguments for the test programs, such as the name of a test.
        #[arg(last = true)]
        arguments: Vec<String>,
    },
    /// Measure what the sandbox costs, beside the same exchange without it.
    ///
    /// Builds everything, then a program that makes the exchange natively
    /// (bench/), and runs both in turn against the emulator; then calls in one
    /// process. Prints a Markdown table on stdout. A missed target is marked in
    /// it and is no failure: it depends on the machine and on what else runs.
    Bench {
        /// How often each program is run.
        #[arg(long, default_value_t = 500)]
        rounds: usize,
        /// Also the same exchange by others: kubelogin (Go), azure-identity for
        /// Python, @azure/identity for Node, azure_identity for Rust. What
        /// cannot be had is left out and said.
        #[arg(long)]
        peers: bool,
        /// Instead: proxies that add the token, under load. `keyhole proxy`,
        /// `kubectl proxy`, Envoy and `wasmtime serve`, over the same upstream.
        /// What cannot be had is left out and said.
        #[arg(long, conflicts_with_all = ["rounds", "peers"])]
        proxy: bool,
    },
    /// Compare with the real kubelogin.
    ///
    /// Builds it from its Go module into $XDG_CACHE_HOME/keyhole, once, and
    /// runs both over the command lines in tests/tests/whole/real_kubelogin.
    /// Tests use it wherever it is there.
    Peers {
        /// Write down what it does, for machines without Go.
        #[arg(long)]
        record: bool,
    },
    /// Check formatting, lints (clippy) and the libraries' documentation; warnings are
    /// errors.
    Check,
    /// Build the components again elsewhere and compare the bytes.
    ///
    /// The sources are copied to a temporary folder, with other times, another cargo
    /// home and another number of jobs, and built by another user (a user namespace,
    /// where there is one) in another time zone; each SHA-256 must come out equal.
    Reproduce,
}

/// Runs the chosen command.
///
/// # Errors
///
/// What failed and what to do next, for people.
pub(crate) fn run(arguments: Arguments, steps: &mut Steps) -> Result<()> {
    let workspace = Workspace::find()?;
    match arguments.command {
        Chosen::Demo => demo::run(&workspace, steps),
        Chosen::Wasm => wasm::run(&workspace, steps).map(drop),
        Chosen::Wit { check } => wit::run(&workspace, steps, check),
        Chosen::Build => build::run(&workspace, steps).map(drop),
        Chosen::Dist => dist::run(&workspace, steps),
        Chosen::Package => package::run(&workspace, steps),
        Chosen::Test { all, arguments } => test::run(&workspace, steps, all, &arguments),
        Chosen::Bench { proxy: true, .. } => bench::run_proxies(&workspace, steps),
        Chosen::Bench { rounds, peers, .. } => bench::run(&workspace, steps, rounds, peers),
        Chosen::Peers { record } => peers::run(&workspace, steps, record),
        Chosen::Check => check::run(&workspace, steps),
        Chosen::Reproduce => reproduce::run(&workspace, steps),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_arguments_are_consistent_and_every_command_has_a_help_text() {
        let command = Arguments::command();
        command.clone().debug_assert();
        for subcommand in command.get_subcommands() {
            assert!(
                subcommand.get_about().is_some(),
                "{}",
                subcommand.get_name()
            );
        }
    }
}
