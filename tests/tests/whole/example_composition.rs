//! `examples/composition`: a component that asks another one for the token, and
//! what it can touch itself.

use keyhole_emulator::Fault;
use keyhole_tests::artifacts::{self, component};
use keyhole_tests::program::{command, run_command};
use keyhole_tests::{World, skipped};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// Long enough to compile a component.
const PATIENCE: Duration = Duration::from_secs(60);

/// The variables that the exchange in it reads.
const GIVEN: [&str; 4] = [
    "AZURE_CLIENT_ID",
    "AZURE_TENANT_ID",
    "AZURE_FEDERATED_TOKEN_FILE",
    "AZURE_AUTHORITY_HOST",
];

#[test]
fn its_own_part_can_reach_no_file_no_variable_and_no_host() {
    let facts = keyhole_host::inspect(artifacts::bytes("whoami-alone"), PATIENCE);
    let facts = facts.expect("a component");
    let mut imports = facts.imports;
    imports.sort();
    let expected = [
        "keyhole:identity/token-provider@0.1.0.get-token",
        "wasi:cli/stderr.get-stderr",
        "wasi:cli/stdout.get-stdout",
        "wasi:io/streams.[method]output-stream.blocking-write-and-flush",
    ];
    assert_eq!(imports, expected);
}

#[test]
fn the_exchange_in_it_is_ours_byte_for_byte() {
    let (whole, exchange) = (artifacts::bytes("whoami"), artifacts::bytes("exchange"));
    let found = whole.windows(exchange.len()).any(|part| part == exchange);
    assert!(found, "whoami.wasm does not hold exchange.wasm");
    let alone = artifacts::bytes("whoami-alone");
    let found = whole.windows(alone.len()).any(|part| part == alone);
    assert!(found, "whoami.wasm does not hold whoami-alone.wasm");
}

/// It prints the claims of the token that the authority sent, from a program that
/// was given the federated token's folder for the exchange in it.
fn must_say_who_it_is(world: &World, mut runtime: Command) {
    let ran = run_command(&mut runtime, world);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let claims: Value = serde_json::from_str(&ran.stdout).expect("claims");
    assert_eq!(claims["appid"], world.emulator.client_id(), "{claims}");
    assert_eq!(claims["tid"], world.emulator.tenant(), "{claims}");
    assert_eq!(world.emulator.access_tokens().len(), 1);

    world.emulator.queue(Fault::Entra(700_016));
    let ran = run_command(&mut runtime, world);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert_eq!(ran.stdout, "", "{ran:?}");
    assert!(ran.stderr.contains("AADSTS700016"), "{ran:?}");
}

fn tool(variable: &str) -> Option<PathBuf> {
    std::env::var_os(variable).map(PathBuf::from)
}

#[test]
fn it_says_who_it_is_under_the_program_wasmtime() {
    let Some(program) = tool("KEYHOLE_WASMTIME") else {
        return skipped("no program wasmtime; `cargo xtask test --all` gets it");
    };
    let world = World::new();
    let token = world.token_file();
    let folder = token.parent().expect("a folder").display();
    let mut wasmtime = command(&program, &world);
    wasmtime
        .args(["run", "-S", "http", "--dir", &format!("{folder}::{folder}")])
        .args(GIVEN.iter().flat_map(|name| ["--env", name]))
        .arg(component("whoami"))
        // Its CAs are built in.
        .env("AZURE_AUTHORITY_HOST", world.emulator.http_authority());
    must_say_who_it_is(&world, wasmtime);
}

#[test]
fn it_says_who_it_is_under_jco_on_node() {
    let Some(jco) = tool("KEYHOLE_JCO") else {
        return skipped("no jco; `cargo xtask test` gets it");
    };
    let world = World::new();
    let folder = world.folder().join("jco");
    std::fs::create_dir(&folder).expect("a folder");
    let modules = folder.join("node_modules");
    std::os::unix::fs::symlink(jco.join("node_modules"), modules).expect("a link");
    let grants = folder.join("grants.mjs");
    let from = artifacts::workspace().join("examples/composition/grants.mjs");
    std::fs::copy(from, &grants).expect("the grants");
    let mut node = command(Path::new("node"), &world);
    node.arg(jco.join("node_modules/.bin/jco"))
        .args(["run", "--jco-import"])
        .arg(grants)
        .arg(component("whoami"))
        .env("NODE_EXTRA_CA_CERTS", world.emulator.ca_file());
    must_say_who_it_is(&world, node);
}
