//! `keyhole guard`: the honest exchange passes on stock runtimes, no rule lets
//! nothing pass, and what is refused to be guarded.

use keyhole_guard::{GuardError, GuardRule, RuleSource};
use keyhole_tests::guarded::{Pod, guarded, refused, transpile, try_guarded};
use keyhole_tests::program::{Ran, command, full, run_command, slim};
use keyhole_tests::stock_server::{jco, wasmtime};
use keyhole_tests::{World, artifacts, skipped};
use std::path::{Path, PathBuf};

const VERIFY: [&str; 2] = ["verify", "--insecure-http"];

/// Runs a component on each stock runtime that is there.
fn on_stock_runtimes(pod: &Pod<'_>, component: &[u8], judge: impl Fn(&str, &Ran)) {
    let component = pod.put("guarded", component);
    match wasmtime() {
        Some(wasmtime) => judge(
            "wasmtime",
            &pod.run_in_wasmtime(&wasmtime, &component, &VERIFY),
        ),
        None => skipped("no program wasmtime; `cargo xtask test --all` gets it"),
    }
    match jco() {
        Some(jco) => judge(
            "node",
            &pod.run_in_node(&transpile(&jco, &component), &VERIFY),
        ),
        None => skipped("no jco; `cargo xtask test --all` gets it"),
    }
}

#[test]
fn the_honest_exchange_passes_a_fixed_rule() {
    let world = World::new();
    let pod = Pod::new(&world, None);
    let source = RuleSource::Fixed(pod.rule());
    let component = guarded(&artifacts::bytes("keyhole"), &source);
    on_stock_runtimes(&pod, &component, |runtime, ran| {
        assert_eq!(ran.code, Some(0), "{runtime}: {ran:?}");
        assert!(ran.stdout.contains("ok      token accepted"), "{ran:?}");
        assert_eq!(ran.stderr, "", "{runtime}");
    });
    let ran = [wasmtime(), jco()].iter().flatten().count();
    assert_eq!(world.emulator.access_tokens().len(), ran);
}

#[test]
fn a_guard_without_a_rule_lets_nothing_pass_and_says_so() {
    let world = World::new();
    let pod = Pod::new(&world, None);
    let source = RuleSource::None("this is a test.".into());
    let component = guarded(&artifacts::bytes("keyhole"), &source);
    on_stock_runtimes(&pod, &component, |runtime, ran| {
        assert_eq!(ran.code, Some(3), "{runtime}: {ran:?}");
        let line = "keyhole guard: a file was refused: there is no rule, so nothing is allowed. \
                    this is a test.";
        assert!(ran.stderr.contains(line), "{runtime}: {ran:?}");
    });
    assert_eq!(world.emulator.connections(), 0);
}

#[test]
fn other_settings_than_the_rule_s_are_refused_with_what_is_allowed() {
    let Some(wasmtime) = there(wasmtime()) else {
        return;
    };
    let world = World::granting("api://other");
    let pod = Pod::new(&world, None);
    let rule = pod.rule();
    let component = guarded(
        &artifacts::bytes("keyhole"),
        &RuleSource::Fixed(rule.clone()),
    );
    let component = pod.put("guarded", &component);
    let other = "11111111-2222-3333-4444-555555555555";
    for (flags, broken, code) in [
        (["--tenant-id", other], "request.path", 7),
        (["--client-id", other], "form.client_id", 7),
        (["--scope", "api://other/.default"], "form.scope", 7),
        (
            ["--authority-host", "http://127.0.0.1:9"],
            "request.authority",
            7,
        ),
        (
            ["--federated-token-file", "/pod/azure-identity-token"],
            "file.name",
            3,
        ),
    ] {
        let ran = pod.run_in_wasmtime(&wasmtime, &component, &[&VERIFY[..], &flags].concat());
        assert_eq!(ran.code, Some(code), "{flags:?}: {ran:?}");
        assert_eq!(refused(&ran.stderr), [broken], "{flags:?}: {ran:?}");
        let allowed = match code {
            3 => &*rule.token_file,
            _ => &*rule.target().to_string(),
        };
        assert!(ran.stderr.contains(allowed), "{flags:?}: {ran:?}");
    }
    assert_eq!(world.emulator.requests().len(), 0);
}

fn there(found: Option<PathBuf>) -> Option<PathBuf> {
    if found.is_none() {
        skipped("no program wasmtime; `cargo xtask test --all` gets it");
    }
    found
}

fn guard(world: &World, output: &Path, more: &[&str]) -> Ran {
    let mut guard = command(&full(), world);
    guard.arg("guard").arg("-o").arg(output).args(more);
    run_command(&mut guard, world)
}

fn inspect(world: &World, file: &Path) -> String {
    let ran = run_command(command(&full(), world).arg("inspect").arg(file), world);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    ran.stdout
}

#[test]
fn the_same_flags_make_the_same_bytes_and_inspect_prints_the_rule() {
    let world = World::new();
    let [one, two] = ["one.wasm", "two.wasm"].map(|name| world.folder().join(name));
    for output in [&one, &two] {
        let ran = guard(&world, output, &[]);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        assert!(ran.stdout.contains("sha256:"), "{ran:?}");
    }
    let bytes = std::fs::read(&one).expect("a component");
    assert!(bytes == std::fs::read(&two).expect("a component"));
    let said = inspect(&world, &one);
    for fact in [
        "from        fixed in the component",
        &format!("client id   {}", world.emulator.client_id()),
        &format!("file        {}", world.token_file().display()),
        "checked     byte for byte",
    ] {
        assert!(said.contains(fact), "{fact:?} in:\n{said}");
    }
    // A byte of the client's id, wherever it lies.
    let client = world.emulator.client_id().as_bytes();
    let place = bytes
        .windows(client.len())
        .position(|window| window == client);
    let mut changed = bytes;
    changed[place.expect("the rule")] ^= 1;
    std::fs::write(&two, &changed).expect("a component");
    assert!(!inspect(&world, &two).contains(world.emulator.client_id()));
}

#[test]
fn guards_in_another_whole_are_told_and_not_vouched_for() {
    let world = World::new();
    let pod = Pod::new(&world, None);
    let source = RuleSource::Fixed(pod.rule());
    let mut more = guarded(&artifacts::bytes("keyhole"), &source);
    // An empty component behind all.
    more.extend(b"\x04\x08\0asm\x0d\0\x01\0");
    let said = inspect(&world, &pod.put("more", &more));
    let client = format!("client id    {}", world.emulator.client_id());
    for part in ["not checked", &client] {
        assert!(said.contains(part), "{part:?} in:\n{said}");
    }
    // A guard alone, as another version would have it.
    let mut other = artifacts::bytes("guard-environment");
    other.extend(b"\0\x03\x01xy");
    let whole = artifacts::holding(&[&other]);
    let said = inspect(&world, &pod.put("other", &whole));
    for part in ["no rule of this keyhole's making", "not checked"] {
        assert!(said.contains(part), "{part:?} in:\n{said}");
    }
}

#[test]
fn a_component_on_which_the_joining_library_panics_is_refused() {
    let world = World::new();
    let odd = "(component
        (component $c (type $x (record (field \"a\" u8))) (export \"t\" (type $x)))
        (instance $i (instantiate $c))
        (alias export $i \"t\" (type $t))
        (instance $bag (export \"t\" (type $t)))
        (export \"a\" (instance $bag))
        (export \"b\" (instance $i)))";
    let program = world.folder().join("odd.wasm");
    std::fs::write(&program, wat::parse_str(odd).expect("a component")).expect("a file");
    let output = world.folder().join("guarded.wasm");
    let program = program.display().to_string();
    let ran = guard(&world, &output, &["--component", &program]);
    ran.must_have_failed(2, &["joining it failed"]);
    assert!(!output.exists());
}

/// `bytes` with the one place of `old` changed to `new`, which is as long.
fn forged(mut bytes: Vec<u8>, old: &str, new: &str) -> Vec<u8> {
    assert_eq!(old.len(), new.len());
    let place = bytes
        .windows(old.len())
        .position(|window| window == old.as_bytes())
        .expect("it is there");
    bytes[place..place + new.len()].copy_from_slice(new.as_bytes());
    bytes
}

#[test]
fn a_forged_rule_is_refused_by_the_guards_and_told_by_inspect() {
    let world = World::new();
    let pod = Pod::new(&world, None);
    let rule = GuardRule {
        authority: "localhost:10080".into(),
        ..pod.rule()
    };
    let honest = guarded(&artifacts::bytes("keyhole"), &RuleSource::Fixed(rule));
    let forged = forged(honest, "httplocalhost:10080", "httpexample.test:80");
    let said = inspect(&world, &pod.put("forged", &forged));
    let why = "Its rule is one that no settings ask for";
    assert!(said.contains(why) && said.contains("not checked"), "{said}");
    assert!(!said.contains("byte for byte"), "{said}");
    on_stock_runtimes(&pod, &forged, |runtime, ran| {
        assert_eq!(ran.code, Some(3), "{runtime}: {ran:?}");
        assert!(ran.stderr.contains(why), "{runtime}: {ran:?}");
    });
    let source = RuleSource::Fixed(GuardRule {
        authority: "example.test:80".into(),
        ..pod.rule()
    });
    let made = try_guarded(&artifacts::bytes("keyhole"), &source);
    assert!(matches!(made, Err(GuardError::NoSuchRule(_))), "{made:?}");
}

#[test]
fn plain_text_passes_a_rule_by_variables_only_if_the_arguments_say_so() {
    let Some(wasmtime) = there(wasmtime()) else {
        return;
    };
    let world = World::new();
    let pod = Pod::new(&world, None);
    let component = guarded(&artifacts::bytes("whoami"), &RuleSource::Environment);
    let component = pod.put("guarded", &component);
    let ran = pod.run_in_wasmtime(&wasmtime, &component, &[]);
    let said = "which passes only with the argument --insecure-http";
    assert!(ran.stderr.contains(said), "{ran:?}");
    assert_eq!(world.emulator.connections(), 0);
    let ran = pod.run_in_wasmtime(&wasmtime, &component, &["--insecure-http"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(world.emulator.access_tokens().len(), 1);
}

#[test]
fn a_rule_by_variables_is_told_as_the_weaker_one() {
    let world = World::new();
    let output = world.folder().join("guarded.wasm");
    let ran = guard(&world, &output, &["--rule-from-environment"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let said = inspect(&world, &output);
    assert!(said.contains("whoever sets them sets the rule"), "{said}");
}

#[test]
fn what_cannot_be_guarded_is_refused_and_nothing_is_written() {
    let world = World::new();
    let output = world.folder().join("guarded.wasm");
    let component = |name: &str| artifacts::component(name).display().to_string();
    let broken = world.folder().join("broken.wasm");
    std::fs::write(&broken, b"\0asm\x0d\0\x01\0\x63").expect("a file");
    let sockets = world.folder().join("sockets.wasm");
    let text = "(component (import \"wasi:http/outgoing-handler@0.2.12\" (instance)) \
                (import \"wasi:sockets/tcp@0.2.12\" (instance)))";
    std::fs::write(&sockets, wat::parse_str(text).expect("a component")).expect("a file");
    for (program, said) in [
        (component("gateway"), "a server cannot be guarded"),
        (component("command"), "keyhole:identity/token-provider"),
        (component("guard-environment"), "there is nothing to guard"),
        (broken.display().to_string(), "no WebAssembly component"),
        (sockets.display().to_string(), "wasi:sockets/tcp"),
    ] {
        let ran = guard(&world, &output, &["--component", &program]);
        ran.must_have_failed(2, &[said]);
        assert!(!output.exists(), "{program}");
    }
    let pipe = world.folder().join("pipe");
    keyhole_tests::fifo(&pipe);
    guard(&world, &pipe, &[]).must_have_failed(2, &["it is not a regular file"]);
    let named = ["--federated-token-file", "/t/a\nb"];
    guard(&world, &output, &named).must_have_failed(2, &["control characters"]);
    let nowhere = world.folder().join("nowhere/guarded.wasm");
    guard(&world, &nowhere, &[]).must_have_failed(2, &["cannot be written"]);
    guard(
        &world,
        &output,
        &["--authority-host", "http://127.0.0.1:1/"],
    )
    .must_have_failed(2, &["in plain text", "--insecure-http"]);
    guard(&world, &output, &["--tenant-id", "a/b"]).must_have_failed(2, &["a/b"]);
}

#[test]
fn the_slim_build_says_which_one_has_the_guards() {
    let world = World::new();
    let mut slim = command(&slim(), &world);
    let ran = run_command(slim.args(["guard", "-o", "guarded.wasm"]), &world);
    ran.must_have_failed(2, &["this build carries no guards", "keyhole-full"]);
}
