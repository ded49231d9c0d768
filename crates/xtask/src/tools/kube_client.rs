//! `tests/kube-client`: a program of ours, but not of the workspace, so that
//! its dependencies change nobody's features.

use std::path::PathBuf;

use anyhow::Result;

use crate::process;
use crate::workspace::Workspace;

const NAME: &str = "keyhole-kube-client";

pub(super) fn build(workspace: &Workspace) -> Result<PathBuf> {
    let target = workspace.target.join("kube-client");
    let manifest = workspace.root.join("tests/kube-client/Cargo.toml");
    eprintln!("    tests/kube-client with the crate kube; about 2 min, once");
    let mut cargo = process::cargo(workspace);
    cargo
        .args(["build", "--locked", "--manifest-path"])
        .arg(manifest)
        .arg("--target-dir")
        .arg(&target);
    process::run(&mut cargo)?;
    Ok(target.join("debug").join(NAME))
}
