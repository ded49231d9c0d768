//! `cargo xtask wit`: the interfaces of others, and what the exchange imports
//! of them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::wasm;
use crate::files;
use crate::guests::{COMMAND, EXCHANGE, FLAGS, GATEWAY};
use crate::imports::{self, Functions};
use crate::steps::Steps;
use crate::workspace::Workspace;

/// The crate whose package carries WASI's WIT files, and the target it is a
/// dependency for.
const CRATE: &str = "wasip2";
const CRATE_TARGET: &str = "wasm32-wasip2";

/// WIT files by name.
type Wit = BTreeMap<String, Vec<u8>>;

pub(super) fn run(workspace: &Workspace, steps: &mut Steps, check: bool) -> Result<()> {
    steps.run("wit/deps", || dependencies(workspace, check))?;
    wasm::run(workspace, steps)?;
    check_imports(workspace, steps)
}

/// Compares both with what is built; writes nothing.
pub(super) fn check(workspace: &Workspace, steps: &mut Steps) -> Result<()> {
    steps.run("wit/deps", || dependencies(workspace, true))?;
    check_imports(workspace, steps)
}

fn check_imports(workspace: &Workspace, steps: &mut Steps) -> Result<()> {
    for (guest, list) in [
        (EXCHANGE, "exchange.imports"),
        (GATEWAY, "gateway.imports"),
        (COMMAND, "command.imports"),
        (FLAGS, "flags.imports"),
    ] {
        steps.run(format!("wit/{list}"), || {
            let component = files::read(&workspace.component(guest.name))?;
            let text = files::read(&workspace.root.join("wit").join(list))?;
            let listed = imports::listed(&String::from_utf8_lossy(&text));
            let imported = Functions::of(&component)?.imports;
            if let Some(difference) = imports::difference(&listed, &imported) {
                bail!(
                    "{}.wasm does not import exactly the functions of wit/{list}:\n\
                     {difference}\n\
                     The list is what is linked. Change the component, or, if the contract \
                     itself is to change, the list and the host",
                    guest.name
                );
            }
            Ok(())
        })?;
    }
    Ok(())
}

fn dependencies(workspace: &Workspace, check: bool) -> Result<()> {
    let wanted = read_folder(&package_folder(workspace)?.join("wit/deps"))?;
    let folder = workspace.root.join("wit/deps");
    if check {
        let present = read_folder(&folder)?;
        if let Some(difference) = difference(&wanted, &present) {
            bail!("wit/deps is not what {CRATE} ships: {difference}. Run `cargo xtask wit`");
        }
        return Ok(());
    }
    for (name, bytes) in &wanted {
        files::put(&folder.join(name), bytes)?;
    }
    for name in read_folder(&folder)?.keys() {
        if !wanted.contains_key(name) {
            let path = folder.join(name);
            std::fs::remove_file(&path)
                .with_context(|| format!("cannot remove {}", path.display()))?;
        }
    }
    Ok(())
}

fn difference(wanted: &Wit, present: &Wit) -> Option<String> {
    let missing = wanted.keys().find(|name| !present.contains_key(*name));
    if let Some(name) = missing {
        return Some(format!("{name} is missing"));
    }
    present
        .iter()
        .find_map(|(name, bytes)| match wanted.get(name) {
            None => Some(format!("{name} is not one of its files")),
            Some(other) if other != bytes => Some(format!("{name} differs")),
            Some(_) => None,
        })
}

fn read_folder(folder: &Path) -> Result<Wit> {
    let read = || format!("cannot read {}", folder.display());
    let mut wit = Wit::new();
    for entry in std::fs::read_dir(folder).with_context(read)? {
        let entry = entry.with_context(read)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        wit.insert(name, files::read(&entry.path())?);
    }
    Ok(wit)
}

/// The folder of the very version xtask depends on: others may be in the tree.
fn package_folder(workspace: &Workspace) -> Result<PathBuf> {
    let metadata = workspace.metadata(CRATE_TARGET)?;
    find_package(&metadata)
        .with_context(|| format!("`cargo metadata` does not show {CRATE} as a dependency of xtask"))
}

fn find_package(metadata: &Value) -> Option<PathBuf> {
    let packages = metadata["packages"].as_array()?;
    let xtask = packages
        .iter()
        .find(|package| package["name"] == "xtask" && package["source"].is_null())?;
    let nodes = metadata["resolve"]["nodes"].as_array()?;
    let node = nodes.iter().find(|node| node["id"] == xtask["id"])?;
    let dependencies = node["deps"].as_array()?;
    let found = dependencies.iter().find(|dep| dep["name"] == CRATE)?;
    let package = packages
        .iter()
        .find(|package| package["id"] == found["pkg"])?;
    let manifest = Path::new(package["manifest_path"].as_str()?);
    manifest.parent().map(Path::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wit_deps_are_the_files_of_the_pinned_crate() {
        dependencies(&Workspace::find().unwrap(), true).unwrap();
    }

    #[test]
    fn a_missing_a_strange_and_a_changed_file_are_named() {
        let wit = |files: &[(&str, &str)]| -> Wit {
            files
                .iter()
                .map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec()))
                .collect()
        };
        let wanted = wit(&[("cli.wit", "a"), ("io.wit", "b")]);
        let told = |present: &[(&str, &str)]| difference(&wanted, &wit(present));
        assert_eq!(told(&[("cli.wit", "a"), ("io.wit", "b")]), None);
        assert_eq!(told(&[("cli.wit", "a")]).unwrap(), "io.wit is missing");
        assert_eq!(
            told(&[("cli.wit", "a"), ("io.wit", "c")]).unwrap(),
            "io.wit differs"
        );
        assert_eq!(
            told(&[("cli.wit", "a"), ("io.wit", "b"), ("x.wit", "")]).unwrap(),
            "x.wit is not one of its files"
        );
    }
}
