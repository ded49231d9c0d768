//! `cargo xtask reproduce`: the same sources elsewhere give the same bytes.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

use super::wasm;
use crate::files;
use crate::guests::{self, EXCHANGE};
use crate::process;
use crate::steps::Steps;
use crate::toolchain::Toolchain;
use crate::workspace::Workspace;

pub(super) fn run(workspace: &Workspace, steps: &mut Steps) -> Result<()> {
    let toolchain = wasm::run(workspace, steps)?;
    compare(workspace, &toolchain, steps)
}

/// Builds the exchange once more elsewhere and compares with what [`wasm::run`] has left.
pub(super) fn compare(
    workspace: &Workspace,
    toolchain: &Toolchain,
    steps: &mut Steps,
) -> Result<()> {
    let folder = TempDir::with_prefix("keyhole-").context("cannot make a temporary folder")?;
    let elsewhere = copy(workspace, folder.path())?;
    let name = EXCHANGE.name;
    steps.run(format!("component {name} again, elsewhere"), || {
        guests::build(&elsewhere, toolchain, EXCHANGE)?;
        let first = files::read(&workspace.component(name))?;
        let again = files::read(&elsewhere.component(name))?;
        let digests = [&first, &again].map(|bytes| files::sha256(bytes));
        if first != again {
            let kept = workspace.component(&format!("{name}-elsewhere"));
            files::put(&kept, &again)?;
            bail!(
                "{} is sha256:{} and, from a copy of the same sources, sha256:{}: its bytes \
                 depend on more than the sources, Cargo.lock, the compiler and the encoder. \
                 The other one is kept as {}: `wasm-tools print` on both and a diff show where",
                workspace.component(name).display(),
                digests[0],
                digests[1],
                kept.display()
            );
        }
        eprintln!("    the same: sha256:{}", digests[0]);
        Ok(())
    })
}

/// Copies the sources to a folder with another length of name, and gives them
/// another cargo home and another number of jobs.
fn copy(workspace: &Workspace, folder: &Path) -> Result<Workspace> {
    let root = folder.join("a copy of the sources");
    for name in sources(&workspace.root)? {
        let from = workspace.root.join(&name);
        // A file may be removed and git not yet told.
        if from.is_file() {
            files::put(&root.join(&name), &files::read(&from)?)?;
        }
    }
    Ok(Workspace {
        cargo_home: second_cargo_home(&workspace.cargo_home, folder)?,
        jobs: Some(another_number_of_jobs()),
        target: root.join("target"),
        artifacts: root.join("target/wasm"),
        dist: root.join("target/dist"),
        host: workspace.host.clone(),
        root,
    })
}

/// Other than cargo's own choice, the number of processors, and no slower.
fn another_number_of_jobs() -> usize {
    std::thread::available_parallelism().map_or(2, |processors| processors.get() + 1)
}

/// The files git knows or would take.
fn sources(root: &Path) -> Result<Vec<PathBuf>> {
    let listed = process::output(
        Command::new("git")
            .args([
                "ls-files",
                "-z",
                "--cached",
                "--others",
                "--exclude-standard",
            ])
            .current_dir(root),
    )
    .context("git lists the files to copy, so this needs a git checkout")?;
    let names = listed.split('\0').filter(|name| !name.is_empty());
    Ok(names.map(PathBuf::from).collect())
}

/// A cargo home by another name with the same downloads and settings.
fn second_cargo_home(first: &Path, folder: &Path) -> Result<PathBuf> {
    let second = folder.join("home");
    std::fs::create_dir(&second).with_context(|| format!("cannot make {}", second.display()))?;
    for name in ["config", "config.toml", "git", "registry"] {
        let from = first.join(name);
        if from.exists() {
            link(&from, &second.join(name))
                .with_context(|| format!("cannot link to {}", from.display()))?;
        }
    }
    Ok(second)
}

#[cfg(unix)]
fn link(from: &Path, to: &Path) -> std::io::Result<()> {
    std::os::unix::fs::symlink(from, to)
}

#[cfg(not(unix))]
fn link(_: &Path, _: &Path) -> std::io::Result<()> {
    Err(std::io::ErrorKind::Unsupported.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_copy_has_the_sources_and_none_of_the_results() {
        let workspace = Workspace::find().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let copied = copy(&workspace, folder.path()).unwrap();
        for name in ["Cargo.lock", "wit/exchange.imports", ".cargo/config.toml"] {
            assert!(copied.root.join(name).is_file(), "{name}");
        }
        assert!(!copied.root.join("target").exists());
        assert_ne!(copied.cargo_home, workspace.cargo_home);
    }
}
