//! Carries the exchange component into a full build, if it has been built.

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
    let component = artifacts().join("exchange.wasm");
    println!("cargo::rerun-if-changed={}", component.display());
    let Ok(bytes) = fs::read(&component) else {
        return;
    };
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    fs::write(out.join("exchange.wasm"), &bytes).expect("OUT_DIR can be written");
    let digest: String = Sha256::digest(&bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    println!("cargo::rustc-env=KEYHOLE_EXCHANGE_SHA256={digest}");
    println!("cargo::rustc-cfg=keyhole_embedded");
}

/// Where `cargo xtask` leaves components.
fn artifacts() -> PathBuf {
    env::var_os("KEYHOLE_ARTIFACTS").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/wasm"),
        PathBuf::from,
    )
}
