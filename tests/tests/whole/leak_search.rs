//! The search for secrets finds what it looks for.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use keyhole_tests::leaks::Secret;

const TOKEN: &str =
    "eyJhbGciOiJSUzI1NiIsImtpZCI6IjEifQ.eyJzdWIiOiJhIn0.c2lnbmF0dXJlLW9mLXRoZS10b2tlbg_-x";

#[test]
fn a_secret_is_found_in_every_form() {
    let secret = Secret::new("token", TOKEN);
    let percent: String = TOKEN.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let json: String = TOKEN
        .bytes()
        .map(|byte| format!("\\u00{byte:02x}"))
        .collect();
    for (form, text) in [
        ("plain", format!("token={TOKEN}&")),
        ("plain", format!("…{}…", &TOKEN[20..44])),
        ("percent-encoded", percent),
        ("JSON-escaped", json),
        ("base64", STANDARD.encode(format!("x{TOKEN}"))),
        ("base64", STANDARD.encode(format!("xy{TOKEN}"))),
        ("base64", STANDARD.encode(format!("xyz{TOKEN}\u{7f}~~~"))),
    ] {
        assert_eq!(secret.find(text.as_bytes()), Some(form), "{text}");
    }
    // Where the two alphabets differ.
    let text = URL_SAFE.encode("~~~???>>>~~~???>>>~~~???>>>~~~");
    let secret = Secret::new("token", "~~~???>>>~~~???>>>~~~???>>>~~~");
    assert_eq!(secret.find(text.as_bytes()), Some("base64url"));
}

#[test]
fn a_short_piece_is_no_leak() {
    let secret = Secret::new("token", TOKEN);
    assert_eq!(secret.find(&TOKEN.as_bytes()[..23]), None);
    assert_eq!(secret.find(b""), None);
}

#[test]
fn of_a_signature_header_and_payload_are_no_part() {
    let secret = Secret::signature("token", TOKEN);
    let (rest, signature) = TOKEN.rsplit_once('.').expect("three parts");
    assert_eq!(secret.find(rest.as_bytes()), None);
    assert_eq!(secret.find(signature.as_bytes()), Some("plain"));
}
