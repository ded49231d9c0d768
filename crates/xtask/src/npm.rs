//! The npm package of the transpiled component: what lies in `crates/component/npm`,
//! what jco makes of `exchange.wasm`, and that itself with its identity.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::files;
use crate::guests::EXCHANGE;
use crate::process;
use crate::workspace::Workspace;

/// Packs it as `npm pack` does, and answers where it is; `jco` is the folder in
/// which jco is installed.
///
/// # Errors
///
/// npm or jco cannot, the versions differ, or a file of the package is missing.
pub(crate) fn pack(workspace: &Workspace, jco: &Path) -> Result<PathBuf> {
    let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
    let package = folder.path().join("package");
    let written = workspace.root.join("crates/component/npm");
    let mut manifest = Value::Null;
    for name in ["README.md", "index.d.ts", "index.js", "package.json"] {
        let bytes = files::read(&written.join(name))?;
        if name == "package.json" {
            manifest = serde_json::from_slice(&bytes).context("package.json is no JSON")?;
        }
        files::put(&package.join(name), &bytes)?;
    }
    if manifest["version"] != env!("CARGO_PKG_VERSION") {
        bail!(
            "crates/component/npm/package.json has version {}, the workspace {}",
            manifest["version"],
            env!("CARGO_PKG_VERSION")
        );
    }
    let component = workspace.component(EXCHANGE.name);
    for from in [
        component.clone(),
        workspace.identity(EXCHANGE.name),
        workspace.root.join("LICENSE-APACHE"),
        workspace.root.join("LICENSE-MIT"),
    ] {
        let name = from.file_name().context("a file has no name")?;
        files::put(&package.join(name), &files::read(&from)?)?;
    }
    let mut transpile = Command::new("node");
    transpile
        .arg(jco.join("node_modules/.bin/jco"))
        .arg("transpile")
        .arg(component)
        .args(["--instantiation", "async", "--minify", "--quiet", "-o"])
        .arg(package.join("component"));
    process::output(&mut transpile)?;

    let packages = workspace.packages();
    std::fs::create_dir_all(&packages)
        .with_context(|| format!("cannot write to {}", packages.display()))?;
    let mut npm = Command::new("npm");
    npm.current_dir(&package)
        .args(["pack", "--ignore-scripts", "--json", "--pack-destination"])
        .arg(&packages);
    let told: Value = serde_json::from_str(&process::output(&mut npm)?)
        .context("`npm pack --json` did not write JSON")?;
    // An array up to npm 11, an object by package from then on.
    let packed = match &told {
        Value::Array(packed) => packed.first(),
        Value::Object(packed) => packed.values().next(),
        _ => None,
    };
    let packed = packed.context("npm names no package")?;
    must_hold(
        packed,
        &[
            "index.js",
            "index.d.ts",
            "exchange.wasm",
            "component/exchange.js",
        ],
    )?;
    let name = packed["filename"].as_str().context("npm names no file")?;
    Ok(packages.join(name))
}

fn must_hold(packed: &Value, names: &[&str]) -> Result<()> {
    let files = packed["files"].as_array().context("npm lists no files")?;
    for name in names {
        if !files.iter().any(|file| file["path"] == *name) {
            bail!("the npm package does not hold {name}: see `files` in its package.json");
        }
    }
    Ok(())
}
