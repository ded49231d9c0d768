//! What `keyhole inspect` says of a composition's parts, and of files that are no
//! component.

use keyhole_host::Digest;
use keyhole_tests::program::{Ran, command, full, run_command, slim};
use keyhole_tests::{World, artifacts};
use serde_json::Value;
use std::path::{Path, PathBuf};

const OURS: &str = "the exchange component of this keyhole";

fn inspect(world: &World, file: &Path, more: &[&str]) -> Ran {
    let mut inspect = command(&full(), world);
    run_command(inspect.arg("inspect").arg(file).args(more), world)
}

fn parts(world: &World, file: &Path) -> Value {
    let ran = inspect(world, file, &["--output", "json"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    serde_json::from_str(&ran.stdout).expect("one JSON document")
}

fn hex(bytes: &[u8]) -> String {
    let digest = Digest::of(bytes).to_string();
    digest.trim_start_matches("sha256:").to_owned()
}

/// A file of a world.
fn file(world: &World, name: &str, bytes: &[u8]) -> PathBuf {
    let path = world.folder().join(name);
    std::fs::write(&path, bytes).expect("a file");
    path
}

fn position(bytes: &[u8], part: &[u8]) -> usize {
    let found = bytes.windows(part.len()).position(|window| window == part);
    found.expect("it is there")
}

/// `component` with one byte of a text of the exchange's changed.
fn changed(name: &str) -> Vec<u8> {
    const TEXT: &[u8] = b"the federated token file ";
    let mut bytes = artifacts::bytes(name);
    let exchange = artifacts::bytes("exchange");
    let place = position(&bytes, &exchange) + position(&exchange, TEXT);
    bytes[place] ^= 1;
    bytes
}

#[test]
fn the_exchange_in_a_composition_is_the_one_that_is_published_alone() {
    let world = World::new();
    let exchange = artifacts::bytes("exchange");
    for (name, number) in [("keyhole", 2), ("gateway", 1)] {
        let report = parts(&world, &artifacts::component(name));
        let said = |what: &str| &report["parts"][format!("{number}_{what}")];
        assert_eq!(said("is"), OURS, "{name}: {report}");
        assert_eq!(said("sha256"), &Value::from(hex(&exchange)), "{name}");
        assert_eq!(said("size"), &Value::from(exchange.len()), "{name}");
        assert_eq!(report["notes"], Value::Array(vec![]), "{name}");
    }
    let alone = parts(&world, &artifacts::component("exchange"));
    assert_eq!(alone["parts"]["is"], OURS);
}

#[test]
fn only_the_exchange_can_reach_the_file_and_the_network() {
    let world = World::new();
    let report = parts(&world, &artifacts::component("keyhole"));
    for number in [1, 2, 3] {
        let imports = report["parts"][format!("{number}_imports")].to_string();
        let is_exchange = number == 2;
        for interface in ["wasi:http/", "wasi:filesystem/"] {
            assert_eq!(
                imports.contains(interface),
                is_exchange,
                "{number}: {imports}"
            );
        }
    }
    assert!(report["parts"]["4_sha256"].is_null(), "{report}");
}

#[test]
fn one_changed_byte_of_the_exchange_is_a_foreign_exchange() {
    let world = World::new();
    for (name, which) in [("keyhole", "part 2"), ("exchange", "this component")] {
        let path = file(&world, "changed.wasm", &changed(name));
        let ran = inspect(&world, &path, &[]);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        for part in [
            "an exchange component, not the one of this keyhole",
            &format!("note: {which} exports token-provider"),
        ] {
            assert!(ran.stdout.contains(part), "{part:?} in:\n{}", ran.stdout);
        }
        let is_ours = ran.stdout.lines().any(|line| line.ends_with(OURS));
        assert!(!is_ours, "{}", ran.stdout);
    }
}

#[test]
fn a_copy_of_the_exchange_vouches_for_nothing_beside_it() {
    let world = World::new();
    // Names inside of a component are free: another part may join it to files.
    let foreign = "(component (core module) (import \"harmless\" (instance)))";
    let foreign = wat::parse_str(foreign).expect("a component");
    let whole = artifacts::holding(&[&artifacts::bytes("exchange"), &foreign]);
    let path = file(&world, "decoy.wasm", &whole);
    let report = parts(&world, &path);
    let is = format!("{OURS}; whether it is used is not checked");
    assert_eq!(report["parts"]["1_is"], is, "{report}");
    let notes = report["notes"].to_string();
    let note = "part 2 is not of this keyhole";
    assert!(notes.contains(note), "{report}");
    // The same beside a whole keyhole.wasm.
    let whole = artifacts::holding(&[&artifacts::bytes("keyhole"), &foreign]);
    let report = parts(&world, &file(&world, "decoy.wasm", &whole));
    assert_eq!(report["parts"]["1.2_is"], is, "{report}");
    assert!(report["notes"].to_string().contains(note), "{report}");
    // What names the authority imports neither files nor HTTP.
    let mut whole = artifacts::bytes("keyhole");
    let flags = artifacts::bytes("flags");
    let start = position(&whole, &flags);
    let host = position(&flags, b"login.microsoftonline.com");
    whole[start + host] ^= 1;
    let report = parts(&world, &file(&world, "flags.wasm", &whole));
    let note = "part 1 is not of this keyhole";
    assert!(report["notes"].to_string().contains(note), "{report}");
    // Only a known whole is said to be ours.
    let known = parts(&world, &artifacts::component("keyhole"));
    assert_eq!(known["parts"]["is"], "keyhole.wasm of this keyhole");
}

#[test]
fn what_is_no_component_is_refused() {
    let world = World::new();
    let mut cut = artifacts::bytes("keyhole");
    cut.truncate(cut.len() / 2);
    let mut large = artifacts::bytes("keyhole");
    large.resize(keyhole_host::MAX_COMPONENT + 1, 0);
    for (bytes, said) in [
        (&b"\0asm\x01\0\0\0"[..], "not a WebAssembly component"),
        (b"nothing of the kind", "not a WebAssembly component"),
        (b"", "not a WebAssembly component"),
        (&cut, "cannot be loaded"),
        (&large, "larger than 8388608 bytes"),
    ] {
        let path = file(&world, "odd.wasm", bytes);
        let ran = inspect(&world, &path, &[]);
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{ran:?}");
        assert!(ran.stderr.contains(said), "{said:?}: {ran:?}");
    }
    let mut slim = command(&slim(), &world);
    let ran = run_command(slim.args(["inspect", "keyhole.wasm"]), &world);
    ran.must_have_failed(2, &["this build has no compiler", "keyhole-full"]);
}
