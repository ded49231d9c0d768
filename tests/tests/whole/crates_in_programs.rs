//! What a scanner (`cargo audit bin`) reads of the shipped programs.

use flate2::read::ZlibDecoder;
use keyhole_tests::{World, program};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

/// The crates that a program's file lists, and which of them is the program.
fn listed(file: &Path, world: &World) -> (BTreeSet<String>, String) {
    let section = world.folder().join("section");
    // binutils come with the C compiler that a build needs.
    let mut objcopy = Command::new("objcopy");
    objcopy
        .arg("--dump-section")
        .arg(format!(".dep-v0={}", section.display()))
        // What else it would write is a copy of the program.
        .args([file, &world.folder().join("copy")]);
    assert!(objcopy.status().expect("objcopy starts").success());
    let section = std::fs::read(section).expect("the section");
    let said: Value = serde_json::from_reader(ZlibDecoder::new(&section[..])).expect("JSON");
    let packages = said["packages"].as_array().expect("packages");
    let name = |package: &Value| package["name"].as_str().expect("a name").to_owned();
    let root = packages.iter().find(|package| package["root"] == true);
    let root = name(root.expect("a root"));
    (packages.iter().map(name).collect(), root)
}

#[test]
fn the_shipped_programs_list_the_crates_in_them_and_the_slim_one_has_no_compiler() {
    let world = World::new();
    let (slim, root) = listed(&program::slim(), &world);
    assert_eq!(root, "keyhole");
    for name in ["keyhole-host", "rustls", "ring", "wasmtime"] {
        assert!(slim.contains(name), "{name} is not in {slim:?}");
    }
    let compiler = |names: &BTreeSet<String>| {
        names
            .iter()
            .any(|name| name.starts_with("cranelift-codegen"))
    };
    assert!(!compiler(&slim), "{slim:?}");
    let (full, _) = listed(&program::full(), &world);
    assert!(compiler(&full), "{full:?}");
}
