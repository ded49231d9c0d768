//! `keyhole.wasm` under runtimes of other people's: what it says, compared with
//! what the program says of the same, and how it ends (docs/command.md).

use keyhole_emulator::Fault;
use keyhole_tests::leaks::Secret;
use keyhole_tests::program::{Ran, command, run_command, slim};
use keyhole_tests::stock_command::{run_in_jco, run_in_wasmtime, wasmtime as bare_wasmtime};
use keyhole_tests::stock_server::{jco, wasmtime};
use keyhole_tests::{World, artifacts, skipped};
use serde_json::Value;
use std::path::{Path, PathBuf};

use crate::verify::TOKEN;

fn there(found: Option<PathBuf>, what: &str) -> Option<PathBuf> {
    if found.is_none() {
        skipped(&format!("no {what}; `cargo xtask test --all` gets it"));
    }
    found
}

/// The program, of the same authority.
fn program(world: &World, arguments: &[&str]) -> Ran {
    let mut program = command(&slim(), world);
    program
        .env("AZURE_AUTHORITY_HOST", world.emulator.http_authority())
        .args(arguments);
    run_command(&mut program, world)
}

/// A report without its steps, which are the sandbox's, and without what differs
/// from call to call: ids and times.
fn comparable(report: &str) -> String {
    let is_step = |line: &&str| {
        ["ok ", "failed ", "refused "]
            .iter()
            .any(|mark| line.starts_with(mark))
    };
    let lines: Vec<_> = report.lines().filter(|line| !is_step(line)).collect();
    masked(&lines.join("\n"))
}

/// Each GUID as one word, each digit as a one.
fn masked(text: &str) -> String {
    let mut masked = String::new();
    let mut word = String::new();
    for c in text.chars().chain(['\n']) {
        if c.is_ascii_hexdigit() || c == '-' {
            word.push(c);
            continue;
        }
        let is_guid = word.len() == 36 && word.matches('-').count() == 4;
        let word = std::mem::take(&mut word);
        masked.push_str(if is_guid { "GUID" } else { &word });
        masked.push(c);
    }
    let one = |c: char| if c.is_ascii_digit() { '1' } else { c };
    masked.chars().map(one).collect()
}

/// Runs the program and the component, and compares text and JSON.
fn must_say_the_same(wasmtime: &Path, world: &World, code: i32, arguments: &[&str]) {
    let arguments = [&["verify", "--insecure-http"], arguments].concat();
    let (ours, theirs) = (
        program(world, &arguments),
        run_in_wasmtime(wasmtime, world, &arguments),
    );
    assert_eq!(ours.code, Some(code), "{ours:?}");
    assert_eq!(theirs.code, Some(code), "{theirs:?}");
    assert_eq!(theirs.stderr, "");
    assert_eq!(comparable(&theirs.stdout), comparable(&ours.stdout));

    let arguments = [&arguments[..], &["--output", "json"]].concat();
    let read = |ran: &Ran| -> Value { serde_json::from_str(&masked(&ran.stdout)).expect("JSON") };
    let (ours, theirs) = (
        read(&program(world, &arguments)),
        read(&run_in_wasmtime(wasmtime, world, &arguments)),
    );
    for member in [
        "form",
        "command",
        "version",
        "ok",
        "exit_code",
        "settings",
        "notes",
        "token",
        "failure",
    ] {
        assert_eq!(theirs[member], ours[member], "{member}");
    }
}

#[test]
fn a_token_and_every_refusal_read_as_the_program_s() {
    let Some(wasmtime) = there(wasmtime(), "the program wasmtime") else {
        return;
    };
    let world = World::new();
    world.emulator.always(Some(Fault::access_token(TOKEN)));
    must_say_the_same(&wasmtime, &world, 0, &[]);
    for (fault, code) in [
        (Fault::Entra(700_211), 4),
        (Fault::Entra(700_016), 4),
        (Fault::throttled(3_600), 5),
        (Fault::not_json(), 6),
        (Fault::without("access_token"), 6),
    ] {
        world.emulator.always(Some(fault));
        must_say_the_same(&wasmtime, &world, code, &[]);
    }
    world.emulator.always(None);
    must_say_the_same(&wasmtime, &world, 2, &["--tenant-id", "common"]);
    must_say_the_same(&wasmtime, &world, 2, &["--login", "azurecli"]);
    must_say_the_same(&wasmtime, &world, 2, &["--client-secret", "hunter2"]);
    let limits = ["--timeout", "1s", "--retry-propagation", "2s"];
    must_say_the_same(&wasmtime, &world, 2, &limits);
    must_say_the_same(
        &wasmtime,
        &world,
        4,
        &["--client-id", "11111111-2222-3333-4444-555555555555"],
    );
    let expired = world.emulator.claims().shifted(-7_200);
    let expired = world.emulator.issuer().mint(&expired);
    world.volume.rotate(&expired).expect("a rotation");
    must_say_the_same(&wasmtime, &world, 3, &[]);
}

#[test]
fn get_token_prints_what_the_program_prints() {
    let Some(wasmtime) = there(wasmtime(), "the program wasmtime") else {
        return;
    };
    let world = World::new();
    world.emulator.always(Some(Fault::access_token(TOKEN)));
    for form in ["exec", "json", "token"] {
        let arguments = ["get-token", "--insecure-http", "--output", form];
        let ours = program(&world, &arguments);
        let theirs = run_in_wasmtime(&wasmtime, &world, &arguments);
        assert_eq!(theirs.code, Some(0), "{theirs:?}");
        assert_eq!(theirs.stderr, "");
        assert!(theirs.stdout.contains(TOKEN));
        assert_eq!(masked(&theirs.stdout), masked(&ours.stdout));
    }
    world.emulator.always(Some(Fault::Entra(700_211)));
    let arguments = ["get-token", "--insecure-http"];
    let theirs = run_in_wasmtime(&wasmtime, &world, &arguments);
    theirs.must_have_failed(4, &["AADSTS700211"]);
    assert_eq!(
        masked(&theirs.stderr),
        masked(&program(&world, &arguments).stderr)
    );
}

/// `run_command` looks for it.
#[test]
fn an_authority_that_reflects_the_federated_token_shows_nothing_of_it() {
    let Some(wasmtime) = there(wasmtime(), "the program wasmtime") else {
        return;
    };
    let world = World::new();
    world.emulator.always(Some(Fault::ReflectAssertion));
    for command in ["verify", "get-token"] {
        let ran = run_in_wasmtime(&wasmtime, &world, &[command, "--insecure-http"]);
        assert_eq!(ran.code, Some(4), "{ran:?}");
        let said = ran.stdout + &ran.stderr;
        assert!(said.contains("[redacted]"), "{said}");
    }
}

#[test]
fn flags_alone_are_enough_and_beat_variables() {
    let Some(wasmtime) = there(wasmtime(), "the program wasmtime") else {
        return;
    };
    let world = World::new();
    let token = world.token_file();
    let mut run = bare_wasmtime(&wasmtime, &world);
    run.args(["-S", "http", "--dir"])
        .arg(token.parent().expect("a folder"))
        .args(["--env", "AZURE_CLIENT_ID=not-this-one"])
        .arg(artifacts::component("keyhole"))
        .args(["verify", "--insecure-http"])
        .args(["--client-id", world.emulator.client_id()])
        .args(["-t", world.emulator.tenant()])
        .arg(format!(
            "--authority-host={}",
            world.emulator.http_authority()
        ))
        .arg("--federated-token-file")
        .arg(&token);
    let ran = run_command(&mut run, &world);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(
        ran.stdout
            .contains("note: --client-id overrules AZURE_CLIENT_ID=\"not-this-one\""),
        "{ran:?}"
    );
    let requests = world.emulator.requests();
    assert_eq!(requests.len(), 1);
    assert_eq!(
        requests[0].field("client_id"),
        Some(world.emulator.client_id())
    );
}

#[test]
fn what_the_runtime_was_not_told_is_said() {
    let Some(wasmtime) = there(wasmtime(), "the program wasmtime") else {
        return;
    };
    let world = World::new();
    let ran = |told: &[&str], arguments: &[&str]| {
        let mut run = bare_wasmtime(&wasmtime, &world);
        run.args(told)
            .arg(artifacts::component("keyhole"))
            .args(arguments);
        run_command(&mut run, &world)
    };
    let verify = ["verify", "--insecure-http"];
    // No variables.
    let no_env = ran(&["-S", "http"], &verify);
    assert_eq!(no_env.code, Some(2), "{no_env:?}");
    for part in ["AZURE_CLIENT_ID is not set", "wasmtime by --env NAME"] {
        assert!(no_env.stdout.contains(part), "{part:?}: {no_env:?}");
    }
    // No folder, and another one.
    let env = |name: &str| format!("--env={name}");
    let env = keyhole_tests::stock_command::GIVEN.map(env);
    let mut told = vec!["-S", "http"];
    told.extend(env.iter().map(String::as_str));
    let no_folder = ran(&told, &verify);
    assert_eq!(no_folder.code, Some(3), "{no_folder:?}");
    for part in ["granted holds it: none was", "--dir FOLDER::FOLDER"] {
        assert!(no_folder.stdout.contains(part), "{part:?}: {no_folder:?}");
    }
    told.extend(["--dir", "/usr/share", "--dir", "/etc::/a"]);
    let others = ran(&told, &verify);
    assert_eq!(others.code, Some(3), "{others:?}");
    let said = "granted holds it: /usr/share, /a)";
    assert!(others.stdout.contains(said), "{others:?}");
    // No HTTP: the component is not started, and wasmtime says what is missing.
    let no_http = ran(&[], &verify);
    assert_eq!((no_http.code, no_http.stdout.as_str()), (Some(1), ""));
    assert!(no_http.stderr.contains("wasi:http/types"), "{no_http:?}");
    assert_eq!(world.emulator.connections(), 0);
}

#[test]
fn without_a_command_it_says_what_to_do_next() {
    let Some(wasmtime) = there(wasmtime(), "the program wasmtime") else {
        return;
    };
    let world = World::new();
    for (arguments, said) in [
        (&[][..], "keyhole.wasm verify"),
        (&["--help"], "--federated-token-file <FILE>"),
        (&["--version"], "keyhole 0."),
    ] {
        let ran = run_in_wasmtime(&wasmtime, &world, arguments);
        assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{ran:?}");
        assert!(ran.stdout.contains(said), "{arguments:?}: {ran:?}");
    }
    let ran = run_in_wasmtime(&wasmtime, &world, &["verify", "--proxy", "http://p"]);
    ran.must_have_failed(2, &["--proxy", "the runtime makes its connections"]);
    let plain = run_in_wasmtime(&wasmtime, &world, &["get-token"]);
    plain.must_have_failed(2, &["in plain text", "--insecure-http"]);
    assert_eq!(world.emulator.connections(), 0);
}

#[test]
fn on_node_one_file_and_one_endpoint_are_enough() {
    let Some(folder) = there(jco(), "jco") else {
        return;
    };
    let world = World::new();
    world.emulator.always(Some(Fault::access_token(TOKEN)));
    let verify = ["verify"];
    let ran = run_in_jco(&folder, &world, &verify, |_| {});
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.stdout.contains("eyJ0eXAiOi"), "{ran:?}");
    Secret::new("access token", TOKEN).must_not_be_in("verify", &ran.stdout);
    let ours = run_command(command(&slim(), &world).args(verify), &world);
    assert_eq!(comparable(&ran.stdout), comparable(&ours.stdout));

    let ran = run_in_jco(&folder, &world, &["get-token", "--output=token"], |_| {});
    assert_eq!(ran.stdout, format!("{TOKEN}\n"));

    world.emulator.always(Some(Fault::Entra(700_211)));
    let ran = run_in_jco(&folder, &world, &["get-token"], |_| {});
    ran.must_have_failed(4, &["AADSTS700211"]);

    let elsewhere = ["get-token", "--authority-host", "https://localhost:1/"];
    let ran = run_in_jco(&folder, &world, &elsewhere, |_| {});
    ran.must_have_failed(7, &["the request is not the granted one"]);

    let sibling = world.folder().join("sibling");
    std::fs::write(&sibling, world.federated_token()).expect("a file");
    let sibling = [
        "get-token",
        "--federated-token-file",
        &sibling.display().to_string(),
    ];
    let ran = run_in_jco(&folder, &world, &sibling, |_| {});
    let granted = world.token_file().display().to_string();
    ran.must_have_failed(3, &["no directory that was granted holds it", &granted]);

    let ran = run_in_jco(&folder, &world, &["get-token"], |jco| {
        jco.env_remove("AZURE_TENANT_ID");
    });
    ran.must_have_failed(2, &["AZURE_TENANT_ID is not set"]);
}
