//! Each variable missing, empty, malformed, with spaces and line breaks: a
//! clear error that names it, and nothing is sent.

use keyhole_tests::World;
use keyhole_tests::program::{Ran, command, run_command, slim};

const NAMES: [&str; 3] = [
    "AZURE_CLIENT_ID",
    "AZURE_TENANT_ID",
    "AZURE_FEDERATED_TOKEN_FILE",
];

/// A variable, a value that cannot be used, and what is said beside its name.
const MALFORMED: &[(&str, &str, &str)] = &[
    ("AZURE_CLIENT_ID", "\"c0a8f3b6\"", "it holds '\\\"'"),
    ("AZURE_CLIENT_ID", "caf\u{e9}", "it holds"),
    ("AZURE_CLIENT_ID", "a\u{1b}[31m", "\\u{1b}"),
    ("AZURE_TENANT_ID", "common", "no single tenant"),
    ("AZURE_TENANT_ID", "Organizations", "no single tenant"),
    ("AZURE_TENANT_ID", "consumers", "no single tenant"),
    ("AZURE_TENANT_ID", "adfs", "tenant"),
    (
        "AZURE_TENANT_ID",
        "../common",
        "neither a GUID nor a domain",
    ),
    (
        "AZURE_TENANT_ID",
        "a.example/x",
        "neither a GUID nor a domain",
    ),
    (
        "AZURE_TENANT_ID",
        "a.example?x",
        "neither a GUID nor a domain",
    ),
    (
        "AZURE_TENANT_ID",
        "-a.example",
        "neither a GUID nor a domain",
    ),
    ("AZURE_AUTHORITY_HOST", "ftp://login.example", "not https"),
    (
        "AZURE_AUTHORITY_HOST",
        "http://login.example",
        "127.0.0.0/8",
    ),
    ("AZURE_AUTHORITY_HOST", "https://", "not an authority"),
    (
        "AZURE_AUTHORITY_HOST",
        "https://u:hunter2@login.example",
        "[redacted]@",
    ),
    (
        "AZURE_AUTHORITY_HOST",
        "https://login.example/common",
        "path",
    ),
    (
        "AZURE_AUTHORITY_HOST",
        "https://login.example?x",
        "not an authority",
    ),
    (
        "AZURE_AUTHORITY_HOST",
        "https://login.example#x",
        "not an authority",
    ),
    ("AZURE_AUTHORITY_HOST", "https://login.example:0", "port"),
    (
        "AZURE_AUTHORITY_HOST",
        "https://login.example:99999",
        "port",
    ),
    (
        "AZURE_AUTHORITY_HOST",
        "https://l\u{43e}gin.example",
        "host",
    ),
    ("AZURE_AUTHORITY_HOST", "https://[::1", "not an authority"),
    ("AZURE_SCOPE", "a\u{7f}b", "cannot be asked for"),
    ("AKS_SERVER_APP_ID", "a b", "cannot be asked for"),
    ("AZURE_REGIONAL_AUTHORITY_NAME", "westeurope", "regional"),
    ("KUBERNETES_EXEC_INFO", "{", "cannot unmarshal"),
];

/// What every variable that names something is tried with.
const WHITE_SPACE: [&str; 6] = [" ", "\n", "\t", " x", "x\n", "x y"];

fn get_token(world: &World, name: &str, value: Option<&str>) -> Ran {
    let mut command = command(&slim(), world);
    command.args(["get-token", "--log-level", "trace"]);
    match value {
        Some(value) => command.env(name, value),
        None => command.env_remove(name),
    };
    run_command(&mut command, world)
}

fn must_be_said(world: &World, name: &str, value: Option<&str>, code: i32, said: &str) {
    println!("{name}={value:?}");
    let ran = get_token(world, name, value);
    ran.must_have_failed(code, &[name, said]);
    assert!(!ran.stderr.contains("hunter2"), "{ran:?}");
}

#[test]
fn what_is_missing_or_empty_is_named() {
    let world = World::new();
    for name in NAMES {
        for value in [None, Some("")] {
            must_be_said(&world, name, value, 2, "is not set");
        }
    }
    assert_eq!(world.emulator.connections(), 0);
}

#[test]
fn white_space_is_never_guessed_away() {
    let world = World::new();
    for name in NAMES
        .iter()
        .chain(&["AZURE_AUTHORITY_HOST", "AKS_SERVER_APP_ID"])
    {
        for value in WHITE_SPACE {
            // A path may hold any of these; there is just no such file.
            let code = match *name {
                "AZURE_FEDERATED_TOKEN_FILE" => 3,
                _ => 2,
            };
            let shown = format!("{value:?}");
            must_be_said(&world, name, Some(value), code, &shown);
        }
    }
    assert_eq!(world.emulator.connections(), 0);
}

#[test]
fn what_is_malformed_is_named_with_its_value() {
    let world = World::new();
    for (name, value, said) in MALFORMED {
        must_be_said(&world, name, Some(value), 2, said);
    }
    let long = "a".repeat(100_000);
    for name in NAMES {
        must_be_said(&world, name, Some(&long), 2, "");
    }
    assert_eq!(world.emulator.connections(), 0);
}

#[test]
fn an_unknown_cloud_lists_the_known_ones() {
    let world = World::new();
    let mut command = command(&slim(), &world);
    command
        .env_remove("AZURE_AUTHORITY_HOST")
        .env("AZURE_CLOUD", "AzureGermanCloud")
        .arg("get-token");
    let ran = run_command(&mut command, &world);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    for name in [
        "AZURE_CLOUD",
        "AzurePublicCloud",
        "AzureUSGovernment",
        "AzureChinaCloud",
    ] {
        assert!(ran.stderr.contains(name), "{name} in {ran:?}");
    }
}

#[test]
fn an_optional_variable_that_is_empty_counts_as_not_set() {
    let world = World::new();
    for name in [
        "AZURE_SCOPE",
        "AKS_SERVER_APP_ID",
        "AZURE_CLOUD",
        "AZURE_REGIONAL_AUTHORITY_NAME",
        "KUBERNETES_EXEC_INFO",
        "SSL_CERT_DIR",
    ] {
        let ran = get_token(&world, name, Some(""));
        assert_eq!(ran.code, Some(0), "{name}: {ran:?}");
    }
}

#[test]
fn roots_that_cannot_be_had_are_named() {
    let world = World::new();
    let at = |name: &str| world.folder().join(name).display().to_string();
    std::fs::write(at("empty.pem"), "").expect("a file");
    std::fs::write(at("text.pem"), "no certificate\n").expect("a file");
    std::fs::create_dir(at("folder")).expect("a folder");
    for name in ["missing.pem", "empty.pem", "text.pem", "folder"] {
        let path = at(name);
        must_be_said(&world, "SSL_CERT_FILE", Some(&path), 2, &path);
    }
    assert_eq!(world.emulator.connections(), 0);
}
