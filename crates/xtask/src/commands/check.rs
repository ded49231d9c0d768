//! `cargo xtask check`: formatting, lints and what the documentation links to.

use anyhow::Result;

use crate::crates::PUBLIC;
use crate::process;
use crate::steps::Steps;
use crate::workspace::Workspace;

pub(super) fn run(workspace: &Workspace, steps: &mut Steps) -> Result<()> {
    steps.run("rustfmt", || {
        process::run(process::cargo(workspace).args(["fmt", "--all", "--check"]))
    })?;
    steps.run("clippy, everything in", || {
        process::run(process::cargo(workspace).args([
            "clippy",
            "--workspace",
            "--all-targets",
            "--all-features",
            "--",
            "--deny",
            "warnings",
        ]))
    })?;
    steps.run("documentation of the libraries", || {
        let mut cargo = process::cargo(workspace);
        cargo
            .args(["doc", "--no-deps", "--all-features"])
            .args(PUBLIC.iter().flat_map(|package| ["--package", package]))
            .env("RUSTDOCFLAGS", "--deny warnings");
        process::run(&mut cargo)
    })
}
