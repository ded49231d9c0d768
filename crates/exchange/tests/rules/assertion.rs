//! The federated token: reading, facts, checks.

use keyhole_exchange::assertion::{
    AssertionFacts, AssertionFault, FederatedToken, MAX_BYTES, Malformed, check, is_compact_jws,
    signature_of,
};
use proptest::prelude::*;

use crate::fixture::{AUDIENCE, ISSUER, NOW, SUBJECT, base64url, jwt, signature, token};

fn read(text: &str) -> Result<FederatedToken, AssertionFault> {
    FederatedToken::from_file(text.as_bytes())
}

#[test]
fn a_token_says_who_it_is() {
    let text = token();
    let token = read(&format!("{text}\r\n \t\n")).unwrap();
    assert_eq!(token.expose(), text);
    assert_eq!(token.signature(), signature());
    assert_eq!(
        signature_of(format!("{text}\n").as_bytes()),
        Some(signature().as_str())
    );
    assert_eq!(
        *token.facts(),
        AssertionFacts {
            issuer: Some(ISSUER.to_owned()),
            subject: Some(SUBJECT.to_owned()),
            audiences: vec![AUDIENCE.to_owned()],
            issued_at: Some(NOW - 600),
            not_before: Some(NOW - 600),
            expires_on: Some(NOW + 3000),
            size: text.len() as u32,
        }
    );
    assert!(!format!("{token:?}").contains(&signature()[..24]));
}

#[test]
fn facts_of_the_wrong_type_are_absent_and_long_ones_are_cut() {
    let long = "i".repeat(1000);
    let facts = read(&jwt(&format!(
        r#"{{"iss":"{long}","sub":7,"aud":"one","iat":"now","nbf":1.9,"exp":1e300}}"#
    )))
    .unwrap()
    .facts()
    .clone();
    assert_eq!(facts.issuer.unwrap().len(), 256);
    assert_eq!(facts.subject, None);
    assert_eq!(facts.audiences, ["one"]);
    assert_eq!(facts.issued_at, None);
    assert_eq!(facts.not_before, Some(1));
    assert_eq!(facts.expires_on, None);
}

#[test]
fn what_is_no_jwt_is_refused() {
    let (header, payload) = (base64url(r#"{"alg":"RS256"}"#), base64url("{}"));
    for empty in ["", "\n", " \r\n\t"] {
        assert_eq!(read(empty).unwrap_err(), AssertionFault::Empty);
    }
    let malformed = |text: &str| match read(text) {
        Err(AssertionFault::Malformed(why)) => why,
        other => panic!("{text}: {other:?}"),
    };
    assert_eq!(malformed("secret"), Malformed::Parts { count: 1 });
    assert_eq!(malformed("a.b.c.d"), Malformed::Parts { count: 4 });
    assert_eq!(
        malformed(&format!("\"{header}.{payload}.c2ln\"")),
        Malformed::NotBase64Url { part: 1 }
    );
    assert_eq!(
        malformed(&format!(" {header}.{payload}.c2ln")),
        Malformed::NotBase64Url { part: 1 }
    );
    assert_eq!(
        malformed(&format!("{header}.{payload}=.c2ln")),
        Malformed::NotBase64Url { part: 2 }
    );
    assert_eq!(
        malformed(&format!("{header}.{payload}.")),
        Malformed::NotBase64Url { part: 3 }
    );
    assert!(matches!(
        malformed(&format!("{payload}.{}.c2ln", base64url("[]"))),
        Malformed::Payload(_)
    ));
    assert!(matches!(
        malformed(&format!("{}.{payload}.c2ln", base64url("x"))),
        Malformed::Header(_)
    ));
    assert!(matches!(
        malformed(&jwt(r#"{"sub":"a","sub":"b"}"#)),
        Malformed::Payload(_)
    ));
    assert_eq!(
        malformed(&"x".repeat(MAX_BYTES + 1)),
        Malformed::TooLong {
            size: MAX_BYTES + 1
        }
    );
    assert_eq!(
        FederatedToken::from_file(b"\xff.\xfe.\xfd").unwrap_err(),
        AssertionFault::Malformed(Malformed::NotBase64Url { part: 1 })
    );
}

#[test]
fn three_base64url_parts_are_told_without_decoding() {
    assert!(is_compact_jws(b"abcd.ef.gh\n"));
    for other in [
        "",
        "abcd",
        "ab.cd",
        "ab.cd.ef.gh",
        "ab..ef",
        "ab.cd.",
        "a.cd.ef",
        "ab.c+.ef",
        "ab.cd=.ef",
        " ab.cd.ef",
        "root:x:0:0:root:/root:/bin/bash",
    ] {
        assert!(!is_compact_jws(other.as_bytes()), "{other}");
    }
}

fn facts(
    issued_at: Option<i64>,
    not_before: Option<i64>,
    expires_on: Option<i64>,
) -> AssertionFacts {
    AssertionFacts {
        issued_at,
        not_before,
        expires_on,
        ..AssertionFacts::default()
    }
}

#[test]
fn times_are_judged_with_five_minutes_of_grace_on_both_ends() {
    let valid = |now| check(&facts(Some(1000), Some(1000), Some(4600)), now);
    assert_eq!(valid(700), Ok(()));
    assert_eq!(
        valid(699),
        Err(AssertionFault::NotYetValid {
            not_before: 1000,
            now: 699
        })
    );
    assert_eq!(valid(4899), Ok(()));
    assert_eq!(
        valid(4900),
        Err(AssertionFault::Expired {
            expires_on: 4600,
            now: 4900
        })
    );
    assert_eq!(
        check(&facts(None, None, None), 0),
        Err(AssertionFault::NoExpiry)
    );
    assert_eq!(check(&facts(None, None, Some(10)), 0), Ok(()));
}

#[test]
fn a_lifetime_of_twenty_five_hours_is_the_longest() {
    let day = 25 * 3600;
    assert_eq!(check(&facts(Some(0), None, Some(day)), 10), Ok(()));
    for too_long in [
        facts(Some(0), None, Some(day + 1)),
        facts(None, Some(0), Some(day + 1)),
    ] {
        assert_eq!(
            check(&too_long, 10),
            Err(AssertionFault::LifetimeTooLong { lifetime: 90_001 })
        );
    }
    assert!(matches!(
        check(&facts(None, None, Some(i64::MAX)), i64::MIN),
        Err(AssertionFault::LifetimeTooLong { .. })
    ));
}

proptest! {
    #[test]
    fn any_file_is_a_token_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        if FederatedToken::from_file(&bytes).is_ok() {
            prop_assert!(is_compact_jws(&bytes));
        }
    }

    #[test]
    fn any_payload_is_read_or_refused(payload in ".{0,80}") {
        let _ = FederatedToken::from_file(jwt(&payload).as_bytes());
    }

    #[test]
    fn any_times_are_judged(iat: Option<i64>, nbf: Option<i64>, exp: Option<i64>, now: i64) {
        let verdict = check(&facts(iat, nbf, exp), now);
        if let Err(fault) = verdict {
            prop_assert!(!fault.to_string().is_empty());
        }
    }
}
