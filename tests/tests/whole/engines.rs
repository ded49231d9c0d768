//! `--engine`: the interpreter where no memory may be made executable, as in a pod
//! whose seccomp profile or SELinux policy forbids it, or a systemd unit with
//! `MemoryDenyWriteExecute=`. Linux has prctl(2) for it since 6.3, `PR_SET_MDWE`.

use keyhole_emulator::ApiServer;
use keyhole_tests::keyhole_proxy::KeyholeProxy;
use keyhole_tests::program::{Ran, command, full, run_command, slim};
use keyhole_tests::{World, artifacts, skipped};
use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

/// Leaves a program that runs another one without executable memory of its own.
fn forbidden(program: &Path, world: &World) -> Option<PathBuf> {
    let path = world.folder().join("without-executable-memory");
    let script = format!(
        "#!/usr/bin/env python3\n\
         import ctypes, os, sys\n\
         if ctypes.CDLL(None).prctl(65, 1, 0, 0, 0) != 0: sys.exit(99)\n\
         os.execv({:?}, ['keyhole', *sys.argv[1:]])\n",
        program.display()
    );
    fs::write(&path, script).expect("a script");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("a program");
    let ran = run_command(command(&path, world).arg("--version"), world);
    if ran.code == Some(0) {
        return Some(path);
    }
    skipped(&format!(
        "no Python, or a Linux older than 6.3 without PR_SET_MDWE: {ran:?}"
    ));
    None
}

fn get_token(program: &Path, world: &World, flags: &[&str]) -> Ran {
    run_command(command(program, world).arg("get-token").args(flags), world)
}

#[test]
fn the_interpreter_gets_a_token_where_no_memory_may_be_made_executable() {
    let world = World::new();
    let Some(program) = forbidden(&full(), &world) else {
        return;
    };
    get_token(&program, &world, &[]).must_have_failed(2, &["memory executable", "--engine pulley"]);
    assert_eq!(world.emulator.requests().len(), 0);
    let ran = get_token(&program, &world, &["--engine", "pulley"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(world.honest_requests().len(), 1);
}

#[test]
fn the_build_without_a_compiler_needs_no_executable_memory_and_says_so() {
    let world = World::new();
    get_token(&slim(), &world, &["--engine", "pulley"])
        .must_have_failed(2, &["no interpreter", "makes no memory executable"]);
    let Some(program) = forbidden(&slim(), &world) else {
        return;
    };
    let ran = get_token(&program, &world, &[]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
}

#[test]
fn a_proxy_is_interpreted_as_a_whole() {
    let world = World::new();
    let Some(program) = forbidden(&full(), &world) else {
        return;
    };
    let api_server = ApiServer::start(&world.emulator, 0).expect("the API server");
    let proxy = KeyholeProxy::start(&program, &world, &api_server, &["--engine", "pulley"]);
    let answer = proxy.proxied.get("/api/v1/namespaces");
    assert_eq!(answer.status, 200, "{answer:?}");
}

/// What the audit log says of a run, but for ids and times.
fn decisions(world: &World, engine: &str, component: &str, flags: &[&str]) -> (Ran, Vec<Value>) {
    let path = artifacts::component(component);
    let digest = keyhole_host::Digest::of(&artifacts::bytes(component)).to_string();
    let mut run = command(&full(), world);
    run.args(["get-token", "--engine", engine, "--audit", "-"])
        .arg("--component")
        .arg(path)
        .args(["--digest", &digest])
        .args(flags);
    let ran = run_command(&mut run, world);
    let lines = ran.stderr.lines().filter(|line| line.starts_with('{'));
    let events = lines.map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    let kept = events.map(|event| {
        let of = |name: &str| event[name].clone();
        Value::Array(["capability", "decision", "rule"].map(of).into())
    });
    let kept = kept.collect();
    (ran, kept)
}

#[test]
fn the_interpreter_decides_and_limits_as_machine_code_does() {
    for (component, attempt, code) in [
        ("exchange", None, 0),
        ("hostile", Some("open_sibling"), 7),
        ("hostile", Some("post_other_host"), 7),
        ("hostile", Some("grow_memory"), 7),
        // By the deadline, which comes long before the fuel is used up.
        ("hostile", Some("endless_loop"), 5),
        ("hostile", Some("endless_wait"), 5),
    ] {
        let resource = format!("api://attempt/{}", attempt.unwrap_or("none"));
        let world = World::granting(&resource);
        let scope = format!("{resource}/.default");
        let endless = attempt.is_some_and(|attempt| attempt.starts_with("endless"));
        let mut flags = vec!["--timeout", if endless { "3s" } else { "60s" }];
        if attempt.is_some() {
            flags.extend(["--scope", &scope]);
        }
        let [native, pulley] =
            ["native", "pulley"].map(|engine| decisions(&world, engine, component, &flags));
        assert_eq!(native.0.code, Some(code), "{attempt:?}: {:?}", native.0);
        assert_eq!(pulley.0.code, Some(code), "{attempt:?}: {:?}", pulley.0);
        assert!(!native.1.is_empty(), "{:?}", native.0);
        assert_eq!(native.1, pulley.1, "{attempt:?}");
    }
}
