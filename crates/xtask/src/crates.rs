//! The library crates as packages for a registry. `keyhole-host` takes the built
//! components along, with their digests: who adds it needs no WebAssembly compiler.

use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::files;
use crate::guests::{EXCHANGE, GATEWAY};
use crate::process;
use crate::workspace::Workspace;

/// What embedders use, in the order of their dependencies.
pub(crate) const PUBLIC: [&str; 4] = [
    "keyhole-exchange",
    "keyhole-policy",
    "keyhole-proxy-rules",
    "keyhole-host",
];

/// Does everything that `cargo publish` does, compiling what was packed included, but
/// for sending it.
///
/// # Errors
///
/// A crate cannot be packed, or does not compile as packed.
pub(crate) fn publish_dry_run(workspace: &Workspace) -> Result<()> {
    run(workspace, &["publish", "--dry-run"])
}

/// Packs them alone, into `target/package`.
///
/// # Errors
///
/// A crate cannot be packed.
pub(crate) fn pack(workspace: &Workspace) -> Result<()> {
    run(workspace, &["package", "--no-verify"])
}

fn run(workspace: &Workspace, command: &[&str]) -> Result<()> {
    let _components = Components::put(workspace)?;
    let mut cargo = process::cargo(workspace);
    // The components are in no commit, and neither may be what is tried out.
    cargo.args(command).arg("--allow-dirty");
    cargo.args(PUBLIC.iter().flat_map(|package| ["--package", package]));
    process::run(&mut cargo)
}

/// The components in the host's folder, where its package takes them from; they go
/// with this.
struct Components(PathBuf);

impl Components {
    fn put(workspace: &Workspace) -> Result<Self> {
        let folder = workspace.root.join("host/components");
        let placed = Self(folder.clone());
        let mut sums = String::new();
        for guest in [EXCHANGE, GATEWAY] {
            let bytes = files::read(&workspace.component(guest.name))?;
            let name = format!("{}.wasm", guest.name);
            sums += &format!("{}  {name}\n", files::sha256(&bytes));
            files::put(&folder.join(name), &bytes)?;
            let identity = files::read(&workspace.identity(guest.name))?;
            files::put(&folder.join(format!("{}.json", guest.name)), &identity)?;
        }
        files::put(&folder.join("SHA256SUMS"), sums.as_bytes()).context("no list of digests")?;
        Ok(placed)
    }
}

impl Drop for Components {
    fn drop(&mut self) {
        // What is left is ignored by git and by builds in this workspace.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
