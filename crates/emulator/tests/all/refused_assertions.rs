//! One test per rule for the federated token itself: a token that breaks it
//! alone is refused, and by which error.

use std::time::Duration;

use keyhole_emulator::{Emulator, EmulatorConfig, Federation, Signature};
use serde_json::Value;

use crate::client::{Request, emulator, federation};

const DAY_AND_HOUR: u64 = 25 * 3_600;

fn now() -> i64 {
    let since = std::time::UNIX_EPOCH.elapsed().unwrap();
    i64::try_from(since.as_secs()).unwrap()
}

#[test]
fn another_issuer_is_refused_and_a_missing_slash_makes_another() {
    let emulator = emulator();
    for issuer in [
        emulator.issuer_url().trim_end_matches('/'),
        "https://elsewhere.example/",
    ] {
        let request = Request::with_claims(&emulator, &emulator.claims().issuer(issuer));
        let reply = request.send(&emulator);
        reply.assert_refused(&emulator, 401, "invalid_client", 700_211);
        assert!(
            reply
                .text()
                .contains(&format!("presented assertion issuer '{issuer}'")),
            "{}",
            reply.text()
        );
    }
}

#[test]
fn an_issuer_whose_keys_cannot_be_had_is_an_error_of_its_own() {
    let emulator = emulator();
    let issuer = "https://unreachable.example/".to_owned();
    emulator.register(Federation {
        issuer: issuer.clone(),
        ..federation(&emulator)
    });
    let reply = Request::with_claims(&emulator, &emulator.claims().issuer(&issuer)).send(&emulator);
    reply.assert_refused(&emulator, 400, "invalid_request", 50_166);
}

#[test]
fn another_subject_is_refused() {
    let emulator = emulator();
    let claims = emulator
        .claims()
        .subject("system:serviceaccount:demo:other");
    let reply = Request::with_claims(&emulator, &claims).send(&emulator);
    reply.assert_refused(&emulator, 401, "invalid_client", 700_213);
    assert!(
        reply
            .text()
            .contains("presented assertion subject 'system:serviceaccount:demo:other'")
    );
}

#[test]
fn a_subject_in_another_case_has_a_code_of_its_own() {
    let emulator = emulator();
    let claims = emulator
        .claims()
        .subject("system:serviceaccount:Demo:keyhole");
    let reply = Request::with_claims(&emulator, &claims).send(&emulator);
    reply.assert_refused(&emulator, 401, "invalid_client", 7_002_138);
}

#[test]
fn another_audience_is_refused() {
    let emulator = emulator();
    let claims = emulator.claims().audience("https://kubernetes.default.svc");
    let reply = Request::with_claims(&emulator, &claims).send(&emulator);
    reply.assert_refused(&emulator, 401, "invalid_client", 700_212);
    assert!(
        reply
            .text()
            .contains("presented assertion audience 'https://kubernetes.default.svc'")
    );
}

#[test]
fn a_token_of_which_nothing_matches_gets_the_general_error() {
    let emulator = emulator();
    let claims = emulator
        .claims()
        .issuer("https://a.example/")
        .subject("b")
        .audience("c");
    let reply = Request::with_claims(&emulator, &claims).send(&emulator);
    reply.assert_refused(&emulator, 401, "invalid_client", 70_021);
    for part in [
        "Assertion Issuer: 'https://a.example/'",
        "Assertion Subject: 'b'",
        "Assertion Audience: 'c'",
    ] {
        assert!(reply.text().contains(part), "{}", reply.text());
    }
}

#[test]
fn issuer_and_subject_of_two_credentials_do_not_make_a_third() {
    let emulator = emulator();
    emulator.register(Federation {
        subject: "system:serviceaccount:demo:second".to_owned(),
        audience: "second".to_owned(),
        ..federation(&emulator)
    });
    let claims = emulator
        .claims()
        .subject("system:serviceaccount:demo:second");
    let reply = Request::with_claims(&emulator, &claims).send(&emulator);
    reply.assert_refused(&emulator, 401, "invalid_client", 700_212);
}

#[test]
fn a_signature_that_is_not_the_issuers_is_refused() {
    let emulator = emulator();
    for signature in [
        Signature::Stranger,
        Signature::UnknownKey,
        Signature::Altered,
    ] {
        let reply =
            Request::with_claims(&emulator, &emulator.claims().signed(signature)).send(&emulator);
        reply.assert_refused(&emulator, 401, "invalid_client", 700_027);
    }
}

#[test]
fn a_signature_over_other_claims_is_refused() {
    let emulator = emulator();
    let (one, other) = (
        emulator.federated_token(),
        emulator.issuer().mint(&emulator.claims().set("x", 1)),
    );
    let forged = format!(
        "{}.{}",
        one.rsplit_once('.').unwrap().0,
        other.rsplit_once('.').unwrap().1
    );
    Request::with_token(&emulator, &forged)
        .send(&emulator)
        .assert_refused(&emulator, 401, "invalid_client", 700_027);
}

#[test]
fn algorithms_other_than_rs256_are_refused() {
    let emulator = emulator();
    for signature in [Signature::None, Signature::Hmac] {
        let reply =
            Request::with_claims(&emulator, &emulator.claims().signed(signature)).send(&emulator);
        reply.assert_refused(&emulator, 401, "invalid_client", 700_027);
        assert!(reply.text().contains("not RS256"), "{}", reply.text());
    }
}

#[test]
fn an_expired_token_is_refused_with_its_times() {
    let emulator = emulator();
    let claims = emulator.claims().shifted(-3_600 - 301);
    let reply = Request::with_claims(&emulator, &claims).send(&emulator);
    reply.assert_refused(&emulator, 401, "invalid_client", 700_024);
    assert!(
        reply.text().contains("Current time: ")
            && reply.text().contains("expiry time of assertion "),
        "{}",
        reply.text()
    );
}

#[test]
fn a_token_from_the_future_is_refused() {
    let emulator = emulator();
    let claims = emulator
        .claims()
        .not_before(now() + 400)
        .expires_on(now() + 4_000);
    let reply = Request::with_claims(&emulator, &claims).send(&emulator);
    reply.assert_refused(&emulator, 401, "invalid_client", 700_024);
}

#[test]
fn the_tolerance_for_clocks_can_be_taken_away() {
    let emulator = Emulator::start(EmulatorConfig {
        clock_skew: Duration::ZERO,
        ..EmulatorConfig::default()
    })
    .unwrap();
    let reply = Request::with_claims(&emulator, &emulator.claims().shifted(-3_600)).send(&emulator);
    reply.assert_refused(&emulator, 401, "invalid_client", 700_024);
}

#[test]
fn a_token_that_lives_longer_than_a_day_and_an_hour_is_refused() {
    let emulator = emulator();
    let lifetime = |seconds| emulator.claims().lifetime(Duration::from_secs(seconds));
    assert_eq!(
        Request::with_claims(&emulator, &lifetime(DAY_AND_HOUR))
            .send(&emulator)
            .status,
        200
    );
    let reply = Request::with_claims(&emulator, &lifetime(DAY_AND_HOUR + 1)).send(&emulator);
    reply.assert_refused(&emulator, 401, "invalid_client", 70_023);
}

#[test]
fn a_lifetime_without_start_counts_from_now() {
    let emulator = emulator();
    let claims = emulator
        .claims()
        .lifetime(Duration::from_secs(DAY_AND_HOUR + 60))
        .without("iat")
        .without("nbf");
    let reply = Request::with_claims(&emulator, &claims).send(&emulator);
    reply.assert_refused(&emulator, 401, "invalid_client", 70_023);
}

#[test]
fn what_is_no_jwt_is_refused() {
    let emulator = emulator();
    let good = emulator.federated_token();
    for token in [
        "abc".to_owned(),
        "a.b.c".to_owned(),
        "..".to_owned(),
        format!("{good}\n"),
        format!("\"{good}\""),
        format!("{good}."),
        format!("{good}="),
    ] {
        let reply = Request::with_token(&emulator, &token).send(&emulator);
        reply.assert_refused(&emulator, 400, "invalid_request", 50_027);
    }
}

#[test]
fn a_token_without_a_claim_that_is_needed_or_with_one_of_another_type_is_refused() {
    let emulator = emulator();
    for name in ["iss", "sub", "aud", "exp"] {
        let reply =
            Request::with_claims(&emulator, &emulator.claims().without(name)).send(&emulator);
        reply.assert_refused(&emulator, 400, "invalid_request", 50_027);
    }
    for name in ["iss", "sub", "aud", "exp", "nbf", "iat"] {
        let reply =
            Request::with_claims(&emulator, &emulator.claims().set(name, Value::Bool(true)))
                .send(&emulator);
        reply.assert_refused(&emulator, 400, "invalid_request", 50_027);
    }
}
