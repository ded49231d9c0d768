//! kubelogin's command lines, as far as nothing is sent.

mod fixture;

use fixture::{keyhole, run};
use std::os::unix::fs::symlink;
use std::process::Command;

/// By the name `kubelogin`, with these variables alone.
fn by_its_name(arguments: &[&str], variables: &[(&str, &str)]) -> (Option<i32>, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let link = folder.path().join("kubelogin");
    symlink(keyhole().get_program(), &link).expect("a link");
    let output = Command::new(&link)
        .env_clear()
        .args(arguments)
        .envs(variables.iter().copied())
        .output()
        .expect("it starts");
    assert!(output.stdout.is_empty(), "{output:?}");
    let said = String::from_utf8(output.stderr).expect("UTF-8");
    (output.status.code(), said)
}

#[test]
fn secrets_and_bound_tokens_are_refused_and_not_repeated() {
    for (flag, value) in [
        ("--client-secret", Some("hunter2")),
        ("--password", Some("hunter2")),
        ("--client-certificate-password", Some("hunter2")),
        ("--pop-enabled", None),
        ("--pop-claims", Some("u=hunter2")),
    ] {
        let arguments = ["get-token", flag].into_iter().chain(value);
        let ran = run(arguments, []);
        assert_eq!(ran.code, Some(2), "{flag}");
        assert_eq!(ran.stdout, "", "{flag}");
        assert!(
            ran.stderr.starts_with(&format!("error: {flag} ")),
            "{}",
            ran.stderr
        );
        assert!(ran.stderr.contains("\nhint: "), "{}", ran.stderr);
        assert!(!ran.stderr.contains("hunter2"), "{}", ran.stderr);
    }
    // Switched off it asks for nothing.
    let ran = run(["get-token", "--pop-enabled=false"], []);
    assert!(
        ran.stderr.contains("AZURE_CLIENT_ID is not set"),
        "{}",
        ran.stderr
    );
    let ran = run(["get-token", "--pop-enabled=perhaps"], []);
    assert_eq!(ran.code, Some(2));
}

#[test]
fn another_login_is_an_error_that_names_the_one_that_is_done() {
    for method in [
        "devicecode",
        "spn",
        "msi",
        "azurecli",
        "nonsense",
        "WorkloadIdentity",
    ] {
        let ran = run(["get-token", "--login", method], []);
        assert_eq!(ran.code, Some(2), "{method}");
        assert!(
            ran.stderr.contains(&format!("'{method}'")),
            "{}",
            ran.stderr
        );
        assert!(ran.stderr.contains("workloadidentity"), "{}", ran.stderr);
    }
}

#[test]
fn what_has_no_effect_is_named_once_at_verbosity_1() {
    let flags = [
        "get-token",
        "--legacy",
        "--disable-instance-discovery",
        "--cache-dir=/tmp/x",
        "--username",
        "u",
        "-s",
        "subscription",
        "--logtostderr=true",
    ];
    let quiet = run(flags, []);
    assert!(!quiet.stderr.contains("no effect"), "{}", quiet.stderr);
    let verbose = run(flags.into_iter().chain(["-v", "1"]), []);
    for flag in [
        "legacy",
        "disable-instance-discovery",
        "cache-dir",
        "username",
        "subscription",
        "logtostderr",
    ] {
        let said = format!("--{flag} has no effect here: ");
        assert_eq!(
            verbose.stderr.matches(&said).count(),
            1,
            "{flag}: {}",
            verbose.stderr
        );
    }
}

#[test]
fn by_its_name_the_contract_is_kubelogins() {
    const SERVER: [&str; 2] = ["--server-id", "6dae42f8-4368-4678-94ff-3960e28e3630"];
    let (code, said) = by_its_name(&["get-token"], &[]);
    assert_eq!(code, Some(1));
    assert!(said.contains("'devicecode'"), "{said}");

    let login = ["get-token", "--login", "workloadidentity"];
    let (code, said) = by_its_name(&login, &[("AKS_SERVER_APP_ID", "x")]);
    assert_eq!(code, Some(1));
    assert!(said.starts_with("error: server-id is required\n"), "{said}");

    let (code, said) = by_its_name(&[&login[..], &SERVER].concat(), &[]);
    assert_eq!(code, Some(1), "a missing client id");
    assert!(said.contains("AZURE_CLIENT_ID is not set"), "{said}");

    let method = [("AAD_LOGIN_METHOD", "spn")];
    let (code, said) = by_its_name(&[&login[..], &SERVER].concat(), &method);
    assert_eq!(code, Some(1));
    assert!(said.contains("'spn'"), "{said}");

    let (code, _) = by_its_name(&["get-token", "--no-such-flag"], &[]);
    assert_eq!(code, Some(1));
    let (code, _) = by_its_name(&["no-such-command"], &[]);
    assert_eq!(code, Some(1));
}

#[test]
fn no_variable_is_read_where_none_is_to_be() {
    let ran = run(
        ["get-token", "--disable-environment-override"],
        [("AZURE_CLIENT_ID", "c"), ("AZURE_TENANT_ID", "t.example")],
    );
    assert_eq!(ran.code, Some(2));
    assert!(
        ran.stderr.contains("AZURE_CLIENT_ID is not set"),
        "{}",
        ran.stderr
    );
}
