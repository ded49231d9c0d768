//! What happens when the authority or the federated token is not in order.

use keyhole_emulator::{EmulatorConfig, Fault, Verdict};
use keyhole_tests::envoy::{Envoy, Pod, wait_until};
use std::fs;
use std::time::{Duration, Instant};

use super::{VARIANTS, short_lived};

/// An answer must be a 503 that says when to come back, with a Status.
fn must_be_unavailable(envoy: &Envoy, part: &str) {
    let answer = envoy.get("/version");
    assert_eq!(answer.status, 503, "{answer:?}\n{}", envoy.log());
    let seconds: Option<u64> = answer
        .header("retry-after")
        .and_then(|value| value.parse().ok());
    assert!(
        seconds.is_some_and(|seconds| (1..=60).contains(&seconds)),
        "{answer:?}"
    );
    let status: serde_json::Value = serde_json::from_str(&answer.body).expect("JSON");
    assert_eq!(status["kind"], "Status", "{status}");
    assert_eq!(status["code"], 503, "{status}");
    let message = status["message"].as_str().expect("a message");
    assert!(message.contains(part), "{message:?} without {part:?}");
}

fn wait_for_200(envoy: &Envoy) {
    wait_until(|| envoy.get("/version").status == 200, || envoy.log());
}

#[test]
fn requests_before_the_first_token_wait_for_it() {
    for flags in VARIANTS {
        let Some(pod) = Pod::new(flags) else { return };
        pod.world
            .emulator
            .queue(Fault::delay(Duration::from_secs(1)));
        let envoy = pod.start();
        let start = Instant::now();
        let answer = envoy.get("/version");
        assert_eq!(answer.status, 200, "{answer:?}\n{}", envoy.log());
        assert!(
            start.elapsed() < Duration::from_secs(2),
            "{:?}",
            start.elapsed()
        );
        assert_eq!(pod.exchanges(), 1);
    }
}

#[test]
fn requests_wait_no_longer_than_they_are_told_to() {
    let Some(mut pod) = Pod::new(&[]) else { return };
    pod.edit("\"wait_ms\": 2000", "\"wait_ms\": 300");
    pod.world.emulator.queue(Fault::Hang);
    let envoy = pod.start();
    let start = Instant::now();
    must_be_unavailable(&envoy, "no access token yet");
    let waited = start.elapsed();
    assert!(waited >= Duration::from_millis(300), "{waited:?}");
    assert!(waited < Duration::from_secs(2), "{waited:?}");
    assert!(
        pod.arrived().is_empty(),
        "a request without a token: {:?}",
        pod.arrived()
    );
}

#[test]
fn an_authority_that_is_down_or_throttles_is_asked_again() {
    for (fault, part) in [
        (Fault::Reset, "unavailable"),
        (Fault::throttled(1), "unavailable"),
        (Fault::status(500), "unavailable"),
        (Fault::html_unavailable(), "unavailable"),
        (Fault::not_json(), "cannot be used"),
        (Fault::Truncated { missing: 20 }, "unavailable"),
        ("huge-body".parse().expect("a fault"), "unavailable"),
        ("huge-head".parse().expect("a fault"), "unavailable"),
        ("redirect".parse().expect("a fault"), "cannot be used"),
        ("token-crlf".parse().expect("a fault"), "cannot be used"),
        ("token-huge".parse().expect("a fault"), "no access token"),
        ("gzip-bomb".parse().expect("a fault"), "no access token"),
        ("deep-json".parse().expect("a fault"), "no access token"),
        ("invalid-utf-8".parse().expect("a fault"), "no access token"),
        (
            "expires-in-missing".parse().expect("a fault"),
            "no access token",
        ),
        (
            "wrong-token-type".parse().expect("a fault"),
            "no access token",
        ),
        (
            "duplicate-keys".parse().expect("a fault"),
            "no access token",
        ),
        ("reflected-assertion".parse().expect("a fault"), "refused"),
    ] {
        let Some(mut pod) = Pod::new(&[]) else { return };
        pod.edit("\"wait_ms\": 2000", "\"wait_ms\": 0");
        let name = fault.name();
        pod.world.emulator.always(Some(fault));
        let envoy = pod.start();
        envoy.wait_for_log("no access token for");
        wait_until(
            || envoy.get("/version").body.contains(part),
            || format!("{name}: {:?}\n{}", envoy.get("/version"), envoy.log()),
        );
        must_be_unavailable(&envoy, part);
        pod.must_hold_no_secret(&envoy);
        pod.world.emulator.always(None);
        wait_for_200(&envoy);
        let honest = pod.arrived();
        assert!(
            honest
                .iter()
                .all(|request| request.verdict == Verdict::Authenticated),
            "{name}: {honest:?}"
        );
        pod.must_hold_no_secret(&envoy);
    }
}

#[test]
fn a_refusal_is_logged_with_its_code_and_what_helps() {
    let Some(mut pod) = Pod::new(&[]) else { return };
    pod.edit("\"wait_ms\": 2000", "\"wait_ms\": 0");
    pod.world.emulator.always(Some(Fault::Entra(700_213)));
    let envoy = pod.start();
    envoy.wait_for_log("AADSTS700213, ");
    wait_until(
        || envoy.get("/version").body.contains("AADSTS700213"),
        || envoy.log(),
    );
    must_be_unavailable(&envoy, "refused by the authority, AADSTS700213");
    assert!(
        envoy.log().contains("federated credential"),
        "{}",
        envoy.log()
    );
}

#[test]
fn a_token_outlives_an_authority_that_goes_down_and_no_longer() {
    let Some(pod) = Pod::with(short_lived(), &[]) else {
        return;
    };
    let envoy = pod.start();
    assert_eq!(envoy.get("/version").status, 200, "{}", envoy.log());
    pod.world.emulator.always(Some(Fault::Reset));
    envoy.wait_for_log("no access token for");
    assert_eq!(envoy.get("/version").status, 200, "{}", envoy.log());
    wait_until(|| envoy.get("/version").status == 503, || envoy.log());
    must_be_unavailable(&envoy, "unavailable");
    pod.world.emulator.always(None);
    wait_for_200(&envoy);
    for request in pod.arrived() {
        assert_eq!(request.verdict, Verdict::Authenticated, "{request}");
    }
}

#[test]
fn when_the_singleton_has_died_requests_end_with_the_token_and_never_carry_a_stale_one() {
    let config = EmulatorConfig {
        access_token_lifetime: Duration::from_secs(16),
        ..EmulatorConfig::default()
    };
    let Some(mut pod) = Pod::with(config, &[]) else {
        return;
    };
    pod.edit(
        "\"cluster\": \"egress\"",
        "\"cluster\": \"egress\", \"test_only_die_after\": 1",
    );
    let mut envoy = pod.start();
    assert_eq!(envoy.get("/version").status, 200, "{}", envoy.log());
    envoy.wait_for_log("the exchange ends here");
    wait_until(|| envoy.get("/version").status == 503, || envoy.log());
    // The API server's token would still have been good for ten seconds.
    for request in pod.arrived() {
        assert_eq!(request.verdict, Verdict::Authenticated, "{request}");
    }
    let arrived = pod.arrived().len();
    let answer = envoy.get("/version");
    assert_eq!(answer.status, 503, "{answer:?}");
    assert_eq!(pod.arrived().len(), arrived, "it went on");
    assert!(envoy.runs() && pod.exchanges() == 1);
}

#[test]
fn a_federated_token_that_is_none_is_named_and_a_good_one_is_taken_up() {
    for (flags, content, part) in [
        (VARIANTS[0], String::new(), "AADSTS"),
        (VARIANTS[0], "garbage".to_owned(), "AADSTS50027"),
        (VARIANTS[0], "x".repeat(100_000), "AADSTS50027"),
        (VARIANTS[1], String::new(), "federated token"),
        (VARIANTS[1], "garbage".to_owned(), "federated token"),
    ] {
        let Some(mut pod) = Pod::new(flags) else {
            return;
        };
        pod.edit("\"wait_ms\": 2000", "\"wait_ms\": 0");
        let good = pod.world.federated_token();
        pod.world.volume.rotate(&content).expect("kubelet rotates");
        let envoy = pod.start();
        envoy.wait_for_log("no access token for");
        wait_until(
            || envoy.get("/version").body.contains(part),
            || format!("{content:.9}: {:?}\n{}", envoy.get("/version"), envoy.log()),
        );
        must_be_unavailable(&envoy, part);
        pod.world.volume.rotate(&good).expect("kubelet rotates");
        wait_for_200(&envoy);
        pod.must_hold_no_secret(&envoy);
    }
}

#[test]
fn a_missing_federated_token_stops_envoy_at_its_start() {
    for flags in VARIANTS {
        let Some(pod) = Pod::new(flags) else { return };
        fs::remove_dir_all(pod.world.volume.directory()).expect("the mount goes");
        let log = match pod.try_start() {
            Err(log) => log,
            Ok(_) => panic!("Envoy has started"),
        };
        assert!(log.contains("mount"), "the file is not named:\n{log}");
    }
}

#[test]
fn a_federated_token_that_is_taken_away_ends_with_the_token_and_comes_back() {
    let Some(pod) = Pod::with(short_lived(), &[]) else {
        return;
    };
    let envoy = pod.start();
    assert_eq!(envoy.get("/version").status, 200, "{}", envoy.log());
    let before = pod.exchanges();
    let token = pod.world.token_file();
    std::fs::remove_file(&token).expect("the token file");
    // Envoy keeps what it has read, or the exchange fails: no request goes on
    // with anything but a good token either way.
    wait_until(
        || pod.exchanges() > before || envoy.get("/version").status == 503,
        || envoy.log(),
    );
    std::fs::write(&token, pod.world.emulator.federated_token()).expect("the token file");
    wait_for_200(&envoy);
    let now = pod.exchanges();
    wait_until(|| pod.exchanges() > now, || envoy.log());
    for request in pod.arrived() {
        assert_eq!(request.verdict, Verdict::Authenticated, "{request}");
    }
}
