//! `keyhole.wasm` under runtimes of other people's: `wasmtime run`
//! (`KEYHOLE_WASMTIME`) and jco on Node (`KEYHOLE_JCO`).

use crate::World;
use crate::artifacts::{component, workspace};
use crate::program::{Ran, command, run_command};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Variables of the pod that the component is given.
pub const GIVEN: [&str; 4] = [
    "AZURE_CLIENT_ID",
    "AZURE_TENANT_ID",
    "AZURE_FEDERATED_TOKEN_FILE",
    "AZURE_AUTHORITY_HOST",
];

/// `wasmtime run`, with what it is told beside the grants of a pod. Its roots of
/// TLS are built in, so the authority is plain HTTP.
#[must_use]
pub fn wasmtime(program: &Path, world: &World) -> Command {
    let mut wasmtime = command(program, world);
    wasmtime
        .env("AZURE_AUTHORITY_HOST", world.emulator.http_authority())
        .arg("run");
    wasmtime
}

/// `wasmtime run` with all that a pod is to grant, and the component's arguments.
pub fn run_in_wasmtime(program: &Path, world: &World, arguments: &[&str]) -> Ran {
    let mut wasmtime = wasmtime(program, world);
    let token = world.token_file();
    let folder = token.parent().expect("a folder");
    wasmtime.args(["-S", "http", "--dir"]).arg(folder);
    for name in GIVEN {
        wasmtime.args(["--env", name]);
    }
    wasmtime.arg(component("keyhole")).args(arguments);
    run_command(&mut wasmtime, world)
}

/// `jco run` with the grants of `deploy/jco/command.mjs`, over TLS.
pub fn run_in_jco(
    folder: &Path,
    world: &World,
    arguments: &[&str],
    change: impl Fn(&mut Command),
) -> Ran {
    let grants = grants(folder, world);
    let mut jco = command(Path::new("node"), world);
    jco.arg(folder.join("node_modules/.bin/jco"))
        .args(["run", "--jco-import"])
        .arg(grants)
        .arg(component("keyhole"))
        .args(arguments)
        .env("NODE_EXTRA_CA_CERTS", world.emulator.ca_file());
    change(&mut jco);
    run_command(&mut jco, world)
}

/// The grants, in a folder of the pod's.
fn grants(folder: &Path, world: &World) -> PathBuf {
    let grants = world.folder().join("jco");
    if !grants.exists() {
        std::fs::create_dir(&grants).expect("a folder");
        // They are of the shim that jco takes: both lie beside it.
        symlink(folder.join("node_modules"), grants.join("node_modules")).expect("a link");
    }
    let from = workspace().join("deploy/jco/command.mjs");
    let grants = grants.join("command.mjs");
    std::fs::copy(from, &grants).expect("the grants");
    grants
}
