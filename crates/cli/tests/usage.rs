//! The command line: what it says of itself, and what it does not take.

mod fixture;

use fixture::{keyhole, run};
use predicates::prelude::*;

const COMMANDS: [&str; 6] = [
    "verify",
    "get-token",
    "inspect",
    "convert-kubeconfig",
    "clean-cache",
    "completions",
];

#[test]
fn alone_in_a_pipe_it_prints_its_usage_and_fails() {
    let ran = run([], []);
    assert_eq!(ran.code, Some(2));
    assert_eq!(ran.stdout, "");
    assert!(ran.stderr.contains("Usage: keyhole"), "{}", ran.stderr);
}

#[test]
fn short_help_reads_well() {
    insta::assert_snapshot!("keyhole", run(["-h"], []).stdout);
    for command in COMMANDS {
        insta::assert_snapshot!(command, run([command, "-h"], []).stdout);
    }
}

#[test]
fn long_help_has_examples_variables_and_exit_codes() {
    for command in ["verify", "get-token", "inspect"] {
        let help = run([command, "--help"], []);
        assert_eq!(help.code, Some(0), "{command}");
        for needed in [
            "Examples:",
            "AZURE_CLIENT_ID",
            "AKS_SERVER_APP_ID",
            "SSL_CERT_FILE",
            "Exit codes:",
            "  70  a bug in keyhole",
        ] {
            assert!(help.stdout.contains(needed), "{command}: {needed}");
        }
    }
}

#[test]
fn long_help_of_the_conversion_has_examples_variables_and_exit_codes() {
    let help = run(["convert-kubeconfig", "--help"], []);
    assert_eq!(help.code, Some(0));
    for needed in [
        "Examples:",
        "--kubeconfig beats it",
        "--client-secret",
        "Exit codes:",
        "nothing to convert",
    ] {
        assert!(help.stdout.contains(needed), "{needed}: {}", help.stdout);
    }
}

#[test]
fn the_exit_codes_in_the_help_are_those_of_the_report() {
    let help = run(["verify", "--help"], []).stdout;
    for class in keyhole_report::ExitClass::ALL {
        let line = format!("{:<3} {}", class.code(), class.meaning());
        assert!(help.contains(&line), "{line:?} is not in\n{help}");
    }
}

#[test]
fn help_of_a_command_is_also_a_command() {
    for command in COMMANDS {
        assert_eq!(
            run(["help", command], []).stdout,
            run([command, "--help"], []).stdout,
            "{command}"
        );
    }
}

#[test]
fn the_version_names_build_target_and_exchange() {
    let version = run(["--version"], []);
    assert_eq!(version.code, Some(0));
    let mut lines = version.stdout.lines();
    let first = format!("keyhole {}", env!("CARGO_PKG_VERSION"));
    assert_eq!(lines.next(), Some(first.as_str()));
    for label in ["build:", "target:", "exchange:"] {
        assert!(version.stdout.contains(label), "{}", version.stdout);
    }
    assert_eq!(run(["-V"], []).stdout.trim_end(), first);
}

#[test]
fn every_shell_gets_completions_of_every_command() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = run(["completions", shell], []);
        assert_eq!(script.code, Some(0), "{shell}");
        for command in COMMANDS {
            assert!(script.stdout.contains(command), "{shell}: {command}");
        }
    }
}

#[test]
fn what_is_not_a_flag_fails_with_usage() {
    for arguments in [
        &["verify", "--no-such-flag"][..],
        &["no-such-command"],
        &["verify", "--output", "yaml"],
        &["get-token", "--login", "devicecode"],
        &["verify", "--digest", "sha256:00"],
        &["verify", "--component", "x.wasm"],
        &[
            "inspect",
            "a.wasm",
            "--component",
            "b.wasm",
            "--digest",
            "x",
        ],
        &["verify", "--audit", "fd:1"],
        &["completions", "csh"],
    ] {
        keyhole()
            .args(arguments)
            .assert()
            .code(2)
            .stdout("")
            .stderr(predicate::str::starts_with("error: "));
    }
}

#[test]
fn a_timeout_is_a_go_duration_greater_than_zero() {
    for (text, reason) in [
        ("0s", "greater than 0"),
        ("-1s", "greater than 0"),
        ("60", "no unit"),
        ("1d", "unknown unit"),
        ("soon", "begin with a number"),
    ] {
        keyhole()
            .arg("get-token")
            .arg(format!("--timeout={text}"))
            .assert()
            .code(2)
            .stdout("")
            .stderr(predicate::str::contains(reason));
    }
}

#[test]
fn a_reader_that_went_away_is_no_failure() {
    use std::io::pipe;
    use std::process::{Command, Stdio};

    let (reader, writer) = pipe().expect("a pipe");
    drop(reader);
    let output = Command::new(assert_cmd::cargo::cargo_bin!("keyhole"))
        .args(["completions", "bash"])
        .stdout(writer)
        .stderr(Stdio::piped())
        .output()
        .expect("keyhole starts");
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

#[test]
fn an_argument_reaches_the_terminal_escaped() {
    let ran = run(["verify", "--timeout", "\u{1b}]0;title\u{7}\u{202e}"], []);
    assert_eq!(ran.code, Some(2));
    let raw = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
    assert!(!ran.stderr.contains(raw), "{:?}", ran.stderr);
    assert!(ran.stderr.contains("\\u{1b}"), "{:?}", ran.stderr);
}
