//! The program in a page of Chromium, transpiled with JSPI: the component waits inside a
//! call, and a page has nothing else that waits. `chromium.mjs` says how.

use super::{Grants, LIMIT, Program, Ran, Runtime, javascript, process, tool};
use crate::pod::{Pod, Transport};
use keyhole_tests::artifacts::workspace;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

pub(super) const NAME: &str = "Chromium";

pub(super) struct Chromium {
    chromium: PathBuf,
    version: String,
}

/// How the program is transpiled.
pub(crate) const TRANSPILE: [&str; 8] = [
    "--name",
    "keyhole",
    "--instantiation",
    "async",
    "--async-mode",
    "jspi",
    "--async-wasi-imports",
    "--async-wasi-exports",
];

impl Chromium {
    pub(super) fn find(program: &Program) -> Result<Self, String> {
        let chromium = tool("KEYHOLE_CHROMIUM")?;
        let words = [chromium.display().to_string(), "--version".to_owned()];
        let version = format!(
            "{}, jco {}",
            process::version(&words)?,
            super::jco_run::version()?
        );
        folder_of(program)?;
        Ok(Self { chromium, version })
    }
}

/// The drivers, their packages and the program.
fn folder_of(program: &Program) -> Result<PathBuf, String> {
    let command = program.command()?;
    let name = command.file_stem().expect("a name").to_string_lossy();
    let folder = drivers(&program.scratch, &format!("chromium-{name}"))?;
    if !folder.join("keyhole").is_dir() {
        transpile(&command, &folder)?;
    }
    Ok(folder)
}

/// A folder with the drivers, the shim and Puppeteer.
fn drivers(scratch: &Path, name: &str) -> Result<PathBuf, String> {
    let modules = |variable| Ok::<_, String>(tool(variable)?.join("node_modules"));
    let packages = [
        (modules("KEYHOLE_JCO")?, "@bytecodealliance"),
        (modules("KEYHOLE_PUPPETEER")?, "puppeteer-core"),
    ];
    let folder = scratch.join(name);
    if folder.is_dir() {
        return Ok(folder);
    }
    let own = folder.join("node_modules");
    fs::create_dir_all(&own).expect("a folder");
    for (modules, package) in packages {
        symlink(modules.join(package), own.join(package)).expect("a link");
    }
    for driver in ["chromium.mjs", "page.mjs"] {
        let from = workspace().join("tests/conformance/drivers").join(driver);
        fs::copy(from, folder.join(driver)).expect("a driver");
    }
    Ok(folder)
}

fn transpile(program: &Path, folder: &Path) -> Result<(), String> {
    let jco = tool("KEYHOLE_JCO")?.join("node_modules/.bin/jco");
    let mut command = process::command(Path::new("node"));
    command
        .arg(jco)
        .arg("transpile")
        .arg(program)
        .arg("-o")
        .arg(folder.join("keyhole"))
        .args(TRANSPILE);
    let ran = process::run(&mut command, folder, LIMIT);
    match ran.exit {
        Some(0) => Ok(()),
        _ => Err(format!("jco does not transpile it: {}", ran.stderr)),
    }
}

impl Runtime for Chromium {
    fn name(&self) -> &'static str {
        NAME
    }

    fn family(&self) -> &'static str {
        NAME
    }

    fn version(&self) -> String {
        self.version.clone()
    }

    fn transport(&self) -> Transport {
        Transport::Tls
    }

    fn grants(&self) -> Grants {
        Grants::File
    }

    fn batch(&self) -> usize {
        javascript::BATCH
    }

    fn command(&self) -> Vec<String> {
        ["node", "chromium.mjs", "/usr/bin/chromium", "plan.json"]
            .map(str::to_owned)
            .into()
    }

    fn run(&self, program: &Program, pods: &[Pod]) -> Vec<Ran> {
        let folder = folder_of(program).expect("it is transpiled");
        let plan = javascript::plan(&folder.join("keyhole"), pods, self.grants());
        let mut command = process::command("node".as_ref());
        command
            .arg(folder.join("chromium.mjs"))
            .arg(&self.chromium)
            .arg(plan)
            .env("NODE_EXTRA_CA_CERTS", javascript::roots(pods));
        javascript::run(&mut command, pods)
    }
}
