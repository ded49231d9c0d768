//! The hosts of `examples/hosts`: other languages and libraries, the same component,
//! the same answers.

use keyhole_emulator::Fault;
use keyhole_tests::example_hosts::{javascript, python, rust_keyhole, rust_wasmtime, typescript};
use keyhole_tests::program::run_command;
use keyhole_tests::{World, skipped};
use std::process::Command;

/// It says that it has a token, as long as the one that was sent, after one
/// request; and of a refusal what it means and what to do.
fn must_get_a_token_and_explain_a_refusal(world: &World, mut host: Command) {
    let ran = run_command(&mut host, world);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let sent = world.emulator.access_tokens();
    let [token] = &sent[..] else {
        panic!("{} tokens", sent.len());
    };
    let told = format!("a token of {} characters, valid until ", token.len());
    let until = ran.stdout.strip_prefix(&told);
    let until = until.and_then(|until| until.trim_end().parse::<u64>().ok());
    assert!(until.is_some_and(|until| until > 1_700_000_000), "{ran:?}");
    assert_eq!(world.emulator.requests().len(), 1);

    world.emulator.queue(Fault::Entra(700_016));
    let ran = run_command(&mut host, world);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert_eq!(ran.stdout, "", "{ran:?}");
    assert!(ran.stderr.contains("AADSTS700016"), "{ran:?}");
    assert!(ran.stderr.contains("\nhint: "), "{ran:?}");
    assert_eq!(world.emulator.requests().len(), 2);
}

#[test]
fn a_program_in_rust_gets_a_token_by_our_library() {
    let world = World::new();
    must_get_a_token_and_explain_a_refusal(&world, rust_keyhole(&world));
}

#[test]
fn a_program_in_rust_gets_a_token_by_wasmtime_alone() {
    let world = World::new();
    must_get_a_token_and_explain_a_refusal(&world, rust_wasmtime(&world));
}

#[test]
fn a_program_in_python_gets_a_token() {
    let world = World::new();
    match python(&world) {
        Some(host) => must_get_a_token_and_explain_a_refusal(&world, host),
        None => skipped("no wasmtime for Python; `cargo xtask test` gets it"),
    }
}

#[test]
fn a_program_in_javascript_gets_a_token() {
    let world = World::new();
    match javascript(&world) {
        Some(host) => must_get_a_token_and_explain_a_refusal(&world, host),
        None => skipped("no jco; `cargo xtask test` gets it"),
    }
}

#[test]
fn a_program_in_typescript_gets_a_token_by_the_npm_package() {
    let world = World::new();
    match typescript(&world) {
        Some(host) => must_get_a_token_and_explain_a_refusal(&world, host),
        None => skipped("no npm package or TypeScript; `cargo xtask test` makes and gets them"),
    }
}
