//! `cargo xtask build`: components, full build, machine code, slim build.

use std::process::Command;

use anyhow::{Context, Result};

use super::wasm;
use crate::auditable;
use crate::composition::{COMPOSED_COMMAND, COMPOSED_GATEWAY};
use crate::files;
use crate::guests::{
    EXCHANGE, GATEWAY, GUARD_ENDPOINT, GUARD_ENVIRONMENT, GUARD_FILE, Guest, HOSTILE,
};
use crate::plugins::ENVOY_FILTER;
use crate::process;
use crate::selection;
use crate::steps::Steps;
use crate::toolchain::Toolchain;
use crate::workspace::Workspace;

pub(super) fn run(workspace: &Workspace, steps: &mut Steps) -> Result<Toolchain> {
    let toolchain = wasm::run(workspace, steps)?;
    steps.run("crates of the programs", || auditable::put(workspace))?;
    steps.run("full build", || full(workspace))?;
    for guest in [EXCHANGE, GATEWAY] {
        steps.run(format!("machine code of {}", guest.name), || {
            precompile(workspace, guest)
        })?;
    }
    steps.run("slim build", || slim(workspace, &["keyhole"]))?;
    steps.run("target/dist", || collect(workspace))?;
    Ok(toolchain)
}

/// What the tests run in a host without a compiler, and that host.
pub(super) fn slim_host(workspace: &Workspace, steps: &mut Steps) -> Result<()> {
    const PROGRAM: &str = "keyhole-slim-host";
    steps.run("machine code of the hostile component", || {
        precompile(workspace, HOSTILE)
    })?;
    steps.run("slim host of the tests", || {
        // With `keyhole` beside it cargo unites their features, and so takes
        // the wasmtime that is there.
        slim(workspace, &["keyhole", PROGRAM])?;
        files::put_program(&workspace.slim(PROGRAM), &workspace.slim_host())
    })
}

fn full(workspace: &Workspace) -> Result<()> {
    let mut cargo = process::cargo(workspace);
    cargo.args(["build", "--bins"]);
    process::run(selection::select(&mut cargo))
}

/// Asks the full build, which has a compiler in it: xtask has none.
fn precompile(workspace: &Workspace, guest: Guest) -> Result<()> {
    let folder = tempfile::tempdir_in(&workspace.artifacts)
        .with_context(|| format!("cannot write to {}", workspace.artifacts.display()))?;
    let made = folder.path().join("component.cwasm");
    process::run(
        Command::new(workspace.full("keyhole"))
            .arg("precompile")
            .arg(workspace.component(guest.name))
            .arg("--output")
            .arg(&made),
    )?;
    let code = files::read(&made)?;
    let changed = files::put(&workspace.precompiled(guest.name), &code)?;
    let word = if changed { "new" } else { "unchanged" };
    eprintln!("    {} bytes, {word}", code.len());
    Ok(())
}

/// Builds the programs of packages the way users get `keyhole`.
pub(super) fn slim(workspace: &Workspace, packages: &[&str]) -> Result<()> {
    let mut cargo = process::cargo(workspace);
    cargo.arg("build");
    for package in packages {
        cargo.args(["--package", package]);
    }
    cargo
        .args(["--profile", "slim", "--bins"])
        // Named even though it is the default: without it the flags below
        // would go to build scripts and procedural macros too, and a
        // procedural macro cannot be static.
        .args(["--target", &workspace.host]);
    if let Some(flags) = static_flags(&workspace.host, std::env::vars()) {
        cargo.env("CARGO_ENCODED_RUSTFLAGS", flags);
    }
    process::run(&mut cargo)
}

/// No shared library, and no tables for unwinding: a panic ends the program.
const OWN_FLAGS: [&str; 4] = [
    "-C",
    "target-feature=+crt-static",
    "-C",
    "force-unwind-tables=no",
];

/// On Linux with glibc: the caller's flags and those for a program that needs
/// no shared library. Elsewhere there is nothing to set.
fn static_flags(host: &str, variables: impl Iterator<Item = (String, String)>) -> Option<String> {
    const SEPARATOR: &str = "\u{1f}";
    if !(host.contains("-linux-") && host.contains("-gnu")) {
        return None;
    }
    let (mut plain, mut encoded) = (None, None);
    for (name, value) in variables {
        match name.as_str() {
            "RUSTFLAGS" => plain = Some(value),
            "CARGO_ENCODED_RUSTFLAGS" => encoded = Some(value),
            _ => {}
        }
    }
    let own = OWN_FLAGS.join(SEPARATOR);
    // The order in which cargo itself looks at them.
    let given = encoded.or_else(|| {
        plain.map(|flags| flags.split_whitespace().collect::<Vec<_>>().join(SEPARATOR))
    });
    Some(match given {
        Some(flags) if !flags.is_empty() => flags + SEPARATOR + &own,
        _ => own,
    })
}

fn collect(workspace: &Workspace) -> Result<()> {
    let dist = &workspace.dist;
    files::put_program(&workspace.slim("keyhole"), &dist.join("keyhole"))?;
    files::put_program(&workspace.full("keyhole"), &dist.join("keyhole-full"))?;
    for from in [
        workspace.component(COMPOSED_COMMAND),
        workspace.component(COMPOSED_GATEWAY),
        workspace.component(EXCHANGE.name),
        workspace.component(GUARD_ENDPOINT.name),
        workspace.component(GUARD_ENVIRONMENT.name),
        workspace.component(GUARD_FILE.name),
        workspace.identity(EXCHANGE.name),
        workspace.component(ENVOY_FILTER.name),
        workspace.identity(ENVOY_FILTER.name),
    ] {
        let name = from.file_name().context("an artifact has no name")?;
        files::put(&dist.join(name), &files::read(&from)?)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flags(host: &str, variables: &[(&str, &str)]) -> Option<Vec<String>> {
        let variables = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        static_flags(host, variables)
            .map(|flags| flags.split('\u{1f}').map(str::to_owned).collect())
    }

    #[test]
    fn a_program_is_static_where_glibc_is() {
        let own = OWN_FLAGS.map(str::to_owned);
        for host in ["x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu"] {
            assert_eq!(flags(host, &[]).unwrap(), own);
        }
        assert_eq!(flags("aarch64-apple-darwin", &[]), None);
        assert_eq!(flags("x86_64-unknown-linux-musl", &[]), None);
    }

    #[test]
    fn the_callers_flags_are_kept() {
        let host = "x86_64-unknown-linux-gnu";
        let plain = flags(host, &[("RUSTFLAGS", "-C  linker=clang")]).unwrap();
        assert_eq!(plain[..2], ["-C", "linker=clang"]);
        assert_eq!(plain.len(), 2 + OWN_FLAGS.len());
        let both = [("RUSTFLAGS", "-O"), ("CARGO_ENCODED_RUSTFLAGS", "-g")];
        assert_eq!(flags(host, &both).unwrap()[0], "-g");
    }
}
