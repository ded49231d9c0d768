//! Settings that cannot be used: said before anything is done.

mod fixture;

use fixture::{keyhole, run};

/// Everything a run needs, with a token file that is not there.
const COMPLETE: [(&str, &str); 3] = [
    ("AZURE_CLIENT_ID", "11111111-1111-1111-1111-111111111111"),
    ("AZURE_TENANT_ID", "contoso.example"),
    ("AZURE_FEDERATED_TOKEN_FILE", "/nonexistent/federated-token"),
];

/// Whether this build carries an exchange component.
fn carries_the_exchange() -> bool {
    !run(["--version"], []).stdout.contains("exchange: none")
}

#[test]
fn get_token_says_what_is_missing_on_standard_error_alone() {
    let ran = run(["get-token"], []);
    assert_eq!(ran.code, Some(2));
    assert_eq!(ran.stdout, "");
    let mut lines = ran.stderr.lines();
    assert_eq!(lines.next(), Some("error: AZURE_CLIENT_ID is not set"));
    let hint = lines.next().unwrap_or_default();
    assert!(
        hint.starts_with("hint: ") && hint.contains("--client-id"),
        "{hint}"
    );
}

#[test]
fn verify_reports_what_is_missing() {
    let ran = run(["verify"], []);
    assert_eq!(ran.code, Some(2));
    assert!(ran.stdout.starts_with("failed  settings"), "{}", ran.stdout);
    assert!(
        ran.stdout.contains("error: AZURE_CLIENT_ID is not set"),
        "{}",
        ran.stdout
    );
}

#[test]
fn verify_reports_in_json_what_is_missing() {
    let ran = run(["verify", "--output", "json"], []);
    assert_eq!(ran.code, Some(2));
    let report: serde_json::Value =
        serde_json::from_str(&ran.stdout).expect("standard output is one JSON document");
    assert_eq!(report["ok"], false);
    assert_eq!(report["exit_code"], 2);
    assert_eq!(report["failure"]["class"], "configuration");
    assert_eq!(ran.stderr, "");
}

#[test]
fn verify_saves_a_failure_as_a_page() {
    let folder = tempfile::tempdir().expect("a folder");
    let page = folder.path().join("report.html");
    let path = page.to_str().expect("a path in UTF-8");
    let ran = run(["verify", "--save-report", path], []);
    assert_eq!(ran.code, Some(2));
    let page = std::fs::read_to_string(&page).expect("the page was saved");
    assert!(page.contains("AZURE_CLIENT_ID is not set"), "{page}");
}

#[test]
fn a_report_that_cannot_be_saved_is_said_first() {
    let ran = run(
        ["verify", "--save-report", "/nonexistent/report.html"],
        COMPLETE,
    );
    assert_eq!(ran.code, Some(2));
    assert_eq!(ran.stdout, "");
    assert!(
        ran.stderr.contains("/nonexistent/report.html"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_version_kubectl_does_not_speak_is_refused_in_kubelogins_words() {
    for (info, text) in [
        (
            r#"{"apiVersion":"client.authentication.k8s.io/v1alpha1"}"#,
            "error: api version: client.authentication.k8s.io/v1alpha1 is not supported",
        ),
        ("{", "error: cannot unmarshal \"{\" to ExecCredential: "),
    ] {
        let ran = run(["get-token"], [("KUBERNETES_EXEC_INFO", info)]);
        assert_eq!(ran.code, Some(2));
        assert_eq!(ran.stdout, "");
        assert!(ran.stderr.starts_with(text), "{}", ran.stderr);
    }
}

#[test]
fn a_flag_that_overrules_a_variable_is_named_in_failures() {
    let ran = run(["get-token", "--tenant-id", "other.example"], COMPLETE);
    assert_ne!(ran.code, Some(0));
    assert!(
        ran.stderr
            .contains("note: --tenant-id overrules AZURE_TENANT_ID"),
        "{}",
        ran.stderr
    );
}

#[test]
fn an_unknown_authority_is_named_and_can_be_refused() {
    let authority = ["--authority-host", "login.evil.example"];
    let ran = run(["get-token"].into_iter().chain(authority), COMPLETE);
    assert!(ran.stderr.contains("login.evil.example"), "{}", ran.stderr);
    let only = ["get-token", "--known-authorities-only"];
    let ran = run(only.into_iter().chain(authority), COMPLETE);
    assert_eq!(ran.code, Some(2));
    assert!(ran.stderr.starts_with("error: "), "{}", ran.stderr);
}

#[test]
fn escape_sequences_in_a_setting_do_not_reach_the_terminal() {
    let ran = run(["get-token", "--client-id", "a\u{1b}[2Jb"], COMPLETE);
    assert_eq!(ran.code, Some(2));
    assert!(!ran.stderr.contains('\u{1b}'), "{:?}", ran.stderr);
}

#[test]
fn nothing_is_coloured_in_a_pipe() {
    for command in ["verify", "get-token", "inspect"] {
        let ran = run(
            [command],
            [("TERM", "xterm-256color"), ("CLICOLOR_FORCE", "1")],
        );
        let said = ran.stdout + &ran.stderr;
        assert!(!said.contains('\u{1b}') && !said.contains('✗'), "{said:?}");
    }
}

#[test]
fn an_audit_log_that_cannot_be_opened_is_said_before_anything_is_done() {
    if !carries_the_exchange() {
        return;
    }
    let ran = run(
        ["get-token", "--audit", "/nonexistent/audit.jsonl"],
        COMPLETE,
    );
    assert_eq!(ran.code, Some(2));
    assert!(
        ran.stderr.contains("/nonexistent/audit.jsonl"),
        "{}",
        ran.stderr
    );
}

#[test]
fn inspect_shows_the_component_even_without_settings() {
    let ran = run(["inspect", "--output", "json"], []);
    let report: serde_json::Value =
        serde_json::from_str(&ran.stdout).expect("standard output is one JSON document");
    if !carries_the_exchange() {
        assert_eq!(ran.code, Some(2));
        let next = report["failure"]["next_step"].as_str().unwrap_or_default();
        assert!(next.contains("cargo xtask build"), "{next}");
        return;
    }
    assert_eq!(ran.code, Some(0), "{}", ran.stdout);
    assert_eq!(
        report["component"]["sha256"].as_str().map(str::len),
        Some(64)
    );
    assert_eq!(report["grants"]["none"], "AZURE_CLIENT_ID is not set");
}

#[test]
fn a_variable_that_is_not_text_is_not_guessed_at() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;

    let output = keyhole()
        .arg("get-token")
        .envs(COMPLETE)
        .env(
            "AZURE_FEDERATED_TOKEN_FILE",
            OsStr::from_bytes(b"/tmp/\xff"),
        )
        .output()
        .expect("keyhole starts");
    let said = String::from_utf8(output.stderr).expect("UTF-8");
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(
        said.starts_with("error: AZURE_FEDERATED_TOKEN_FILE is not UTF-8 text\n"),
        "{said}"
    );
}
