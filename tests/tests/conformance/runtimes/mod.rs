//! The runtimes: how each is found, and how it runs a case.

pub(crate) mod chromium;
mod deno;
pub(crate) mod javascript;
mod jco_run;
mod keyhole;
mod node;
pub(crate) mod process;
mod python;
mod wasmtime_cli;

use crate::case::{Case, Need};
use crate::isolation::How;
use crate::pod::{Pod, Transport};
use crate::suite;
use keyhole_tests::artifacts;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

/// A runtime that is there.
pub(crate) trait Runtime: Send + Sync {
    /// Which one; the name that deviations and the docs use.
    fn name(&self) -> &'static str;

    /// What it is counted as: the modes of our host are one.
    fn family(&self) -> &'static str;

    /// Its version, as it says itself.
    fn version(&self) -> String;

    /// How it reaches the authority.
    fn transport(&self) -> Transport;

    /// What it can grant of files.
    fn grants(&self) -> Grants;

    /// How many cases one process runs.
    fn batch(&self) -> usize;

    /// If it is slow: of how many cases it runs one, and why.
    fn sample(&self) -> Option<(usize, &'static str)> {
        None
    }

    /// Whether its isolation is measured in this way.
    fn holds(&self, how: How) -> bool {
        match how {
            How::Narrowed => self.grants() != Grants::Folder,
            // Each attempt has a component of its own, which most have to translate.
            How::Fixed => FIXED_RULE.contains(&self.name()) || suite::all_is_run(),
            How::Bare | How::Guarded => true,
        }
    }

    /// Its command line, as people type it.
    fn command(&self) -> Vec<String>;

    /// Runs each case, in a process for all of them if there are several.
    fn run(&self, program: &Program, pods: &[Pod]) -> Vec<Ran>;
}

/// Where a fixed rule is always measured; elsewhere by `cargo xtask test --all`.
const FIXED_RULE: [&str; 2] = [wasmtime_cli::NAME, node::NAME];

/// What is run, in the forms that runtimes take.
pub(crate) struct Program {
    /// The component that our host runs: the exchange, or what pretends to be it.
    exchange: &'static str,
    /// The command composed with it.
    command: PathBuf,
    /// That as JavaScript, if somebody asked for it.
    transpiled: OnceLock<Result<PathBuf, String>>,
    scratch: PathBuf,
}

impl Program {
    /// `keyhole.wasm`.
    pub(crate) fn keyhole(scratch: &Path) -> Self {
        Self::new(scratch, "exchange", artifacts::component("keyhole"))
    }

    /// A command, and what our host runs in its place.
    pub(crate) fn new(scratch: &Path, exchange: &'static str, command: PathBuf) -> Self {
        Self {
            exchange,
            command,
            transpiled: OnceLock::new(),
            scratch: scratch.to_owned(),
        }
    }

    /// The folder of the JavaScript.
    pub(crate) fn transpiled(&self) -> Result<PathBuf, String> {
        let transpile = || javascript::transpile(&self.scratch, &self.command);
        self.transpiled.get_or_init(transpile).clone()
    }

    /// Whether stock runtimes have it.
    fn command(&self) -> Result<PathBuf, String> {
        match self.command.is_file() {
            true => Ok(self.command.clone()),
            false => Err(format!("{} is not built", self.command.display())),
        }
    }
}

/// What a runtime can grant of files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Grants {
    /// One file, whatever its path.
    File,
    /// A folder, and all below it.
    Folder,
    /// A folder, or a preopen that is one file.
    Either,
}

/// A runtime of the list, there or not.
pub(crate) struct Listed {
    /// Its name.
    pub(crate) name: &'static str,
    /// The runtime, or why it is not run.
    pub(crate) found: Result<Box<dyn Runtime>, String>,
}

/// What came of a case.
#[derive(Debug, Default, Clone)]
pub(crate) struct Ran {
    /// The exit code, if it ended by itself.
    pub(crate) exit: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    /// From start to end: of the process, or of the case in it.
    pub(crate) took: Duration,
    /// The most memory that the process had, in bytes (`ru_maxrss`: Linux counts what
    /// was there before exec, so never less than this process had then).
    pub(crate) memory: u64,
    /// Whether we had to end it.
    pub(crate) killed: bool,
    /// How many cases that process ran.
    pub(crate) batch: usize,
}

/// Longer than any case takes.
pub(crate) const LIMIT: Duration = Duration::from_secs(60);

/// All of them, those first that need the least.
pub(crate) fn all(scratch: &Path, program: &Program) -> Vec<Listed> {
    fn listed<R: Runtime + 'static>(name: &'static str, found: Result<R, String>) -> Listed {
        let found = found.map(|runtime| Box::new(runtime) as Box<dyn Runtime>);
        Listed { name, found }
    }
    vec![
        listed(keyhole::AOT, keyhole::aot()),
        listed(keyhole::CRANELIFT, keyhole::cranelift()),
        listed(keyhole::PULLEY, keyhole::pulley()),
        listed(wasmtime_cli::NAME, wasmtime_cli::WasmtimeCli::find(program)),
        listed(python::NAME, python::Python::find(program)),
        listed(jco_run::NAME, jco_run::JcoRun::find(scratch, program)),
        listed(node::NAME, node::Node::find(program)),
        listed(deno::NAME, deno::Deno::find(program)),
        listed(chromium::NAME, chromium::Chromium::find(program)),
    ]
}

/// Why a case cannot be had with a runtime, if so.
pub(crate) fn not_applicable(case: &Case, runtime: &dyn Runtime) -> Option<&'static str> {
    match case.needs {
        Need::Nothing | Need::PlainHttp => None,
        Need::Tls => (runtime.transport() != Transport::Tls).then_some("no CA can be given"),
        Need::FileGrant => {
            (runtime.grants() == Grants::Folder).then_some("a preopen cannot be a file")
        }
        Need::FolderGrant => {
            (runtime.grants() == Grants::File).then_some("a folder is never granted")
        }
    }
}

/// A tool that `cargo xtask test` found.
pub(crate) fn tool(variable: &str) -> Result<PathBuf, String> {
    std::env::var_os(variable)
        .map(PathBuf::from)
        .filter(|path| path.exists())
        .ok_or_else(|| format!("{variable} names none; `cargo xtask test` sets it"))
}

/// What gives each memory of a guest 16 MiB on V8.
const MEMORY: &str = "--wasm-max-mem-pages=256";

/// The variables of a pod with workload identity.
pub(crate) const PODS_VARIABLES: [&str; 4] = [
    "AZURE_CLIENT_ID",
    "AZURE_TENANT_ID",
    "AZURE_FEDERATED_TOKEN_FILE",
    "AZURE_AUTHORITY_HOST",
];

/// The folder of its token.
const PODS_FOLDER: &str = "/var/run/secrets/azure/tokens";

/// The names of all of them.
pub(crate) const NAMES: &[&str] = &[
    keyhole::AOT,
    keyhole::CRANELIFT,
    keyhole::PULLEY,
    wasmtime_cli::NAME,
    python::NAME,
    jco_run::NAME,
    node::NAME,
    deno::NAME,
    chromium::NAME,
];
