//! Carries the components into a full build, if they have been built.

use sha2::{Digest, Sha256};
use std::env;
use std::fs;
use std::path::{Path, PathBuf};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=KEYHOLE_ARTIFACTS");
    println!("cargo::rustc-check-cfg=cfg(keyhole_embedded)");

    let target = env::var("TARGET").expect("cargo sets TARGET");
    println!("cargo::rustc-env=KEYHOLE_TARGET={target}");
    assert!(
        !target.contains("windows"),
        "Keyhole does not support Windows: run it in a Linux container or WSL"
    );

    if env::var_os("CARGO_FEATURE_COMPILER").is_none() {
        return;
    }
    // Both or none: they are built together.
    let all = [("exchange", "EXCHANGE"), ("gateway-alone", "GATEWAY")].map(carry);
    if all == [true; 2] {
        println!("cargo::rustc-cfg=keyhole_embedded");
    }
}

/// Copies a component into the build, if it is there, and tells its digest.
fn carry((component, name): (&str, &str)) -> bool {
    let component = format!("{component}.wasm");
    let from = artifacts().join(&component);
    println!("cargo::rerun-if-changed={}", from.display());
    let Ok(bytes) = fs::read(&from) else {
        return false;
    };
    let digest: String = Sha256::digest(&bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    if let Ok(sums) = fs::read_to_string(artifacts().join("SHA256SUMS")) {
        let listed = sums
            .lines()
            .any(|line| line == format!("{digest}  {component}"));
        assert!(
            listed,
            "{} is not what its package says: sha256:{digest} is not in SHA256SUMS",
            from.display()
        );
    }
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    fs::write(out.join(component), &bytes).expect("OUT_DIR can be written");
    println!("cargo::rustc-env=KEYHOLE_{name}_SHA256={digest}");
    true
}

/// Where components are: where `cargo xtask` leaves them, which the workspace's
/// `.cargo/config.toml` tells, or in this crate's package, with their digests.
fn artifacts() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let packed = here.join("components");
    match env::var_os("KEYHOLE_ARTIFACTS") {
        Some(folder) => folder.into(),
        None if packed.is_dir() => packed,
        None => here.join("../target/wasm"),
    }
}
