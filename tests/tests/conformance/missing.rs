//! A runtime that is given too little, or is too old: each says what is missing.

use crate::case;
use crate::pod::{Pod, Transport};
use crate::runtimes::{LIMIT, Program, Ran, javascript, process, tool};
use keyhole_tests::artifacts::{component, workspace};
use keyhole_tests::skipped;
use std::fs;
use std::path::{Path, PathBuf};

/// A pod in which everything is in order.
fn pod(transport: Transport) -> Pod {
    let mut case = case::all().swap_remove(0);
    case.command = vec!["get-token".to_owned()];
    Pod::new(&case, transport)
}

fn there(variable: &str) -> Option<PathBuf> {
    tool(variable).map_err(|why| skipped(&why)).ok()
}

fn must_say(ran: &Ran, exit: i32, parts: &[&str]) {
    assert_eq!(ran.exit, Some(exit), "{ran:?}");
    assert_eq!(ran.stdout, "", "{ran:?}");
    for part in parts {
        assert!(ran.stderr.contains(part), "{part:?} in {ran:?}");
    }
}

/// `wasmtime run` with all that a pod needs but for what `leave` names.
fn wasmtime(wasmtime: &Path, leave: &str, folder: Option<&Path>) -> Ran {
    let pod = pod(Transport::PlainHttp);
    let mut command = process::command(wasmtime);
    command.arg("run");
    if leave != "http" {
        command.args(["-S", "http"]);
    }
    if leave != "env" {
        for (name, value) in &pod.variables {
            command.env(name, value).args(["--env", name]);
        }
    }
    if leave != "dir" {
        let guest = pod.mount().display();
        let host = folder.unwrap_or(pod.mount()).display();
        command.arg("--dir").arg(format!("{host}::{guest}"));
    }
    command.arg(component("keyhole")).args(&pod.arguments);
    let ran = process::run(&mut command, pod.folder(), LIMIT);
    assert_eq!(pod.emulator.connections(), 0, "nothing is sent: {ran:?}");
    ran
}

#[test]
fn wasmtime_without_http_names_the_interface() {
    if let Some(program) = there("KEYHOLE_WASMTIME") {
        must_say(&wasmtime(&program, "http", None), 1, &["wasi:http/types"]);
    }
}

#[test]
fn a_runtime_that_grants_no_folder_or_another_is_told_what_to_grant() {
    let Some(program) = there("KEYHOLE_WASMTIME") else {
        return;
    };
    let said = ["no directory that was granted holds it", "--dir FOLDER"];
    must_say(&wasmtime(&program, "dir", None), 3, &said);
    let other = tempfile::TempDir::with_prefix("keyhole-other-").expect("a folder");
    let ran = wasmtime(&program, "", Some(other.path()));
    must_say(&ran, 3, &["no such file"]);
    let file = other.path().join("file");
    fs::write(&file, "").expect("a file");
    must_say(
        &wasmtime(&program, "", Some(&file)),
        1,
        &["Not a directory"],
    );
}

#[test]
fn a_runtime_that_gives_no_variables_is_told_to() {
    if let Some(program) = there("KEYHOLE_WASMTIME") {
        let said = ["AZURE_CLIENT_ID is not set", "--env NAME"];
        must_say(&wasmtime(&program, "env", None), 2, &said);
    }
}

#[test]
fn jco_run_without_grants_finds_no_file() {
    let Some(jco) = there("KEYHOLE_JCO") else {
        return;
    };
    let pod = pod(Transport::Tls);
    let mut command = process::command("node".as_ref());
    command
        .arg(jco.join("node_modules/.bin/jco"))
        .arg("run")
        .arg(component("keyhole"))
        .args(&pod.arguments)
        .envs(pod.variables.iter().cloned());
    let ran = process::run(&mut command, pod.folder(), LIMIT);
    must_say(&ran, 3, &["no directory that was granted holds it"]);
}

/// `run.py`, changed or with another library.
fn python(script: &str, change: impl FnOnce(&mut std::process::Command, &Path)) -> Option<Ran> {
    let python = there("KEYHOLE_WASMTIME_PY")?;
    let pods = [pod(Transport::PlainHttp)];
    let file = pods[0].folder().join("run.py");
    fs::write(&file, script).expect("a script");
    let plan = javascript::plan(
        &component("keyhole"),
        &pods,
        crate::runtimes::Grants::Folder,
    );
    let mut command = process::command(&python);
    command.arg(&file).arg(plan);
    change(&mut command, pods[0].folder());
    let ran = javascript::run(&mut command, &pods);
    ran.into_iter().next()
}

fn driver(name: &str) -> String {
    let path = workspace().join("tests/conformance/drivers").join(name);
    fs::read_to_string(path).expect("a driver")
}

#[test]
fn wasmtime_for_python_without_http_names_the_interface() {
    let script = driver("run.py");
    let without = script.replace("    linker.add_wasi_http()\n", "");
    assert_ne!(script, without);
    if let Some(ran) = python(&without, |_, _| {}) {
        assert_eq!(ran.exit, None, "{ran:?}");
        assert!(ran.stderr.contains("wasi:http"), "{ran:?}");
    }
}

/// What a version from before components has is a package without them.
#[test]
fn a_wasmtime_for_python_without_components_is_refused_with_the_version_to_install() {
    let old = |command: &mut std::process::Command, folder: &Path| {
        let package = folder.join("old/wasmtime");
        fs::create_dir_all(&package).expect("a folder");
        fs::write(package.join("__init__.py"), "").expect("a package");
        command.env("PYTHONPATH", folder.join("old"));
    };
    if let Some(ran) = python(&driver("run.py"), old) {
        for part in ["wasmtime", "no components", "pip install", "50"] {
            assert!(ran.stderr.contains(part), "{part:?} in {ran:?}");
        }
    }
}

/// The transpiled program and its driver, once for a test.
fn transpiled(scratch: &Path) -> Option<PathBuf> {
    there("KEYHOLE_JCO")?;
    let program = Program::keyhole(scratch);
    Some(program.transpiled().expect("it is transpiled"))
}

#[test]
fn an_old_node_is_refused_with_the_version_to_install() {
    let scratch = tempfile::TempDir::with_prefix("keyhole-old-").expect("a folder");
    let Some(folder) = transpiled(scratch.path()) else {
        return;
    };
    let preload = scratch.path().join("old.cjs");
    let old = "Object.defineProperty(process.versions, 'node', { value: '18.20.0' })";
    fs::write(&preload, old).expect("a script");
    let mut command = process::command("node".as_ref());
    command
        .arg("--require")
        .arg(&preload)
        .arg(folder.join("run.mjs"))
        .arg("no-such-plan.json");
    let ran = process::run(&mut command, scratch.path(), LIMIT);
    must_say(&ran, 2, &["18.20.0", "Node 20"]);
}

#[test]
fn deno_without_the_network_says_that_the_authority_could_not_be_asked() {
    let scratch = tempfile::TempDir::with_prefix("keyhole-deno-").expect("a folder");
    let (Some(folder), Some(deno)) = (transpiled(scratch.path()), there("KEYHOLE_DENO")) else {
        return;
    };
    let mut one = pod(Transport::Tls);
    one.arguments.extend(["--timeout", "1s"].map(str::to_owned));
    let pods = [one];
    let plan = javascript::plan(
        &folder.join("keyhole"),
        &pods,
        crate::runtimes::Grants::Either,
    );
    let mut command = process::command(&deno);
    command
        .args(["run", "--no-prompt", "--allow-env", "--allow-read"])
        .arg(format!("--allow-write={}", pods[0].out().display()))
        .arg(folder.join("run.mjs"))
        .arg(plan);
    let ran = javascript::run(&mut command, &pods);
    must_say(&ran[0], 5, &["could not be asked"]);
    assert_eq!(pods[0].emulator.connections(), 0);
}
