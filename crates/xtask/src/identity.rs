//! What a component is made of: said in the component itself (its producers
//! section) and in the JSON file beside it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::{Value, json};
use wasm_metadata::Producers;

use crate::files;
use crate::guests::Guest;
use crate::imports::Functions;
use crate::toolchain::TARGET;
use crate::workspace::Workspace;

/// Names in the producers section's `sdk` field.
const SOURCES: &str = "keyhole-sources";
const LOCK: &str = "Cargo.lock";

/// Digests of what a component is compiled from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sources {
    /// SHA-256 of the list of files with the SHA-256 of each.
    sources: String,
    /// SHA-256 of `Cargo.lock`.
    lock: String,
}

impl Sources {
    /// Reads the sources of one guest: its package, the packages of this
    /// workspace it needs, `wit/` and the workspace's `Cargo.toml`, which holds
    /// the profile and the features.
    ///
    /// # Errors
    ///
    /// cargo fails or a file cannot be read.
    pub(crate) fn of(workspace: &Workspace, guest: Guest) -> Result<Self> {
        let metadata = workspace.metadata(TARGET)?;
        let mut paths = vec![workspace.root.join("Cargo.toml")];
        for package in local_closure(&metadata, guest.package)? {
            paths.push(package.join("Cargo.toml"));
            collect(&package.join("src"), &mut paths)?;
        }
        collect(&workspace.root.join("wit"), &mut paths)?;
        Ok(Self {
            sources: digest_of_files(&workspace.root, &paths)?,
            lock: files::sha256(&files::read(&workspace.root.join("Cargo.lock"))?),
        })
    }

    /// SHA-256 of the list of files.
    pub(crate) fn sources(&self) -> &str {
        &self.sources
    }

    /// Adds the compiler and the digests to the component's producers section,
    /// where the encoder has already put itself.
    ///
    /// # Errors
    ///
    /// The bytes are not a component.
    pub(crate) fn sign(&self, component: &[u8], rustc: &str) -> Result<Vec<u8>> {
        let mut producers = Producers::empty();
        producers.add("language", "Rust", "");
        let rustc = rustc.strip_prefix("rustc ").unwrap_or(rustc);
        producers.add("processed-by", "rustc", rustc);
        producers.add("sdk", SOURCES, &format!("sha256:{}", self.sources));
        producers.add("sdk", LOCK, &format!("sha256:{}", self.lock));
        producers
            .add_to_wasm(component)
            .context("the producers section cannot be written")
    }
}

/// Everything `exchange.json` says.
#[derive(Debug)]
pub(crate) struct Identity {
    /// SHA-256 of the component.
    pub(crate) sha256: String,
    /// Its length in bytes.
    pub(crate) size: usize,
    /// Its imports and exports.
    pub(crate) functions: Functions,
    name: &'static str,
    rustc: String,
    wit_component: String,
    sources: Sources,
}

impl Identity {
    /// Describes a component that [`Sources::sign`] has signed.
    ///
    /// # Errors
    ///
    /// The bytes are not such a component.
    pub(crate) fn new(name: &'static str, component: &[u8], sources: Sources) -> Result<Self> {
        let producers =
            Producers::from_wasm(component)?.context("the component has no producers section")?;
        let tool = |tool: &str| {
            producers
                .get("processed-by")
                .and_then(|field| field.get(tool).cloned())
                .with_context(|| format!("the producers section does not name {tool}"))
        };
        Ok(Self {
            sha256: files::sha256(component),
            size: component.len(),
            functions: Functions::of(component)?,
            name,
            rustc: tool("rustc")?,
            wit_component: tool("wit-component")?,
            sources,
        })
    }

    /// The JSON text, keys sorted.
    pub(crate) fn json(&self) -> String {
        let value = json!({
            "name": self.name,
            "sha256": self.sha256,
            "size": self.size,
            "rustc": self.rustc,
            "wit_component": self.wit_component,
            "sources_sha256": self.sources.sources,
            "cargo_lock_sha256": self.sources.lock,
            "imports": self.functions.imports,
            "exports": self.functions.exports,
        });
        format!("{value:#}\n")
    }
}

/// The folders of `package` and of the packages of this workspace it needs.
fn local_closure(metadata: &Value, package: &str) -> Result<BTreeSet<PathBuf>> {
    let odd = "`cargo metadata` is not as expected";
    let packages = metadata["packages"].as_array().context(odd)?;
    let nodes = metadata["resolve"]["nodes"].as_array().context(odd)?;
    let id = |package: &Value| package["id"].as_str().map(str::to_owned);
    let local: BTreeMap<String, &Value> = packages
        .iter()
        .filter(|package| package["source"].is_null())
        .filter_map(|package| Some((id(package)?, package)))
        .collect();
    let mut to_see: Vec<String> = local
        .iter()
        .filter(|(_, found)| found["name"] == package)
        .map(|(id, _)| id.clone())
        .collect();
    let mut folders = BTreeSet::new();
    while let Some(next) = to_see.pop() {
        let Some(found) = local.get(&next) else {
            continue;
        };
        let manifest = found["manifest_path"].as_str().context(odd)?;
        let folder = Path::new(manifest).parent().context(odd)?;
        if !folders.insert(folder.to_owned()) {
            continue;
        }
        let node = nodes.iter().find(|node| node["id"] == next.as_str());
        let dependencies = node.and_then(|node| node["deps"].as_array());
        for dependency in dependencies.context(odd)? {
            if is_compiled_in(dependency) {
                to_see.extend(dependency["pkg"].as_str().map(str::to_owned));
            }
        }
    }
    if folders.is_empty() {
        anyhow::bail!("this workspace has no package {package}");
    }
    Ok(folders)
}

/// Whether a dependency is more than one for tests.
fn is_compiled_in(dependency: &Value) -> bool {
    dependency["dep_kinds"]
        .as_array()
        .is_none_or(|kinds| kinds.iter().any(|kind| kind["kind"] != "dev"))
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) -> Result<()> {
    let read = || format!("cannot read {}", folder.display());
    for entry in std::fs::read_dir(folder).with_context(read)? {
        let path = entry.with_context(read)?.path();
        if path.is_dir() {
            collect(&path, paths)?;
        } else {
            paths.push(path);
        }
    }
    Ok(())
}

/// As `sha256sum` writes them, sorted by path, and the SHA-256 of that text.
fn digest_of_files(root: &Path, paths: &[PathBuf]) -> Result<String> {
    let mut lines = BTreeSet::new();
    for path in paths {
        let name = path.strip_prefix(root).unwrap_or(path);
        let digest = files::sha256(&files::read(path)?);
        lines.insert((name.to_string_lossy().replace('\\', "/"), digest));
    }
    let text: String = lines
        .iter()
        .map(|(name, digest)| format!("{digest}  {name}\n"))
        .collect();
    Ok(files::sha256(text.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(root: &Path, files: &[(&str, &str)]) -> String {
        let paths: Vec<PathBuf> = files
            .iter()
            .map(|(name, text)| {
                let path = root.join(name);
                std::fs::write(&path, text).unwrap();
                path
            })
            .collect();
        digest_of_files(root, &paths).unwrap()
    }

    #[test]
    fn the_digest_of_sources_depends_on_names_and_contents_alone() {
        let one = tempfile::tempdir().unwrap();
        let two = tempfile::tempdir().unwrap();
        let first = written(one.path(), &[("a", "1"), ("b", "2")]);
        let elsewhere = written(two.path(), &[("b", "2"), ("a", "1")]);
        assert_eq!(first, elsewhere);
        assert_ne!(first, written(two.path(), &[("a", "2"), ("b", "1")]));
        assert_ne!(first, written(two.path(), &[("a", "1")]));
    }

    #[test]
    fn the_sources_of_a_component_are_its_own_packages_and_no_others() {
        let metadata = json!({
            "packages": [
                {"id": "shell", "name": "shell", "source": null, "manifest_path": "/w/shell/Cargo.toml"},
                {"id": "core", "name": "core", "source": null, "manifest_path": "/w/core/Cargo.toml"},
                {"id": "mock", "name": "mock", "source": null, "manifest_path": "/w/mock/Cargo.toml"},
                {"id": "serde", "name": "serde", "source": "registry", "manifest_path": "/r/serde/Cargo.toml"},
            ],
            "resolve": {"nodes": [
                {"id": "shell", "deps": [
                    {"pkg": "core", "dep_kinds": [{"kind": null}]},
                    {"pkg": "serde", "dep_kinds": [{"kind": null}]},
                    {"pkg": "mock", "dep_kinds": [{"kind": "dev"}]},
                ]},
                {"id": "core", "deps": []},
                {"id": "mock", "deps": []},
                {"id": "serde", "deps": []},
            ]},
        });
        let folders = local_closure(&metadata, "shell").unwrap();
        let expected = ["/w/core", "/w/shell"].map(PathBuf::from);
        assert_eq!(folders, BTreeSet::from(expected));
        assert!(local_closure(&metadata, "absent").is_err());
    }

    #[test]
    fn a_signed_component_names_compiler_encoder_sources_and_lock() {
        let mut encoder = wit_component::ComponentEncoder::default()
            .module(b"\0asm\x01\0\0\0")
            .unwrap();
        let sources = Sources {
            sources: "aa".repeat(32),
            lock: "bb".repeat(32),
        };
        let component = sources
            .sign(&encoder.encode().unwrap(), "rustc 1.96.0 (0123 2026-05-25)")
            .unwrap();
        let producers = Producers::from_wasm(&component).unwrap().unwrap();
        let sdk = producers.get("sdk").unwrap();
        assert_eq!(
            sdk.get(SOURCES).unwrap(),
            &format!("sha256:{}", "aa".repeat(32))
        );
        assert_eq!(
            sdk.get(LOCK).unwrap(),
            &format!("sha256:{}", "bb".repeat(32))
        );

        let identity = Identity::new("test", &component, sources).unwrap();
        let value: Value = serde_json::from_str(&identity.json()).unwrap();
        assert_eq!(value["rustc"], "1.96.0 (0123 2026-05-25)");
        assert_eq!(value["size"], component.len());
        assert_eq!(value["sha256"], files::sha256(&component));
        assert!(value["wit_component"].as_str().unwrap().starts_with("0."));
    }
}
