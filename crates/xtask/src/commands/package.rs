//! `cargo xtask package`: what registries would take.

use anyhow::Result;

use super::wasm;
use crate::crates;
use crate::steps::Steps;
use crate::tools::Tools;
use crate::wit_package;
use crate::workspace::Workspace;

pub(super) fn run(workspace: &Workspace, steps: &mut Steps) -> Result<()> {
    wasm::run(workspace, steps)?;
    steps.run("WIT package", || {
        let (path, size) = wit_package::encode(workspace)?;
        eprintln!("    {}, {size} bytes", path.display());
        Ok(())
    })?;
    // Without npm or jco it says so.
    Tools::npm_package(workspace, steps);
    steps.run("cargo publish --dry-run", || {
        crates::publish_dry_run(workspace)
    })
}

/// What the tests look into.
pub(super) fn for_tests(workspace: &Workspace, steps: &mut Steps) -> Result<()> {
    steps.run("WIT package", || wit_package::encode(workspace).map(drop))?;
    steps.run("crates as packages", || crates::pack(workspace))
}
