//! TypeScript's compiler and Node's types, from npm.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Result, anyhow};

use super::cache::Cache;
use super::python;
use crate::bound;
use crate::files;

const NAME: &str = "typescript";
const VERSION: &str = "5.9.3";
/// Node 20 is the oldest that the packages ask for.
const NODE_TYPES_VERSION: &str = "20.19.25";

/// The folder they are installed in.
pub(super) fn install(cache: &Cache) -> Result<PathBuf> {
    cache.keep(NAME, VERSION, |folder| {
        eprintln!("    {NAME} {VERSION} from npm, to use the npm package; about 10 s, once");
        let manifest = format!(
            r#"{{"private":true,"dependencies":{{"typescript":"{VERSION}","@types/node":"{NODE_TYPES_VERSION}"}}}}"#
        );
        files::put(&folder.join("package.json"), manifest.as_bytes())?;
        let mut npm = Command::new("npm");
        npm.current_dir(folder)
            .args(["install", "--ignore-scripts", "--no-audit", "--no-fund"])
            .args(["--no-package-lock", "--loglevel=error"]);
        bound::run_for(&mut npm, python::LIMIT).map_err(|reason| anyhow!("npm cannot: {reason}"))
    })
}
