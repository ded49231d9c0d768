//! Chromium, where this machine has one, and Puppeteer of npm, which drives it.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, anyhow, bail};

use super::cache::Cache;
use super::python;
use crate::bound;
use crate::files;
use crate::process;

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

/// The first that lets a component wait (JSPI) without a flag.
const OLDEST: u32 = 137;

/// The one of the PATH. It is not fetched: npm has none, and it is 200 MB.
pub(super) fn find() -> Result<PathBuf> {
    let path = std::env::var_os("PATH").context("there is no PATH")?;
    let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let programs = PROGRAMS
        .iter()
        .flat_map(|program| folders.iter().map(move |folder| folder.join(program)));
    // Some systems have a script of that name which says where to get it.
    let mut found = programs
        .filter(|program| program.is_file())
        .filter_map(|program| Some((major(&program)?, program)));
    let (major, program) = found
        .next()
        .with_context(|| format!("the PATH has none of {}", PROGRAMS.join(", ")))?;
    if major < OLDEST {
        bail!("{} is {major}, older than {OLDEST}", program.display());
    }
    Ok(program)
}

/// The first number that it says of itself: `Chromium 156.0.8078.108 …`.
fn major(program: &Path) -> Option<u32> {
    let said = process::output(Command::new(program).arg("--version")).ok()?;
    let mut words = said.split_whitespace();
    words.find_map(|word| word.split_once('.')?.0.parse().ok())
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
