//! wasmtime as a library for Python: a second host of other people's that takes
//! seconds to get.

use std::path::PathBuf;

use anyhow::Result;

use super::cache::Cache;
use super::python;

const PACKAGE: &str = "wasmtime";
const VERSION: &str = "50.0.1";

/// A Python that has it.
pub(super) fn install(cache: &Cache) -> Result<PathBuf> {
    python::with(cache, PACKAGE, VERSION, "to run components from Python")
}
