//! What holds for the project as a whole.

use keyhole_host::{Digest, precompile};
use keyhole_tests::{artifacts, program};
use std::fs;
use std::path::Path;
use std::time::Duration;

/// Long enough to compile a component.
const PATIENCE: Duration = Duration::from_secs(60);

/// Every module that may hold unsafe code, with the reason. Anything else is a
/// build error, because the workspace denies it.
const UNSAFE: &[&str] = &[
    "crates/cli/build.rs",
    "crates/cli/build.rs",
    "crates/cli/src/artifact.rs",
    "crates/command/src/lib.rs",
    "crates/component/src/lib.rs",
    "crates/envoy-filter/src/lib.rs",
    "crates/flags/src/lib.rs",
    "crates/gateway/src/lib.rs",
    "crates/guard/endpoint/src/lib.rs",
    "crates/guard/environment/src/lib.rs",
    "crates/guard/file/src/lib.rs",
    "examples/composition/src/lib.rs",
    "host/src/artifact.rs",
    "host/src/artifact.rs",
    "host/src/artifact.rs",
    "host/src/artifact.rs",
    "tests/guests/src/lib.rs",
    "tests/hostile-gateway/src/lib.rs",
    "tests/other-component/src/lib.rs",
    "tests/slim-host/src/main.rs",
];

fn sources(folder: &Path, found: &mut Vec<std::path::PathBuf>) {
    let entries = fs::read_dir(folder).expect("a folder of sources");
    for entry in entries {
        let path = entry.expect("an entry").path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if path.is_dir() {
            if name != "target" && !name.starts_with('.') {
                sources(&path, found);
            }
        } else if name.ends_with(".rs") {
            found.push(path);
        }
    }
}

#[test]
fn unsafe_code_is_excepted_in_the_listed_places_alone() {
    let root = artifacts::workspace();
    let mut files = Vec::new();
    sources(&root, &mut files);
    assert!(files.len() > 100, "{} files", files.len());
    let this = root.join("tests/tests/whole/project.rs");
    let mut found = Vec::new();
    for file in files.iter().filter(|file| **file != this) {
        let text = fs::read_to_string(file).expect("UTF-8");
        // The attribute may stand on one line or several.
        let text: String = text.split_whitespace().collect();
        let count = text.matches("expect(unsafe_code").count()
            + text.matches("allow(unsafe_code").count()
            + text.matches("warn(unsafe_code").count();
        let name = file.strip_prefix(&root).expect("below the root");
        found.extend(std::iter::repeat_n(name.display().to_string(), count));
    }
    found.sort();
    assert_eq!(found, UNSAFE);
    let lints = fs::read_to_string(root.join("Cargo.toml")).expect("Cargo.toml");
    assert!(lints.contains("unsafe_code = \"deny\""));
}

#[test]
fn every_package_has_the_workspace_s_lints() {
    let root = artifacts::workspace();
    let manifest = fs::read_to_string(root.join("Cargo.toml")).expect("Cargo.toml");
    let members: Vec<&str> = manifest
        .split("members = [")
        .nth(1)
        .and_then(|rest| rest.split(']').next())
        .expect("members")
        .split('"')
        .filter(|part| part.contains(|c: char| c.is_ascii_alphabetic()))
        .collect();
    assert!(members.len() >= 10, "{members:?}");
    for member in members {
        let manifest = fs::read_to_string(root.join(member).join("Cargo.toml")).expect(member);
        assert!(manifest.contains("[lints]\nworkspace = true"), "{member}");
    }
}

#[test]
fn the_shipped_program_carries_the_machine_code_of_this_component() {
    let code = precompile(&artifacts::bytes("exchange")).expect("machine code");
    let program = fs::read(program::slim()).expect("the program");
    assert!(code.len() > 10_000, "{} bytes", code.len());
    let start = &code[..64];
    let found = program
        .windows(start.len())
        .enumerate()
        .filter(|(_, window)| *window == start)
        .any(|(at, _)| program[at..].starts_with(&code));
    assert!(
        found,
        "{} does not hold the code of target/wasm/exchange.wasm: run `cargo xtask build`",
        program::slim().display()
    );
}

#[test]
fn the_identity_is_that_of_the_component() {
    for name in ["exchange", "hostile", "other"] {
        let bytes = artifacts::bytes(name);
        let identity = artifacts::identity(name);
        let digest = Digest::of(&bytes).to_string();
        assert_eq!(
            identity["sha256"].as_str(),
            digest.strip_prefix("sha256:"),
            "{name}"
        );
        assert_eq!(identity["size"], bytes.len(), "{name}");
    }
}

/// Users and auditors are told a size; what makes it grow is to be noticed.
#[test]
fn the_exchange_stays_small() {
    const BYTES: usize = 120_000;
    let size = artifacts::bytes("exchange").len();
    assert!(
        size <= BYTES,
        "{size} bytes: `cargo xtask wasm` shows the size"
    );
}

/// `cargo xtask wit --check` compares the list with the component; this is the
/// host's own view of it.
#[test]
fn the_exchange_imports_exactly_the_listed_functions() {
    let facts = keyhole_host::inspect(artifacts::bytes("exchange"), PATIENCE).expect("a component");
    let mut imports = facts.imports;
    imports.sort();
    let listed: Vec<String> = keyhole_host::allowed_imports().map(str::to_owned).collect();
    assert_eq!(imports, listed);
    assert_eq!(facts.exports, ["keyhole:identity/token-provider@0.1.0"]);
}

#[test]
fn the_hostile_component_imports_nothing_that_is_not_listed() {
    let facts = keyhole_host::inspect(artifacts::bytes("hostile"), PATIENCE).expect("a component");
    for import in facts.imports {
        assert!(
            keyhole_host::allowed_imports().any(|known| known == import),
            "{import}"
        );
    }
}

/// What the threat model calls a test is one of this program's.
#[test]
fn the_threat_model_names_tests_that_exist() {
    let document = artifacts::workspace().join("docs/threat-model.md");
    let document = fs::read_to_string(document).expect("the threat model");
    let list = std::process::Command::new(std::env::current_exe().expect("this program"))
        .arg("--list")
        .output()
        .expect("this program starts");
    let list = String::from_utf8(list.stdout).expect("UTF-8");
    let tests: Vec<&str> = list
        .lines()
        .filter_map(|line| line.strip_suffix(": test"))
        .collect();
    let named: Vec<&str> = document
        .split('`')
        .skip(1)
        .step_by(2)
        .filter(|code| code.contains("::"))
        .collect();
    assert!(named.len() > 50, "{named:?}");
    let missing: Vec<_> = named.iter().filter(|name| !tests.contains(name)).collect();
    assert!(missing.is_empty(), "{missing:#?}");
    for row in document
        .lines()
        .filter(|line| line.starts_with("| "))
        .skip(1)
    {
        assert!(row.contains("::"), "nothing tries this: {row}");
    }
}
