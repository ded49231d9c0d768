//! Pipes: what goes where, and readers that go away.

use super::audit_log::must_be_a_valid_line;
use super::verify::TOKEN;
use keyhole_emulator::Fault;
use keyhole_host::Digest;
use keyhole_tests::leaks::Secret;
use keyhole_tests::program::{command, full, run_command, slim};
use keyhole_tests::{World, artifacts};
use std::io::Read;
use std::process::Stdio;

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    for arguments in [
        &["verify"][..],
        &["verify", "--output", "json"],
        &["get-token"],
        &["--help"],
    ] {
        let world = World::new();
        let mut child = command(&slim(), &world)
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("keyhole starts");
        drop(child.stdout.take());
        let mut said = String::new();
        let mut stderr = child.stderr.take().expect("a pipe");
        stderr.read_to_string(&mut said).expect("UTF-8");
        let status = child.wait().expect("it ends");
        assert_eq!(status.code(), Some(0), "{arguments:?}: {said}");
        assert_eq!(said, "", "{arguments:?}");
    }
}

#[test]
fn at_every_log_level_no_secret_is_logged() {
    for level in ["off", "error", "warn", "info", "debug", "trace"] {
        for format in ["text", "json"] {
            let world = World::new();
            world.emulator.always(Some(Fault::access_token(TOKEN)));
            let mut command = command(&slim(), &world);
            command.args(["get-token", "--log-level", level, "--log-format", format]);
            let ran = run_command(&mut command, &world);
            assert_eq!(ran.code, Some(0), "{ran:?}");
            let secret = Secret::new("access token", TOKEN);
            secret.must_not_be_in("standard error", &ran.stderr);
            assert!(ran.stdout.contains(TOKEN), "the result carries it");
            assert_eq!(ran.stdout.lines().count(), 1, "and nothing else");
        }
    }
}

#[test]
fn the_audit_log_is_one_valid_object_a_line() {
    let world = World::new();
    world.emulator.always(Some(Fault::access_token(TOKEN)));
    let log = world.folder().join("audit.jsonl");
    for _ in 0..2 {
        let mut command = command(&slim(), &world);
        command.args(["get-token", "--audit"]).arg(&log);
        assert_eq!(run_command(&mut command, &world).code, Some(0));
    }
    let text = std::fs::read_to_string(&log).expect("the log");
    for line in text.lines() {
        must_be_a_valid_line(&serde_json::from_str(line).expect("JSON"));
    }
    let firsts = text.lines().filter(|line| line.contains("\"seq\":0,"));
    assert_eq!(firsts.count(), 2, "appended, not overwritten:\n{text}");
    Secret::new("access token", TOKEN).must_not_be_in("the log", &text);
    Secret::new("federated token", &world.federated_token()).must_not_be_in("the log", &text);
}

#[test]
fn the_audit_log_on_a_dash_goes_to_standard_error() {
    let world = World::new();
    let mut command = command(&slim(), &world);
    command.args(["get-token", "--audit", "-"]);
    let ran = run_command(&mut command, &world);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(ran.stdout.lines().count(), 1);
    assert!(ran.stderr.lines().count() > 5, "{ran:?}");
    for line in ran.stderr.lines() {
        must_be_a_valid_line(&serde_json::from_str(line).expect("JSON"));
    }
}

#[test]
fn an_audit_log_that_nobody_reads_is_named_and_never_waited_for() {
    let world = World::new();
    let fifo = world.folder().join("fifo");
    keyhole_tests::fifo(&fifo);
    let mut command = command(std::path::Path::new("timeout"), &world);
    command.arg("20").arg(slim()).args(["get-token", "--audit"]);
    let ran = run_command(command.arg(&fifo), &world);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.stderr.contains("fifo cannot be opened"), "{ran:?}");
    assert!(world.emulator.requests().is_empty());
}

/// A pipe takes 64 KiB, and a component can log more: waiting for its reader is
/// waiting beyond the timeout.
#[test]
fn an_audit_log_whose_reader_does_not_read_holds_nothing_up() {
    let resource = "api://attempt/events_without_end";
    let world = World::granting(resource);
    let fifo = world.folder().join("fifo");
    keyhole_tests::fifo(&fifo);
    // For reading and writing it is opened at once.
    let mut options = std::fs::File::options();
    let _reader = options.read(true).write(true).open(&fifo).expect("a FIFO");

    let mut command = command(std::path::Path::new("timeout"), &world);
    command
        .arg("20")
        .arg(full())
        .args(["get-token", "--scope", &format!("{resource}/.default")])
        .args([
            "--digest",
            &Digest::of(&artifacts::bytes("hostile")).to_string(),
        ])
        .arg("--component")
        .arg(artifacts::component("hostile"))
        .arg("--audit")
        .arg(&fifo);
    let ran = run_command(&mut command, &world);
    assert_eq!(ran.code, Some(7), "{ran:?}");
    assert!(ran.stderr.contains("its reader does not read"), "{ran:?}");
}
