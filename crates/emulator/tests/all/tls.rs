//! The authority over TLS: with the emulator's CA, and with certificates that
//! are wrong.

use std::io;

use keyhole_emulator::{BadCertificate, Listener};

use crate::client::{Request, emulator};

#[test]
fn a_request_over_tls_is_answered_as_over_plain_http() {
    let emulator = emulator();
    let url = emulator.https_authority();
    assert!(
        url.starts_with("https://localhost:") && url.ends_with('/'),
        "{url}"
    );
    let reply = Request::in_order(&emulator)
        .send_tls(&url, emulator.ca_file())
        .unwrap();
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(emulator.requests()[0].listener, Listener::Https);
}

#[test]
fn refusals_are_the_same_over_tls() {
    let emulator = emulator();
    let send = |request: Request| {
        request
            .send_tls(&emulator.https_authority(), emulator.ca_file())
            .unwrap()
    };
    send(Request::in_order(&emulator).method("PUT")).assert_refused(
        &emulator,
        405,
        "invalid_request",
        900_561,
    );
    send(Request::with_token(&emulator, "x")).assert_refused(
        &emulator,
        400,
        "invalid_request",
        50_027,
    );
    let claims = emulator.claims().subject("someone");
    send(Request::with_claims(&emulator, &claims)).assert_refused(
        &emulator,
        401,
        "invalid_client",
        700_213,
    );
}

#[test]
fn bad_certificates_are_bad_in_one_way_each_and_nothing_is_sent() {
    let emulator = emulator();
    for (kind, word) in [
        (BadCertificate::Expired, "expired"),
        (BadCertificate::WrongHost, "not valid for name"),
        (BadCertificate::UnknownCa, "UnknownIssuer"),
    ] {
        let sent = Request::in_order(&emulator)
            .send_tls(&emulator.bad_authority(kind), emulator.ca_file());
        let error = sent.expect_err("no client accepts it");
        assert_eq!(
            error.kind(),
            io::ErrorKind::InvalidData,
            "{kind:?}: {error}"
        );
        assert!(error.to_string().contains(word), "{kind:?}: {error}");
    }
    assert_eq!(emulator.requests().len(), 0);
    assert_eq!(emulator.connections(), BadCertificate::ALL.len());
}

#[test]
fn another_emulators_ca_is_not_this_ones() {
    let (one, other) = (emulator(), emulator());
    let error = Request::in_order(&one)
        .send_tls(&one.https_authority(), other.ca_file())
        .unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidData, "{error}");
}

#[test]
fn the_ca_file_goes_with_the_emulator() {
    let emulator = emulator();
    let file = emulator.ca_file().to_owned();
    assert!(file.exists());
    drop(emulator);
    assert!(!file.exists());
}
