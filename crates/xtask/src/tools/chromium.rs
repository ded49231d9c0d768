//! Chromium, where this machine has one, and Puppeteer of npm, which drives it.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, anyhow};

use super::cache::Cache;
use super::python;
use crate::bound;
use crate::files;

/// What Debian, others and Google call it.
const PROGRAMS: [&str; 4] = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
];

const NAME: &str = "puppeteer-core";
/// The last that runs on Node 20. Without a browser: `puppeteer` would fetch one.
const VERSION: &str = "24.43.1";

/// The one of the PATH. It is not fetched: npm has none, and it is 200 MB.
pub(super) fn find() -> Result<PathBuf> {
    let path = std::env::var_os("PATH").context("there is no PATH")?;
    let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    PROGRAMS
        .iter()
        .flat_map(|program| folders.iter().map(move |folder| folder.join(program)))
        .find(|program| program.is_file())
        .with_context(|| format!("the PATH has none of {}", PROGRAMS.join(", ")))
}

/// The folder in which Puppeteer is installed.
pub(super) fn puppeteer(cache: &Cache) -> Result<PathBuf> {
    find().context("there is no Chromium to drive")?;
    let node = Command::new("node").arg("--version").output();
    node.context("there is no Node")?;
    cache.keep(NAME, VERSION, npm_install)
}

fn npm_install(folder: &Path) -> Result<()> {
    eprintln!("    {NAME} {VERSION} from npm, to visit a page in Chromium; about 10 s, once");
    let manifest = format!(r#"{{"private":true,"dependencies":{{"{NAME}":"{VERSION}"}}}}"#);
    files::put(&folder.join("package.json"), manifest.as_bytes())?;
    let mut npm = Command::new("npm");
    npm.current_dir(folder)
        .args(["install", "--ignore-scripts", "--no-audit", "--no-fund"])
        .args(["--no-package-lock", "--loglevel=error"]);
    bound::run_for(&mut npm, python::LIMIT).map_err(|reason| anyhow!("npm cannot: {reason}"))
}
