//! What the drivers that run many cases in one process share: a plan that they
//! are given, and what they leave beside each case.

use super::{Grants, LIMIT, Ran, process, tool};
use crate::case::Need;
use crate::pod::Pod;
use keyhole_tests::artifacts::workspace;
use serde_json::{Map, Value, json};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// Cases a process.
pub(super) const BATCH: usize = 24;

/// Writes what a driver is to do; beside the first case's files.
pub(crate) fn plan(program: &Path, pods: &[Pod], grants: Grants) -> PathBuf {
    let runs: Vec<Value> = pods.iter().map(|pod| run_of(pod, grants)).collect();
    let plan = json!({ "program": program, "runs": runs });
    let path = pods[0].folder().join("plan.json");
    fs::write(&path, plan.to_string()).expect("a plan");
    path
}

/// What the guest is given in a case.
pub(crate) fn run_of(pod: &Pod, grants: Grants) -> Value {
    let variables: Map<_, _> = pod
        .variables
        .iter()
        .map(|(name, value)| (name.clone(), json!(value)))
        .collect();
    let granted = match (grants, pod.case.needs) {
        (Grants::File, _) => &*pod.token_file,
        (Grants::Either, need) if pod.narrowed && need != Need::FolderGrant => &*pod.token_file,
        _ => pod.mount(),
    };
    json!({
        "arguments": pod.arguments,
        "variables": variables,
        "preopens": { granted.display().to_string(): granted },
        "endpoint": pod.endpoint(),
        "stock": !pod.narrowed,
        "out": pod.out(),
    })
}

/// Runs a driver, and reads what it left.
pub(crate) fn run(command: &mut Command, pods: &[Pod]) -> Vec<Ran> {
    let patience = pods.iter().map(|pod| pod.patience).sum();
    let process = Ran {
        batch: pods.len(),
        ..process::run(command, pods[0].folder(), patience)
    };
    pods.iter().map(|pod| outcome(pod, &process)).collect()
}

fn outcome(pod: &Pod, process: &Ran) -> Ran {
    let read = |name: &str| fs::read(pod.out().join(name)).unwrap_or_default();
    let text = |name| String::from_utf8_lossy(&read(name)).into_owned();
    let outcome: Value = serde_json::from_slice(&read("outcome.json")).unwrap_or_default();
    let number = |name: &str| outcome[name].as_f64();
    let trap = outcome["error"].as_str().unwrap_or_default();
    let lost = match outcome.is_null() {
        true => format!("the driver ended before this case: {}", process.stderr),
        false => String::new(),
    };
    Ran {
        exit: outcome["exit"]
            .as_i64()
            .and_then(|exit| exit.try_into().ok()),
        stdout: text("stdout"),
        stderr: text("stderr") + trap + &lost,
        took: Duration::from_secs_f64(number("ms").unwrap_or_default() / 1000.0),
        ..process.clone()
    }
}

/// A program as JavaScript, with the drivers beside it.
pub(super) fn transpile(scratch: &Path, program: &Path) -> Result<PathBuf, String> {
    let jco = tool("KEYHOLE_JCO")?;
    let name = program.file_stem().expect("a name").to_string_lossy();
    let folder = drivers(scratch, &format!("transpiled-{name}"))?;
    if folder.join("keyhole").is_dir() {
        return Ok(folder);
    }
    let mut command = process::command(Path::new("node"));
    command
        .arg(jco.join("node_modules/.bin/jco"))
        .arg("transpile")
        .arg(program)
        .arg("-o")
        .arg(folder.join("keyhole"))
        .args(TRANSPILE);
    let ran = process::run(&mut command, &folder, LIMIT);
    match ran.exit {
        Some(0) => Ok(folder),
        _ => Err(format!("jco does not transpile it: {}", ran.stderr)),
    }
}

/// How it is transpiled.
pub(crate) const TRANSPILE: [&str; 4] = ["--name", "keyhole", "--instantiation", "async"];

/// A folder with the drivers and jco's packages.
pub(super) fn drivers(scratch: &Path, name: &str) -> Result<PathBuf, String> {
    let jco = tool("KEYHOLE_JCO")?;
    let folder = scratch.join(name);
    if folder.is_dir() {
        return Ok(folder);
    }
    fs::create_dir_all(&folder).expect("a folder");
    symlink(jco.join("node_modules"), folder.join("node_modules")).expect("a link");
    fs::write(folder.join("package.json"), r#"{"type":"module"}"#).expect("a manifest");
    for driver in ["run.mjs", "grant.mjs", "handler.mjs"] {
        let from = workspace().join("tests/conformance/drivers").join(driver);
        fs::copy(from, folder.join(driver)).expect("a driver");
    }
    Ok(folder)
}

/// The CAs of all cases in one file.
pub(super) fn roots(pods: &[Pod]) -> PathBuf {
    let read = |pod: &Pod| fs::read_to_string(pod.emulator.ca_file()).expect("a CA");
    let path = pods[0].folder().join("roots.pem");
    fs::write(&path, pods.iter().map(read).collect::<String>()).expect("roots");
    path
}
