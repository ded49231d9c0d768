//! `--retry-propagation`: a new federated credential is waited for, if asked.

use keyhole_emulator::Fault;
use keyhole_tests::World;
use keyhole_tests::program::{Ran, command, run_command, slim};
use std::time::{Duration, Instant};

fn get_token(world: &World, arguments: &[&str]) -> Ran {
    let mut command = command(&slim(), world);
    command.arg("get-token").args(arguments);
    run_command(&mut command, world)
}

fn progress(ran: &Ran) -> usize {
    let lines = ran.stderr.lines();
    lines
        .filter(|line| line.contains("it will be asked again"))
        .count()
}

#[test]
fn a_credential_that_spreads_is_waited_for_with_a_line_a_try() {
    for code in [70021, 700_211, 700_213, 90061, 50166, 501_661] {
        let world = World::new();
        world.emulator.queue(Fault::Entra(code));
        let ran = get_token(&world, &["--retry-propagation", "30s"]);
        assert_eq!(ran.code, Some(0), "{code}: {ran:?}");
        assert_eq!(progress(&ran), 1, "{code}: {ran:?}");
        assert!(ran.stderr.contains("asked once so far"), "{code}: {ran:?}");
        assert_eq!(world.honest_requests().len(), 2, "{code}");
    }
}

#[test]
fn it_ends_when_its_time_does_and_the_failure_says_how_long_it_was_tried() {
    let world = World::new();
    world.emulator.always(Some(Fault::Entra(70021)));
    let start = Instant::now();
    let ran = get_token(&world, &["--retry-propagation", "4s"]);
    let took = start.elapsed();
    ran.must_have_failed(
        4,
        &[
            "AADSTS70021",
            "asked 3 times in 4 s (--retry-propagation 4s)",
        ],
    );
    assert_eq!(progress(&ran), 2, "{ran:?}");
    assert_eq!(world.honest_requests().len(), 3);
    assert!(took >= Duration::from_secs(4), "{took:?}");
}

#[test]
fn it_is_off_by_default_and_for_every_other_code() {
    for (code, arguments) in [
        (700_213, &[][..]),
        (700_016, &["--retry-propagation", "30s"]),
        (90002, &["--retry-propagation", "30s"]),
    ] {
        let world = World::new();
        world.emulator.always(Some(Fault::Entra(code)));
        let ran = get_token(&world, arguments);
        ran.must_have_failed(4, &[&format!("AADSTS{code}")]);
        assert_eq!(progress(&ran), 0, "{ran:?}");
        assert!(!ran.stderr.contains("--retry-propagation"), "{ran:?}");
        assert_eq!(world.honest_requests().len(), 1, "{code}");
    }
}

#[test]
fn a_timeout_that_would_end_it_early_is_refused_and_the_default_gives_it_room() {
    let world = World::new();
    get_token(&world, &["--retry-propagation", "5m", "--timeout", "60s"])
        .must_have_failed(2, &["--timeout (60 s)", "--retry-propagation (300 s)"]);
    assert_eq!(world.emulator.connections(), 0);

    let mut command = command(&slim(), &world);
    command.args(["inspect", "--output", "json", "--retry-propagation", "5m"]);
    let ran = run_command(&mut command, &world);
    let report: serde_json::Value = serde_json::from_str(&ran.stdout).expect("JSON");
    let grants = &report["grants"];
    assert_eq!(grants["timeout_s"], "360", "{grants}");
    assert_eq!(grants["requests"], 16, "{grants}");
}
