//! Programs behind guards, on runtimes that grant more: `wasmtime run`
//! (`KEYHOLE_WASMTIME`) and the transpiled component on Node (`KEYHOLE_JCO`).

use crate::program::{Ran, command, run_command};
use crate::{World, artifacts};
use keyhole_exchange::settings::Settings;
use keyhole_guard::{GuardError, GuardRule, Guards, RuleSource, guard};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use wac_graph::types::Package;
use wac_graph::{CompositionGraph, EncodeOptions, plug};

/// The folder as the component sees it.
const FOLDER: &str = "/pod";

/// A pod with another file beside the token, and a runtime that grants the folder
/// and the whole network.
pub struct Pod<'a> {
    /// Its surroundings.
    pub world: &'a World,
    folder: PathBuf,
    scope: Option<String>,
}

impl<'a> Pod<'a> {
    /// A pod whose settings have this scope, or none.
    #[must_use]
    pub fn new(world: &'a World, scope: Option<&str>) -> Self {
        let folder = world.folder().join("pod");
        if !folder.exists() {
            std::fs::create_dir(&folder).expect("a folder");
            for name in ["federated-token", "azure-identity-token"] {
                std::fs::write(folder.join(name), world.federated_token()).expect("a token");
            }
        }
        Self {
            world,
            folder,
            scope: scope.map(str::to_owned),
        }
    }

    /// The folder outside.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    fn variables(&self) -> Vec<(&'static str, String)> {
        let emulator = &self.world.emulator;
        let mut variables = vec![
            ("AZURE_CLIENT_ID", emulator.client_id().to_owned()),
            ("AZURE_TENANT_ID", emulator.tenant().to_owned()),
            (
                "AZURE_FEDERATED_TOKEN_FILE",
                format!("{FOLDER}/federated-token"),
            ),
            (
                "AZURE_AUTHORITY_HOST",
                // By name, so that the address is another spelling.
                emulator.http_authority().replace("127.0.0.1", "localhost"),
            ),
        ];
        variables.extend(self.scope.clone().map(|scope| ("AZURE_SCOPE", scope)));
        variables
    }

    /// The rule of these settings.
    #[must_use]
    pub fn rule(&self) -> GuardRule {
        let variables = self.variables();
        let settings = Settings::from_env(&|name| {
            let named = variables.iter().find(|(known, _)| *known == name);
            named.map(|(_, value)| value.clone())
        });
        GuardRule::of(&settings.expect("settings of the pod"))
    }

    /// Writes a component into the pod's surroundings.
    #[must_use]
    pub fn put(&self, name: &str, component: &[u8]) -> PathBuf {
        let path = self.world.folder().join(format!("{name}.wasm"));
        std::fs::write(&path, component).expect("a component");
        path
    }

    /// Runs a component by wasmtime, which grants the folder and every address.
    pub fn run_in_wasmtime(&self, wasmtime: &Path, component: &Path, arguments: &[&str]) -> Ran {
        let mut run = command(wasmtime, self.world);
        run.args(["run", "-S", "http", "-W", "timeout=30s"])
            // It compiles anew at each run.
            .args(["-O", "opt-level=0", "--dir"])
            .arg(format!("{}::{FOLDER}", self.folder.display()));
        for (name, value) in self.variables() {
            run.arg("--env").arg(format!("{name}={value}"));
        }
        run.arg(component).args(arguments);
        run_command(&mut run, self.world)
    }

    /// Runs a transpiled component on Node, whose shim grants the same.
    pub fn run_in_node(&self, transpiled: &Path, arguments: &[&str]) -> Ran {
        let mut node = command(Path::new("node"), self.world);
        node.arg(transpiled.join("guarded.mjs"))
            .arg(&self.folder)
            .arg(FOLDER)
            .args(arguments)
            .envs(self.variables());
        if self.scope.is_none() {
            node.env_remove("AZURE_SCOPE");
        }
        run_command(&mut node, self.world)
    }
}

/// Transpiles a component for Node, by the jco of this folder.
#[must_use]
pub fn transpile(jco: &Path, component: &Path) -> PathBuf {
    let folder = component.with_extension("transpiled");
    let status = Command::new("node")
        .arg(jco.join("node_modules/.bin/jco"))
        .arg("transpile")
        .arg(component)
        .args(["--instantiation", "async", "--no-typescript", "--quiet"])
        .args(["--name", "program", "-o"])
        .arg(&folder)
        .status();
    assert!(status.expect("Node starts").success());
    std::fs::write(folder.join("package.json"), "{\"type\":\"module\"}").expect("a file");
    symlink(jco.join("node_modules"), folder.join("node_modules")).expect("a link");
    let script = artifacts::workspace().join("tests/jco/guarded.mjs");
    std::fs::copy(script, folder.join("guarded.mjs")).expect("the script");
    folder
}

/// The command with another provider of tokens in it than the exchange.
#[must_use]
pub fn command_with(provider: &[u8]) -> Vec<u8> {
    let mut graph = CompositionGraph::new();
    let mut register = |name: &str, bytes: Vec<u8>| {
        let package = Package::from_bytes(name, None, bytes, graph.types_mut());
        let package = package.expect("a component");
        graph.register_package(package).expect("a name of its own")
    };
    let provider = register("test:provider", provider.to_vec());
    let command = register("test:command", artifacts::bytes("command"));
    plug(&mut graph, vec![provider], command).expect("they fit");
    graph.encode(EncodeOptions::default()).expect("a component")
}

/// A component behind the guards.
#[must_use]
pub fn guarded(program: &[u8], source: &RuleSource) -> Vec<u8> {
    try_guarded(program, source).expect("it can be guarded")
}

/// A component behind the guards, if it can be.
///
/// # Errors
/// It cannot be guarded so.
pub fn try_guarded(program: &[u8], source: &RuleSource) -> Result<Vec<u8>, GuardError> {
    let [endpoint, file, environment] =
        ["guard-endpoint", "guard-file", "guard-environment"].map(artifacts::bytes);
    let guards = Guards {
        endpoint: &endpoint,
        file: &file,
        environment: &environment,
    };
    guard(program, source, &guards)
}

/// The rules in a guard's lines, in order.
#[must_use]
pub fn refused(stderr: &str) -> Vec<&str> {
    let lines = stderr
        .lines()
        .filter(|line| line.starts_with("keyhole guard: "));
    let rules = lines.filter_map(|line| line.split_once(" was refused (")?.1.split_once(')'));
    rules.map(|(rule, _)| rule).collect()
}
