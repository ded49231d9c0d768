//! `cargo xtask reproduce`: the same sources elsewhere give the same bytes.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, UNIX_EPOCH};

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

use super::wasm;
use crate::composition;
use crate::examples;
use crate::files;
use crate::guests::{self, EXCHANGE, GUESTS};
use crate::plugins::{self, ENVOY_FILTER};
use crate::process;
use crate::steps::Steps;
use crate::toolchain::Toolchain;
use crate::workspace::Workspace;

pub(super) fn run(workspace: &Workspace, steps: &mut Steps) -> Result<()> {
    let toolchain = wasm::run(workspace, steps)?;
    let folder = TempDir::with_prefix("keyhole-").context("cannot make a temporary folder")?;
    let mut elsewhere = copy(workspace, folder.path())?;
    elsewhere.started_by = as_another_user(folder.path());
    for guest in GUESTS {
        steps.run(format!("component {} again, elsewhere", guest.name), || {
            guests::build(&elsewhere, &toolchain, *guest)?;
            must_be_equal(workspace, &elsewhere, guest.name)
        })?;
    }
    let name = ENVOY_FILTER.name;
    steps.run(format!("plugin {name} again, elsewhere"), || {
        plugins::build(&elsewhere, &toolchain, ENVOY_FILTER)?;
        must_be_equal(workspace, &elsewhere, name)
    })?;
    for (name, compose) in COMPOSITIONS {
        steps.run(format!("composition {name} again, elsewhere"), || {
            compose(&elsewhere)?;
            must_be_equal(workspace, &elsewhere, name)
        })?;
    }
    Ok(())
}

/// Joins components, and answers how many bytes that is.
type Compose = fn(&Workspace) -> Result<usize>;

/// What is joined, by its name.
const COMPOSITIONS: &[(&str, Compose)] = &[
    (composition::COMPOSED_GATEWAY, composition::gateway),
    (composition::COMPOSED_COMMAND, composition::command),
    (examples::WITH_EXCHANGE, examples::composition),
];

/// Builds the exchange alone once more elsewhere and compares with what [`wasm::run`]
/// has left.
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
        must_be_equal(workspace, &elsewhere, name)
    })
}

fn must_be_equal(workspace: &Workspace, elsewhere: &Workspace, name: &str) -> Result<()> {
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
}

/// Starts cargo as another user, in another language and time zone: a user namespace
/// (unshare(1)), in which this user's files are the other one's. Where the system does
/// not allow that, it says so and the user stays the same.
fn as_another_user(folder: &Path) -> Vec<String> {
    let unshare = ["unshare", "--user", "--map-user=4242", "--map-group=4242"];
    let mut asked = Command::new(unshare[0]);
    asked.args(&unshare[1..]).args(["id", "-u"]);
    let mut started_by = match process::output(&mut asked) {
        Ok(id) if id.trim() == "4242" => unshare.map(str::to_owned).to_vec(),
        other => {
            let why = other.map_or_else(|error| format!("{error:#}"), |id| format!("still {id}"));
            eprintln!("    as the same user: no user namespace is to be had ({why})");
            Vec::new()
        }
    };
    started_by
        .extend(["env", "TZ=Pacific/Auckland", "LC_ALL=C", "USER=somebody"].map(str::to_owned));
    started_by.push(format!("TMPDIR={}", folder.display()));
    started_by
}

/// Copies the sources to a folder with another length of name, and gives them
/// another cargo home and another number of jobs.
fn copy(workspace: &Workspace, folder: &Path) -> Result<Workspace> {
    let root = folder.join("a copy of the sources");
    for name in sources(&workspace.root)? {
        let from = workspace.root.join(&name);
        // A file may be removed and git not yet told.
        if from.is_file() {
            let to = root.join(&name);
            files::put(&to, &files::read(&from)?)?;
            set_time(&to).with_context(|| format!("cannot change {}", to.display()))?;
        }
    }
    Ok(Workspace {
        cargo_home: second_cargo_home(&workspace.cargo_home, folder)?,
        jobs: Some(another_number_of_jobs()),
        started_by: Vec::new(),
        target: root.join("target"),
        artifacts: root.join("target/wasm"),
        dist: root.join("target/dist"),
        host: workspace.host.clone(),
        root,
    })
}

/// A day in 2001: what is built must not hold the time of a source.
fn set_time(path: &Path) -> std::io::Result<()> {
    let time = UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    File::options().append(true).open(path)?.set_modified(time)
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
