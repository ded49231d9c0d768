//! `cargo xtask check`: formatting and lints.

use anyhow::Result;

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
    })
}
