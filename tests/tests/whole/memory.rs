//! What is left of tokens in the memory of a host when a call is over.

use keyhole_emulator::{EmulatorConfig, Observer};
use keyhole_tests::leaks::Secret;
use keyhole_tests::memory::writable_mappings_with;
use keyhole_tests::slim_host::SlimHost;
use keyhole_tests::{World, program};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(60);

/// The mappings that held the federated token while the authority had the
/// request in hand.
type Seen = Arc<Mutex<Option<Vec<String>>>>;

/// A pod whose authority looks into the process that asks it, before it
/// answers.
fn watched() -> (World, Arc<OnceLock<u32>>, Seen) {
    let process = Arc::new(OnceLock::new());
    let seen = Seen::default();
    let (asks, saw) = (process.clone(), seen.clone());
    let config = EmulatorConfig {
        observer: Some(Observer::new(move |request| {
            let sent = request.field("client_assertion").unwrap_or_default();
            let secret = Secret::signature("federated token", sent);
            let process = *asks.get().expect("a process asks");
            *saw.lock().expect("no panic") = Some(writable_mappings_with(process, &secret));
        })),
        ..EmulatorConfig::default()
    };
    (World::with(config), process, seen)
}

#[test]
fn of_both_tokens_nothing_is_left_when_the_result_is_dropped() {
    let (world, process, seen) = watched();
    let mut host = SlimHost::start(&world, "exchange", PATIENCE);
    process.set(host.process()).expect("one process");
    let federated = Secret::signature("federated token", &world.federated_token());

    // The second call shows that the first left nothing behind that grows.
    for call in 1..=2 {
        assert_eq!(host.step("exchange"), "token");
        let during = seen.lock().expect("no panic").take();
        let during = during.expect("the authority was asked");
        assert!(!during.is_empty(), "during the call it is there");

        let tokens = world.emulator.access_tokens();
        let access = Secret::signature("access token", tokens.last().expect("a token"));
        let held = writable_mappings_with(host.process(), &access);
        assert!(!held.is_empty(), "while the result is held it is there");

        assert_eq!(host.step("drop"), "dropped");
        for secret in [&federated, &access] {
            let left = writable_mappings_with(host.process(), secret);
            assert!(
                left.is_empty(),
                "call {call}: the {} is in {left:#?}",
                secret.name()
            );
        }
    }
}

#[test]
fn of_the_federated_token_nothing_is_left_when_the_call_is_refused() {
    let (world, process, seen) = watched();
    let fault = "aadsts=700213".parse().expect("a fault");
    world.emulator.always(Some(fault));
    let mut host = SlimHost::start(&world, "exchange", PATIENCE);
    process.set(host.process()).expect("one process");
    let federated = Secret::signature("federated token", &world.federated_token());

    let answer = host.step("exchange");
    assert!(answer.starts_with("error "), "{answer}");
    let during = seen.lock().expect("no panic").take();
    assert!(!during.expect("the authority was asked").is_empty());
    let left = writable_mappings_with(host.process(), &federated);
    assert!(left.is_empty(), "the federated token is in {left:#?}");
}

/// W^X without an exception: the exchange's machine code is run where it lies
/// in the program's file, so nothing is ever written and then executed.
#[test]
fn the_slim_program_executes_nothing_but_its_own_file() {
    let process = Arc::new(OnceLock::<u32>::new());
    let maps = Arc::new(Mutex::new(String::new()));
    let (asks, seen) = (process.clone(), maps.clone());
    let world = World::with(EmulatorConfig {
        observer: Some(Observer::new(move |_| {
            let path = format!("/proc/{}/maps", asks.wait());
            *seen.lock().expect("no panic") = std::fs::read_to_string(path).expect("its mappings");
        })),
        ..EmulatorConfig::default()
    });
    let slim = program::slim();
    let mut running = program::command(&slim, &world)
        .arg("get-token")
        .stdout(std::process::Stdio::null())
        .spawn()
        .expect("the program starts");
    process.set(running.id()).expect("one process");
    assert!(running.wait().expect("it ends").success());

    let maps = maps.lock().expect("no panic");
    let executable: Vec<&str> = maps
        .lines()
        .filter(|line| {
            line.split(' ')
                .nth(1)
                .is_some_and(|mode| mode.contains('x'))
        })
        .collect();
    let slim = slim.canonicalize().expect("its path");
    let its_own = |line: &&&str| line.ends_with(&*slim.to_string_lossy());
    assert!(executable.iter().any(|line| its_own(&line)), "{maps}");
    for line in executable {
        let of_the_kernel = line.ends_with("[vdso]") || line.ends_with("[vsyscall]");
        assert!(its_own(&&line) || of_the_kernel, "{line}");
        let mode = line.split(' ').nth(1).unwrap_or_default();
        assert!(!mode.contains('w'), "{line}");
    }
}
