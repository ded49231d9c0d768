//! `keyhole inspect --verify`: files of a release beside their list of digests.

use keyhole_host::Digest;
use keyhole_tests::program::{self, Ran};
use keyhole_tests::{World, artifacts};
use std::fs;
use std::path::{Path, PathBuf};

/// A release of two files; answers its list.
fn release(folder: &Path) -> PathBuf {
    let mut sums = String::new();
    for name in ["exchange", "gateway"] {
        let bytes = artifacts::bytes(name);
        let digest = Digest::of(&bytes).to_string();
        let digest = digest.strip_prefix("sha256:").expect("a digest");
        sums += &format!("{digest}  {name}.wasm\n");
        fs::write(folder.join(format!("{name}.wasm")), bytes).expect("a file");
    }
    let list = folder.join("SHA256SUMS");
    fs::write(&list, sums).expect("a list");
    list
}

fn verify(world: &World, list: &Path, more: &[&str]) -> Ran {
    let list = list.display().to_string();
    let mut arguments = vec!["inspect", "--verify", &list];
    arguments.extend(more);
    program::run(world, &arguments)
}

#[test]
fn files_that_are_as_listed_are_said_to_be() {
    let world = World::new();
    let list = release(world.folder());
    let ran = verify(&world, &list, &[]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{ran:?}");
    for name in ["exchange.wasm", "gateway.wasm"] {
        assert!(ran.stdout.contains(name), "{ran:?}");
    }
    let ran = verify(&world, &list, &["--output", "json"]);
    let said: serde_json::Value = serde_json::from_str(&ran.stdout).expect("JSON");
    let listed = fs::read_to_string(&list).expect("a list");
    let listed: Vec<&str> = listed.lines().collect();
    assert_eq!(
        said["verified"]["as_listed"],
        serde_json::json!(listed),
        "{said}"
    );
}

#[test]
fn a_component_that_was_changed_by_one_byte_is_named_with_both_digests() {
    let world = World::new();
    let list = release(world.folder());
    let file = world.folder().join("exchange.wasm");
    let mut bytes = fs::read(&file).expect("a component");
    let before = Digest::of(&bytes).to_string();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&file, &bytes).expect("a file");
    let after = Digest::of(&bytes).to_string();
    let ran = verify(&world, &list, &[]);
    ran.must_have_failed(2, &["exchange.wasm is ", &before, &after]);
    assert!(!ran.stderr.contains("gateway.wasm"), "{ran:?}");
}

#[test]
fn one_file_may_lie_elsewhere_and_the_others_are_not_looked_at() {
    let world = World::new();
    let list = release(world.folder());
    let elsewhere = world.folder().join("elsewhere");
    fs::create_dir(&elsewhere).expect("a folder");
    let file = elsewhere.join("exchange.wasm");
    fs::rename(world.folder().join("exchange.wasm"), &file).expect("moved");
    let named = file.display().to_string();
    let ran = verify(&world, &list, &[&named]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(!ran.stdout.contains("gateway.wasm"), "{ran:?}");
    verify(&world, &list, &[]).must_have_failed(2, &["exchange.wasm cannot be read"]);
}

#[test]
fn a_list_that_says_nothing_of_the_files_verifies_nothing() {
    let world = World::new();
    let list = release(world.folder());
    let ran = verify(&world, &list, &["other.wasm"]);
    ran.must_have_failed(2, &["does not name other.wasm"]);
    for (text, part) in [
        ("", "does not name any file"),
        ("exchange.wasm\n", "line 1"),
    ] {
        fs::write(&list, text).expect("a list");
        verify(&world, &list, &[]).must_have_failed(2, &[part]);
    }
    fs::remove_file(&list).expect("a list");
    verify(&world, &list, &[]).must_have_failed(2, &["No such file"]);
}

#[test]
fn a_list_does_not_choose_which_files_of_the_machine_are_read() {
    let world = World::new();
    let list = release(world.folder());
    let inside = world.folder().join("inside");
    fs::create_dir(&inside).expect("a folder");
    let digest = "0".repeat(64);
    for name in [
        "../exchange.wasm",
        "/etc/hostname",
        "inside/../exchange.wasm",
    ] {
        let list = inside.join("SHA256SUMS");
        fs::write(&list, format!("{digest}  {name}\n")).expect("a list");
        let ran = verify(&world, &list, &[]);
        ran.must_have_failed(2, &["line 1 names a file that is not beside it"]);
        // Of a file that it does not name, not even the digest is told.
        assert_eq!(ran.stderr.matches("sha256:").count(), 0, "{ran:?}");
    }
    let twice = fs::read_to_string(&list).expect("a list").repeat(2);
    fs::write(&list, twice).expect("a list");
    verify(&world, &list, &[]).must_have_failed(2, &["line 3 names exchange.wasm again"]);
}

#[test]
fn a_pipe_and_a_file_of_the_kernel_s_are_not_waited_for() {
    let world = World::new();
    let list = world.folder().join("SHA256SUMS");
    let pipe = world.folder().join("pipe");
    keyhole_tests::fifo(&pipe);
    let digest = "0".repeat(64);
    fs::write(&list, format!("{digest}  pipe\n{digest}  kmsg\n")).expect("a list");
    let ran = verify(&world, &list, &["/proc/kmsg"]);
    ran.must_have_failed(2, &["kmsg"]);
    fs::write(&list, format!("{digest}  pipe\n")).expect("a list");
    verify(&world, &list, &[]).must_have_failed(2, &["pipe cannot be read: it is not a regular"]);
    verify(&world, &pipe, &[]).must_have_failed(2, &["it is not a regular file"]);
}

#[test]
fn a_flag_that_would_mean_nothing_is_refused() {
    let world = World::new();
    let list = release(world.folder());
    for flag in [
        "--client-id=x",
        "--cache=file",
        "--timeout=1s",
        "--proxy=none",
    ] {
        let ran = verify(&world, &list, &[flag]);
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{ran:?}");
        assert!(ran.stderr.contains("cannot be used with"), "{ran:?}");
    }
}
