//! Which crates end up in a program or a component, and which needs which: what
//! `cargo tree` says of a selection, with the checksums of `Cargo.lock`. Crates that
//! only run while something is built (procedural macros, build scripts) are left out.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use anyhow::{Context, Result};

use crate::files;
use crate::process;
use crate::workspace::Workspace;

/// A crate.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) version: String,
    /// An SPDX expression; may be empty.
    pub(crate) license: String,
    /// SHA-256 of its package; none for a crate of this workspace.
    pub(crate) checksum: Option<String>,
}

/// Crates and what each needs.
#[derive(Debug, Default)]
pub(crate) struct CrateGraph(BTreeMap<Package, BTreeSet<Package>>);

impl CrateGraph {
    /// The one of the packages and features that `select` names, for this target.
    ///
    /// # Errors
    ///
    /// cargo fails, or says it in another form.
    pub(crate) fn of(
        workspace: &Workspace,
        target: &str,
        select: impl FnOnce(&mut Command),
    ) -> Result<Self> {
        let mut cargo = process::cargo(workspace);
        cargo
            .args(["tree", "--locked", "--target", target, "--charset", "ascii"])
            .args(["--edges", "normal,no-proc-macro"])
            .args(["--prefix", "depth", "--format", "|{p}|{l}"]);
        select(&mut cargo);
        let lock = files::read(&workspace.root.join("Cargo.lock"))?;
        Self::parse(&process::output(&mut cargo)?, &String::from_utf8(lock)?)
    }

    /// Reads what `cargo tree` printed.
    pub(crate) fn parse(tree: &str, lock: &str) -> Result<Self> {
        let checksums = checksums(lock);
        let mut graph = Self::default();
        let mut path: Vec<Package> = Vec::new();
        for line in tree.lines().filter(|line| !line.is_empty()) {
            let odd = || format!("`cargo tree` printed {line:?}");
            let (depth, rest) = line.split_once('|').with_context(odd)?;
            let (package, license) = rest.split_once('|').with_context(odd)?;
            let depth: usize = depth.parse().with_context(odd)?;
            // A package whose needs have been printed before ends in `(*)`.
            let license = license.trim_end_matches("(*)").trim();
            let mut words = package.split(' ');
            let (name, version) = words.next().zip(words.next()).with_context(odd)?;
            let version = version.strip_prefix('v').with_context(odd)?;
            let package = Package {
                name: name.to_owned(),
                version: version.to_owned(),
                // The old way to write it, which SPDX has not.
                license: license.replace('/', " OR "),
                checksum: checksums.get(&(name, version)).cloned(),
            };
            path.truncate(depth);
            if let Some(parent) = path.last() {
                let needs = graph.0.entry(parent.clone()).or_default();
                needs.insert(package.clone());
            }
            graph.0.entry(package.clone()).or_default();
            path.push(package);
        }
        Ok(graph)
    }

    /// The crate of this workspace by its name.
    pub(crate) fn named(&self, name: &str) -> Result<&Package> {
        let mut packages = self.0.keys();
        packages
            .find(|package| package.name == name && package.checksum.is_none())
            .with_context(|| format!("`cargo tree` does not show {name}"))
    }

    /// What a crate needs itself.
    pub(crate) fn needs(&self, package: &Package) -> impl Iterator<Item = &Package> {
        self.0.get(package).into_iter().flatten()
    }

    /// These crates and all that they need, sorted.
    pub(crate) fn below(&self, roots: &[&str]) -> Result<BTreeSet<&Package>> {
        let mut to_see: Vec<&Package> = Vec::new();
        for root in roots {
            to_see.push(self.named(root)?);
        }
        let mut seen = BTreeSet::new();
        while let Some(next) = to_see.pop() {
            if seen.insert(next) {
                to_see.extend(self.needs(next));
            }
        }
        Ok(seen)
    }
}

/// By name and version.
fn checksums(lock: &str) -> BTreeMap<(&str, &str), String> {
    let entries = lock.split("[[package]]").skip(1);
    let found = entries.filter_map(|entry| {
        let value = |key: &str| {
            let mut lines = entry.lines();
            lines.find_map(|line| {
                line.strip_prefix(key)?
                    .strip_prefix(" = \"")?
                    .strip_suffix('"')
            })
        };
        let checksum = value("checksum")?.to_owned();
        Some(((value("name")?, value("version")?), checksum))
    });
    found.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn needs_that_were_printed_before_are_found_again() {
        let tree = "0|a v0.1.0 (/w/a)|MIT\n1|b v2.0.0|MIT\n2|c v3.0.0|MIT\n1|d v4.0.0|MIT\n\
                    2|b v2.0.0|MIT (*)\n\n0|e v0.1.0 (/w/e)|MIT\n1|d v4.0.0|MIT (*)\n";
        let lock = "\n[[package]]\nname = \"c\"\nversion = \"3.0.0\"\nsource = \"registry\"\n\
                    checksum = \"cc\"\n\n[[package]]\nname = \"a\"\nversion = \"0.1.0\"\n";
        let graph = CrateGraph::parse(tree, lock).unwrap();
        let names = |roots: &[&str]| -> Vec<String> {
            let below = graph.below(roots).unwrap();
            below.iter().map(|package| package.name.clone()).collect()
        };
        assert_eq!(names(&["e"]), ["b", "c", "d", "e"]);
        assert_eq!(names(&["a", "e"]), ["a", "b", "c", "d", "e"]);
        let below = graph.below(&["a"]).unwrap();
        let c = below.iter().find(|package| package.name == "c").unwrap();
        assert_eq!(c.checksum.as_deref(), Some("cc"));
        assert!(graph.below(&["absent"]).is_err());
    }

    #[test]
    fn the_exchange_is_made_of_a_handful_of_crates() {
        let workspace = Workspace::find().unwrap();
        let graph = CrateGraph::of(&workspace, crate::toolchain::TARGET, |cargo| {
            cargo.args(["--package", "keyhole-component"]);
        });
        let graph = graph.unwrap();
        let below = graph.below(&["keyhole-component"]).unwrap();
        let names: Vec<_> = below.iter().map(|package| package.name.as_str()).collect();
        assert!(
            names.contains(&"zeroize") && names.contains(&"keyhole-exchange"),
            "{names:?}"
        );
        assert!(below.len() < 20, "{names:?}");
        let registry = below
            .iter()
            .filter(|package| !package.name.starts_with("keyhole"));
        for package in registry {
            assert!(
                package.checksum.is_some() && !package.license.is_empty(),
                "{package:?}"
            );
        }
    }
}
