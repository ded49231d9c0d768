//! Python with a package of other people's, in a virtual environment.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};

use super::cache::Cache;
use crate::bound;
use crate::process;

/// The Kubernetes project's client (pypi.org/project/kubernetes).
const KUBERNETES: &str = "37.0.2";

/// wasmtime's own library (pypi.org/project/wasmtime); it has no program.
const WASMTIME: &str = "50.0.1";

/// How long a registry may take where the network swallows packets.
pub(super) const LIMIT: Duration = Duration::from_secs(300);

pub(super) fn with_kubernetes(cache: &Cache) -> Result<PathBuf> {
    with(
        cache,
        "kubernetes",
        KUBERNETES,
        "to have a client list namespaces",
    )
}

pub(super) fn with_wasmtime(cache: &Cache) -> Result<PathBuf> {
    with(cache, "wasmtime", WASMTIME, "to run components on it")
}

/// A Python with this package, in the cache; `why` is told.
pub(super) fn with(cache: &Cache, package: &str, version: &str, why: &str) -> Result<PathBuf> {
    let asked = Command::new("python3")
        .args(["-c", "import sys; print('%d.%d' % sys.version_info[:2])"])
        .output()
        .context("there is no Python")?;
    let python = String::from_utf8_lossy(&asked.stdout).trim().to_owned();
    let name = format!("python-{package}");
    let folder = cache.keep(&name, &format!("{version}-python{python}"), |folder| {
        eprintln!("    {package} {version} from PyPI, {why}; about 20 s, once");
        process::output(Command::new("python3").args(["-m", "venv"]).arg(folder))?;
        let mut pip = Command::new(folder.join("bin/python"));
        pip.args(["-m", "pip", "--disable-pip-version-check", "install"])
            .args(["--quiet", &format!("{package}=={version}")]);
        bound::run_for(&mut pip, LIMIT).map_err(|reason| anyhow!("pip cannot: {reason}"))
    })?;
    Ok(folder.join("bin/python"))
}
