//! What registries would be sent, as `cargo xtask test` packs it.

use keyhole_host::Digest;
use keyhole_tests::program::{command, run_command};
use keyhole_tests::{World, artifacts, skipped};
use serde_json::Value;
use std::path::PathBuf;
use std::process::Command;

/// What is in a crate's package, by `tar`.
fn tar(package: &str, arguments: &[&str]) -> Vec<u8> {
    let file = format!(
        "target/package/{package}-{}.crate",
        env!("CARGO_PKG_VERSION")
    );
    let path: PathBuf = artifacts::workspace().join(file);
    assert!(
        path.is_file(),
        "{}: `cargo xtask test` makes it",
        path.display()
    );
    let output = Command::new("tar")
        .arg("-xzf")
        .arg(path)
        .args(arguments)
        .output();
    let output = output.expect("tar starts");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    output.stdout
}

fn file(package: &str, name: &str) -> Vec<u8> {
    let name = format!("{package}-{}/{name}", env!("CARGO_PKG_VERSION"));
    tar(package, &["--to-stdout", &name])
}

#[test]
fn the_hosts_package_carries_the_built_components_and_their_digests() {
    let sums = file("keyhole-host", "components/SHA256SUMS");
    let sums = String::from_utf8(sums).expect("UTF-8");
    for name in ["exchange", "gateway-alone"] {
        let packed = file("keyhole-host", &format!("components/{name}.wasm"));
        assert!(packed == artifacts::bytes(name), "{name} is another one");
        let digest = Digest::of(&packed).to_string();
        let digest = digest.strip_prefix("sha256:").expect("a digest");
        let line = format!("{digest}  {name}.wasm");
        assert!(
            sums.lines().any(|listed| listed == line),
            "{line:?} in {sums:?}"
        );
        let identity = file("keyhole-host", &format!("components/{name}.json"));
        let identity: Value = serde_json::from_slice(&identity).expect("JSON");
        assert_eq!(identity["sha256"], digest);
    }
}

#[test]
fn the_hosts_package_has_the_interfaces_it_is_compiled_with() {
    for name in [
        "token-provider.wit",
        "worlds.wit",
        "exchange.imports",
        "deps/http.wit",
    ] {
        let packed = file("keyhole-host", &format!("wit/{name}"));
        let ours = std::fs::read(artifacts::workspace().join("wit").join(name)).expect(name);
        assert!(packed == ours, "{name} is another one");
    }
}

#[test]
fn a_packed_crate_names_registry_versions_and_has_a_page_to_read() {
    for package in [
        "keyhole-exchange",
        "keyhole-policy",
        "keyhole-proxy-rules",
        "keyhole-host",
    ] {
        let readme = String::from_utf8(file(package, "README.md")).expect("UTF-8");
        assert!(readme.starts_with(&format!("# {package}\n")), "{readme}");
        let manifest = String::from_utf8(file(package, "Cargo.toml")).expect("UTF-8");
        assert!(!manifest.contains("path = \".."), "{manifest}");
        assert!(
            manifest.contains("license = \"MIT OR Apache-2.0\""),
            "{manifest}"
        );
    }
}

/// It prints the digest of its component and the length of the token.
#[test]
fn a_program_outside_of_the_workspace_gets_a_token_by_the_packed_crates() {
    let Some(program) = std::env::var_os("KEYHOLE_OUTSIDE") else {
        return skipped("no program of the packed crates; `cargo xtask test --all` builds it");
    };
    let world = World::new();
    let ran = run_command(&mut command(program.as_ref(), &world), &world);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let digest = Digest::of(&artifacts::bytes("exchange"));
    let length = world.emulator.access_tokens()[0].len();
    assert_eq!(ran.stdout, format!("{digest} {length}\n"));
    assert_eq!(world.honest_requests().len(), 1);
}
