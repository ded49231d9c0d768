//! The hosts of `examples/hosts`, set up as their first lines say. Those in Rust
//! are built by `cargo xtask test`; the others need `KEYHOLE_WASMTIME_PY` (a Python
//! with wasmtime), `KEYHOLE_JCO` and `KEYHOLE_TYPESCRIPT` (folders in which they
//! are installed), which it sets too.

use crate::World;
use crate::artifacts::{component, workspace};
use crate::program::command;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A file of the examples.
fn example(path: &str) -> PathBuf {
    workspace().join("examples/hosts").join(path)
}

/// `name` as `cargo xtask test` leaves it.
fn built(name: &str) -> PathBuf {
    let path = component(name).with_extension("");
    assert!(
        path.is_file(),
        "{} is not there: run `cargo xtask test`",
        path.display()
    );
    path
}

/// Where a tool is, if it is there.
fn tool(variable: &str) -> Option<PathBuf> {
    std::env::var_os(variable).map(PathBuf::from)
}

/// A program in the pod, and the authority over plain HTTP: its CAs are built in.
fn over_http(program: &Path, world: &World) -> Command {
    let mut command = command(program, world);
    command.env("AZURE_AUTHORITY_HOST", world.emulator.http_authority());
    command
}

/// Rust, with `keyhole-host`.
#[must_use]
pub fn rust_keyhole(world: &World) -> Command {
    command(&built("keyhole-example-host"), world)
}

/// Rust, with wasmtime alone.
#[must_use]
pub fn rust_wasmtime(world: &World) -> Command {
    let mut host = over_http(&built("keyhole-example-wasmtime"), world);
    host.arg(component("exchange"));
    host
}

/// Python, with wasmtime.
#[must_use]
pub fn python(world: &World) -> Option<Command> {
    let mut host = over_http(&tool("KEYHOLE_WASMTIME_PY")?, world);
    host.arg(example("python/get_token.py"))
        .arg(component("exchange"));
    Some(host)
}

/// JavaScript on Node, with what `jco transpile` makes of the component.
#[must_use]
pub fn javascript(world: &World) -> Option<Command> {
    let jco = tool("KEYHOLE_JCO")?;
    let folder = world.folder().join("javascript");
    std::fs::create_dir(&folder).expect("a folder");
    symlink(jco.join("node_modules"), folder.join("node_modules")).expect("a link");
    let script = folder.join("get_token.mjs");
    std::fs::copy(example("javascript/get_token.mjs"), &script).expect("the example");
    std::fs::write(folder.join("package.json"), r#"{"type":"module"}"#).expect("a package");
    let mut transpile = node(world);
    transpile
        .current_dir(&folder)
        .arg(jco.join("node_modules/.bin/jco"))
        .arg("transpile")
        .arg(component("exchange"))
        .args(["--instantiation", "async", "-o", "component"]);
    must_run(&mut transpile);
    let mut host = node(world);
    host.arg(script);
    Some(host)
}

/// Node, which trusts the authority's CA.
fn node(world: &World) -> Command {
    let mut node = command(Path::new("node"), world);
    node.env("NODE_EXTRA_CA_CERTS", world.emulator.ca_file());
    node
}

/// Runs what prepares an example.
fn must_run(command: &mut Command) {
    let output = command.output().expect("the program starts");
    assert!(
        output.status.success(),
        "{command:?}\n{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

/// TypeScript on Node, with the npm package as it is packed. Nothing is fetched: what
/// npm would get beside the package is what jco and TypeScript are installed with.
#[must_use]
pub fn typescript(world: &World) -> Option<Command> {
    let package = tool("KEYHOLE_NPM_PACKAGE")?;
    let jco = tool("KEYHOLE_JCO")?.join("node_modules");
    let typescript = tool("KEYHOLE_TYPESCRIPT")?.join("node_modules");
    let folder = world.folder().join("typescript");
    std::fs::create_dir(&folder).expect("a folder");
    for name in ["get_token.ts", "tsconfig.json"] {
        let from = example("typescript").join(name);
        std::fs::copy(from, folder.join(name)).expect("the example");
    }
    std::fs::write(folder.join("package.json"), r#"{"type":"module"}"#).expect("a package");
    let mut install = command(Path::new("npm"), world);
    install
        .current_dir(&folder)
        .args(["install", "--offline", "--legacy-peer-deps"])
        .args(["--ignore-scripts", "--no-audit", "--no-fund"])
        .arg(package);
    must_run(&mut install);
    let modules = folder.join("node_modules");
    for (from, name) in [(&jco, "@bytecodealliance"), (&typescript, "@types")] {
        symlink(from.join(name), modules.join(name)).expect("a link");
    }
    let mut compile = node(world);
    compile
        .current_dir(&folder)
        .arg(typescript.join("typescript/bin/tsc"));
    must_run(&mut compile);
    let mut host = node(world);
    host.arg(folder.join("get_token.js"));
    Some(host)
}
