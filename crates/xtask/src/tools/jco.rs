//! jco, which serves components on Node, from npm.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, anyhow};

use super::cache::Cache;
use super::python;
use crate::bound;
use crate::files;

const NAME: &str = "jco";
const VERSION: &str = "1.35.0";
const SHIM_VERSION: &str = "0.26.1";

/// The folder it is installed in.
pub(super) fn install(cache: &Cache) -> Result<PathBuf> {
    let node = Command::new("node").arg("--version").output();
    node.context("there is no Node")?;
    cache.keep(NAME, VERSION, npm_install)
}

fn npm_install(folder: &Path) -> Result<()> {
    eprintln!("    jco {VERSION} from npm, to serve the gateway on Node; about 20 s, once");
    let manifest = format!(
        r#"{{"private":true,"dependencies":{{"@bytecodealliance/jco":"{VERSION}","@bytecodealliance/preview2-shim":"{SHIM_VERSION}"}}}}"#
    );
    files::put(&folder.join("package.json"), manifest.as_bytes())?;
    let mut npm = Command::new("npm");
    npm.current_dir(folder)
        .args(["install", "--ignore-scripts", "--no-audit", "--no-fund"])
        .args(["--no-package-lock", "--loglevel=error"]);
    bound::run_for(&mut npm, python::LIMIT).map_err(|reason| anyhow!("npm cannot: {reason}"))
}
