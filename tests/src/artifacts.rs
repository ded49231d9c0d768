//! What `cargo xtask` leaves for the tests.

use keyhole_host::{Artifact, Digest};
use std::path::PathBuf;

/// A component by the name of its file, such as `hostile`.
#[must_use]
pub fn component(name: &str) -> PathBuf {
    folder().join(format!("{name}.wasm"))
}

/// A component as machine code for the slim host.
#[must_use]
pub fn precompiled(name: &str) -> PathBuf {
    folder().join(format!("{name}.{}.cwasm", keyhole_host::TARGET))
}

/// The slim host that stops between its steps.
#[must_use]
pub fn slim_host() -> PathBuf {
    folder().join("slim-host")
}

/// The bytes of a component.
#[must_use]
pub fn bytes(name: &str) -> Vec<u8> {
    let path = component(name);
    std::fs::read(&path).unwrap_or_else(|error| {
        panic!("{}: {error}; run `cargo xtask build` first", path.display())
    })
}

/// A component as somebody would bring it, with its digest.
#[must_use]
pub fn external(bytes: Vec<u8>) -> Artifact {
    let digest = Digest::of(&bytes);
    Artifact::wasm(bytes, digest).expect("a component")
}

/// What `cargo xtask` says of a component.
#[must_use]
pub fn identity(name: &str) -> serde_json::Value {
    let path = folder().join(format!("{name}.json"));
    let text = std::fs::read(&path).unwrap_or_else(|error| {
        panic!("{}: {error}; run `cargo xtask build` first", path.display())
    });
    serde_json::from_slice(&text).expect("JSON")
}

/// The workspace.
#[must_use]
pub fn workspace() -> PathBuf {
    let tests = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    tests.parent().expect("a parent").to_path_buf()
}

fn folder() -> PathBuf {
    std::env::var_os("KEYHOLE_ARTIFACTS")
        .map_or_else(|| workspace().join("target/wasm"), PathBuf::from)
}

/// A component in which these lie, joined to nothing.
#[must_use]
pub fn holding(parts: &[&[u8]]) -> Vec<u8> {
    let mut whole = b"\0asm\x0d\0\x01\0".to_vec();
    for part in parts {
        // The section of a component: its number, its size in LEB128, its bytes.
        whole.push(4);
        let mut size = part.len();
        while size >= 0x80 {
            whole.push((size & 0x7f) as u8 | 0x80);
            size >>= 7;
        }
        whole.push(size as u8);
        whole.extend_from_slice(part);
    }
    whole
}
