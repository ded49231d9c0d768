//! Python with the package `kubernetes`, in a virtual environment.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use super::cache::Cache;
use crate::process;

/// The package of the Kubernetes project (pypi.org/project/kubernetes).
const PACKAGE: &str = "kubernetes";
const VERSION: &str = "37.0.2";

pub(super) fn with_kubernetes(cache: &Cache) -> Result<PathBuf> {
    let asked = Command::new("python3")
        .args(["-c", "import sys; print('%d.%d' % sys.version_info[:2])"])
        .output()
        .context("there is no Python")?;
    let python = String::from_utf8_lossy(&asked.stdout).trim().to_owned();
    let version = format!("{VERSION}-python{python}");
    let folder = cache.keep("python-kubernetes", &version, |folder| {
        eprintln!(
            "    {PACKAGE} {VERSION} from PyPI, to have a client list namespaces; about 20 s, once"
        );
        process::output(Command::new("python3").args(["-m", "venv"]).arg(folder))?;
        process::output(
            Command::new(folder.join("bin/python"))
                .args(["-m", "pip", "--disable-pip-version-check", "install"])
                .args(["--quiet", &format!("{PACKAGE}=={VERSION}")]),
        )
        .map(drop)
    })?;
    Ok(folder.join("bin/python"))
}
