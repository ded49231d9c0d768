//! Microsoft's own libraries for the exchange, each with a few lines of ours
//! that call it (`bench/peers`).

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, anyhow};

use super::cache::Cache;
use super::python;
use crate::bound;
use crate::files;
use crate::process;
use crate::workspace::Workspace;

const PYTHON_VERSION: &str = "1.27.0";
const NODE_VERSION: &str = "4.14.1";

/// The program with the crate `azure_identity`, of a lock file of its own.
pub(super) fn rust(workspace: &Workspace) -> Result<PathBuf> {
    let target = workspace.target.join("peers");
    eprintln!("    bench/peers/rust with the crate azure_identity; about 3 min, once");
    let mut cargo = process::cargo(workspace);
    cargo
        .args(["build", "--locked", "--release", "--manifest-path"])
        .arg(workspace.root.join("bench/peers/rust/Cargo.toml"))
        .arg("--target-dir")
        .arg(&target);
    process::run(&mut cargo)?;
    Ok(target.join("release/azure-identity-peer"))
}

/// A Python with azure-identity.
pub(super) fn python(cache: &Cache) -> Result<PathBuf> {
    python::with(cache, "azure-identity", PYTHON_VERSION, "to be measured")
}

/// The script, in a folder with its packages.
pub(super) fn node(workspace: &Workspace, cache: &Cache) -> Result<PathBuf> {
    const SCRIPT: &str = "azure-identity-peer.mjs";
    let node = Command::new("node").arg("--version").output();
    node.context("there is no Node")?;
    let from = workspace.root.join("bench/peers/node");
    let folder = cache.keep("node-azure-identity", NODE_VERSION, |folder| {
        eprintln!("    @azure/identity {NODE_VERSION} from npm, to be measured; about 20 s, once");
        let manifest = "package.json";
        files::put(&folder.join(manifest), &files::read(&from.join(manifest))?)?;
        let mut npm = Command::new("npm");
        npm.current_dir(folder)
            .args(["install", "--ignore-scripts", "--no-audit", "--no-fund"])
            .args(["--no-package-lock", "--loglevel=error"]);
        bound::run_for(&mut npm, python::LIMIT).map_err(|reason| anyhow!("npm cannot: {reason}"))
    })?;
    // The script is ours, and may have changed since.
    files::put(&folder.join(SCRIPT), &files::read(&from.join(SCRIPT))?)?;
    Ok(folder.join(SCRIPT))
}
