//! Deno, of the package that its users on npm take (npmjs.com/package/deno): one
//! program for each system in a package of its own.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, anyhow, bail};

use super::cache::Cache;
use super::python;
use crate::bound;
use crate::process;

const NAME: &str = "deno";
const VERSION: &str = "2.9.6";

pub(super) fn install(cache: &Cache) -> Result<PathBuf> {
    let package = package()?;
    let program = Path::new("node_modules").join(package).join(NAME);
    let folder = cache.keep(NAME, VERSION, |folder| {
        eprintln!("    {package} {VERSION} from npm, to run components on Deno; about 10 s, once");
        let mut npm = Command::new("npm");
        npm.args(["install", "--ignore-scripts", "--no-audit", "--no-fund"])
            .args(["--no-package-lock", "--loglevel=error", "--prefix"])
            .arg(folder)
            .arg(format!("{package}@{VERSION}"));
        bound::run_for(&mut npm, python::LIMIT)
            .map_err(|reason| anyhow!("npm cannot: {reason}"))?;
        let program = folder.join(&program);
        executable(&program)?;
        process::output(Command::new(&program).arg("--version"))
            .map(|_| ())
            .with_context(|| format!("{} does not start", program.display()))
    })?;
    Ok(folder.join(program))
}

/// The package of this system, which the package `deno` would choose by a script.
fn package() -> Result<&'static str> {
    Ok(match (std::env::consts::OS, std::env::consts::ARCH) {
        ("linux", "x86_64") => "@deno/linux-x64-glibc",
        ("linux", "aarch64") => "@deno/linux-arm64-glibc",
        ("macos", "x86_64") => "@deno/darwin-x64",
        ("macos", "aarch64") => "@deno/darwin-arm64",
        (system, machine) => bail!("npm has no Deno for {system} on {machine}"),
    })
}

/// The package has it without that bit.
#[cfg(unix)]
fn executable(program: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt as _;

    let mode = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(program, mode)
        .with_context(|| format!("{} is not there", program.display()))
}

#[cfg(not(unix))]
fn executable(_: &Path) -> Result<()> {
    Ok(())
}
