//! Python with the package `kubernetes`, in a virtual environment.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};

use super::cache::Cache;
use crate::bound;
use crate::process;

/// The package of the Kubernetes project (pypi.org/project/kubernetes).
const PACKAGE: &str = "kubernetes";
const VERSION: &str = "37.0.2";

/// How long PyPI may take where the network swallows packets.
const LIMIT: Duration = Duration::from_secs(300);

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
        let mut pip = Command::new(folder.join("bin/python"));
        pip.args(["-m", "pip", "--disable-pip-version-check", "install"])
            .args(["--quiet", &format!("{PACKAGE}=={VERSION}")]);
        bound::run_for(&mut pip, LIMIT).map_err(|reason| anyhow!("pip cannot: {reason}"))
    })?;
    Ok(folder.join("bin/python"))
}
