//! The hostile component behind the guards: on runtimes that grant a folder and the
//! whole network, an attempt at the request, the form or the file breaks the same
//! rules as in our host, in the same order, and nothing of it goes out.

use super::{Attempt, Ends, file_grant, form, request};
use keyhole_guard::RuleSource;
use keyhole_tests::guarded::{Pod, command_with, guarded, refused, transpile};
use keyhole_tests::program::Ran;
use keyhole_tests::stock_server::{jco, wasmtime};
use keyhole_tests::{World, artifacts, skipped};
use std::path::PathBuf;

/// Those that end in our host with what wasmtime's own types do not take. Here they
/// come as far as the rule.
const NOT_TAKEN: [(&str, &str); 4] = [
    ("header_injection", "request.header.value"),
    ("post_absolute_form", "request.path"),
    ("post_host_in_cyrillic", "request.authority"),
    ("post_without_authority", "request.authority"),
];

/// An attempt where the authority is on TLS; here all of them are plain HTTP, for
/// wasmtime has its roots built in.
const HONEST_HERE: &str = "post_http_scheme";

const ARGUMENTS: [&str; 2] = ["get-token", "--insecure-http"];

/// All that the guards hold.
fn attempts() -> impl Iterator<Item = &'static Attempt> {
    [&file_grant::GROUP, &form::GROUP, &request::GROUP]
        .into_iter()
        .flat_map(|group| group.attempts)
        .filter(|attempt| attempt.name != HONEST_HERE)
}

fn scope(name: &str) -> String {
    format!("api://attempt/{name}/.default")
}

/// An authority that would grant every one of them.
fn world() -> World {
    let mut config = keyhole_emulator::EmulatorConfig::default();
    let resources = attempts().map(|attempt| format!("api://attempt/{}", attempt.name));
    config.resources.extend(resources);
    World::with(config)
}

impl Attempt {
    /// What it must come to behind the guards.
    fn must_be_held(&self, ran: &Ran, sent: usize) {
        let name = self.name;
        assert!(!ran.stderr.contains("GOT IN"), "{name}: {ran:?}");
        assert!(!ran.stdout.contains("GOT IN"), "{name}: {ran:?}");
        assert_eq!(sent, self.sends, "{name}: requests\n{ran:?}");
        assert_ne!(ran.code, Some(0), "{name}: {ran:?}");
        let rules = refused(&ran.stderr);
        let not_taken = NOT_TAKEN.iter().find(|(known, _)| *known == name);
        match (&self.ends, not_taken) {
            (Ends::Refused(broken), _) => assert_eq!(rules, *broken, "{name}: {ran:?}"),
            (_, Some((_, broken))) => assert_eq!(rules, [*broken], "{name}: {ran:?}"),
            _ => assert!(rules.is_empty(), "{name}: {ran:?}"),
        }
    }
}

/// Makes every attempt and compares each with the table of our host.
fn make_all(world: &World, run: impl Fn(&Pod<'_>, &Attempt) -> Ran) {
    let mut made = 0;
    for attempt in attempts() {
        let pod = Pod::new(world, Some(&scope(attempt.name)));
        let before = world.emulator.requests().len();
        let ran = run(&pod, attempt);
        let sent = world.emulator.requests().len() - before;
        attempt.must_be_held(&ran, sent);
        made += 1;
    }
    assert!(made > 70, "{made} attempts");
}

#[test]
fn wasmtime_run_holds_a_guarded_guest_as_our_host_does() {
    let Some(wasmtime) = there(wasmtime(), "the program wasmtime") else {
        return;
    };
    let world = world();
    let hostile = command_with(&artifacts::bytes("hostile"));
    make_all(&world, |pod, _| {
        let component = guarded(&hostile, &RuleSource::Fixed(pod.rule()));
        let component = pod.put("guarded", &component);
        pod.run_in_wasmtime(&wasmtime, &component, &ARGUMENTS)
    });
}

#[test]
fn node_holds_a_guarded_guest_as_our_host_does() {
    let Some(jco) = there(jco(), "jco") else {
        return;
    };
    let world = world();
    let hostile = command_with(&artifacts::bytes("hostile"));
    // One component for all: each has its rule by the variables.
    let component = guarded(&hostile, &RuleSource::Environment);
    let component = Pod::new(&world, None).put("guarded", &component);
    let transpiled = transpile(&jco, &component);
    make_all(&world, |pod, _| pod.run_in_node(&transpiled, &ARGUMENTS));
}

/// What the guards are for: without them a stock runtime lets these through.
#[test]
fn without_guards_wasmtime_run_holds_none_of_these() {
    let Some(wasmtime) = there(wasmtime(), "the program wasmtime") else {
        return;
    };
    let world = world();
    let hostile = command_with(&artifacts::bytes("hostile"));
    for (name, sends, got_in) in [
        ("open_sibling", 0, true),
        ("open_for_writing", 0, true),
        ("post_other_path", 1, false),
        ("extra_field", 1, false),
        ("extra_header", 1, false),
    ] {
        let pod = Pod::new(&world, Some(&scope(name)));
        let component = pod.put("bare", &hostile);
        let before = world.emulator.requests().len();
        let ran = pod.run_in_wasmtime(&wasmtime, &component, &ARGUMENTS);
        let said = format!("{}{}", ran.stdout, ran.stderr);
        assert_eq!(said.contains("GOT IN"), got_in, "{name}: {ran:?}");
        let sent = world.emulator.requests().len() - before;
        assert_eq!(sent, sends, "{name}: {ran:?}");
    }
}

fn there(found: Option<PathBuf>, what: &str) -> Option<PathBuf> {
    if found.is_none() {
        skipped(&format!("no {what}; `cargo xtask test --all` gets it"));
    }
    found
}
