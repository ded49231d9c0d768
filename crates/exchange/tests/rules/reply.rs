//! Reading the authority's answers.

use keyhole_exchange::reply::{self, BODY_BYTES, HttpReply, OAuthError, ReplyFault, TokenReply};
use proptest::prelude::*;

use crate::fixture::{NOW, refusal, reply, signature};

fn token(body: &str) -> Result<TokenReply, ReplyFault> {
    reply::token(&reply(200, body), NOW)
}

/// A reply with these fields instead of the usual expiry.
fn with(fields: &str) -> Result<TokenReply, ReplyFault> {
    token(&format!(
        r#"{{"access_token":"t","token_type":"Bearer"{fields}}}"#
    ))
}

#[test]
fn the_observed_reply_is_read() {
    let reply = token(
        r#"{"token_type":"Bearer","expires_in":86399,"ext_expires_in":86399,"access_token":"a.b-c_d","refresh_in":43199,"new":{"x":[1,{"y":null}]}}"#,
    )
    .unwrap();
    assert_eq!(reply.token.expose(), "a.b-c_d");
    assert_eq!(reply.expires_on, NOW + 86_399);
    assert_eq!(reply.refresh_on, Some(NOW + 43_199));
    assert!(!format!("{reply:?}").contains("a.b-c_d"));
}

#[test]
fn an_expiry_is_a_number_or_digits_relative_or_absolute() {
    for (fields, expires_on) in [
        (r#","expires_in":60"#, NOW + 60),
        (r#","expires_in":"60""#, NOW + 60),
        (r#","expires_in":0"#, NOW),
        (r#","expires_on":1795564200"#, 1_795_564_200),
        (r#","expires_on":"1795564200""#, 1_795_564_200),
        (r#","expires_in":60,"expires_on":1"#, NOW + 60),
        (r#","expires_in":null,"expires_on":1"#, 1),
    ] {
        assert_eq!(with(fields).unwrap().expires_on, expires_on, "{fields}");
    }
}

#[test]
fn a_time_that_is_none_is_refused() {
    let time = |key| ReplyFault::Time { key };
    for (fields, fault) in [
        ("", ReplyFault::NoExpiry),
        (r#","expires_in":null"#, ReplyFault::NoExpiry),
        (r#","expires_in":-1"#, time("expires_in")),
        (r#","expires_in":1.5"#, time("expires_in")),
        (r#","expires_in":"-1""#, time("expires_in")),
        (r#","expires_in":"""#, time("expires_in")),
        (r#","expires_in":"1 ""#, time("expires_in")),
        (r#","expires_in":"0x1""#, time("expires_in")),
        (r#","expires_in":true"#, time("expires_in")),
        (r#","expires_in":[60]"#, time("expires_in")),
        (r#","expires_in":18446744073709551615"#, time("expires_in")),
        (r#","expires_in":18446744073709551616"#, time("expires_in")),
        (
            r#","expires_in":"99999999999999999999""#,
            time("expires_in"),
        ),
        (r#","expires_in":253402300799"#, time("expires_in")),
        (r#","expires_on":"2026-11-24""#, time("expires_on")),
        (r#","expires_in":60,"expires_on":-1"#, time("expires_on")),
        (r#","expires_in":60,"refresh_in":-1"#, time("refresh_in")),
    ] {
        assert_eq!(with(fields).unwrap_err(), fault, "{fields}");
    }
}

#[test]
fn a_token_that_no_header_can_carry_is_refused() {
    let body = |token: &str| {
        format!(r#"{{"access_token":{token},"token_type":"Bearer","expires_in":60}}"#)
    };
    for (token_text, fault) in [
        (r#""""#, ReplyFault::NoAccessToken),
        ("7", ReplyFault::NoAccessToken),
        ("null", ReplyFault::NoAccessToken),
        (r#"["t"]"#, ReplyFault::NoAccessToken),
        (r#""a b""#, ReplyFault::AccessTokenCharacter),
        (r#""a\r\nb""#, ReplyFault::AccessTokenCharacter),
        (r#""a\u0000b""#, ReplyFault::AccessTokenCharacter),
        (r#""a\u001bb""#, ReplyFault::AccessTokenCharacter),
        (r#""aéb""#, ReplyFault::AccessTokenCharacter),
    ] {
        assert_eq!(token(&body(token_text)).unwrap_err(), fault, "{token_text}");
    }
    assert_eq!(
        token(r#"{"access_token":"t\u002et","token_type":"bEARER","expires_in":60}"#)
            .unwrap()
            .token
            .expose(),
        "t.t"
    );
}

#[test]
fn only_bearer_tokens_are_taken() {
    for (kind, seen) in [(r#""pop""#, "pop"), ("7", ""), (r#""Bearer ""#, "Bearer ")] {
        let body = format!(r#"{{"access_token":"t","token_type":{kind},"expires_in":60}}"#);
        assert_eq!(
            token(&body).unwrap_err(),
            ReplyFault::TokenType {
                seen: seen.to_owned()
            }
        );
    }
}

#[test]
fn a_body_that_two_readers_read_differently_is_refused() {
    for body in [
        "",
        " ",
        "{",
        "[]",
        "\"eyJ0.access.token\"",
        "null",
        "<html>",
        "{}x",
        "{'a':1}",
        "\u{feff}{}",
        r#"{"access_token":"a","access_token":"b","token_type":"Bearer","expires_in":60}"#,
        r#"{"x":1,"x":1,"access_token":"a","token_type":"Bearer","expires_in":60}"#,
        r#"{"\u0078":1,"x":1,"access_token":"a","token_type":"Bearer","expires_in":60}"#,
    ] {
        match token(body).unwrap_err() {
            ReplyFault::NotJson { seen, .. } => assert_eq!(seen.excerpt, "", "{body}"),
            other => panic!("{body}: {other:?}"),
        }
    }
    let deep = format!(r#"{{"a":{}"#, "[".repeat(100_000));
    assert!(token(&deep).is_err());
    let wide: String = (0..200).map(|n| format!(r#""k{n}":1,"#)).collect();
    assert!(token(&format!(r#"{{{wide}"z":1}}"#)).is_err());
    let large = HttpReply {
        body: vec![b' '; BODY_BYTES + 1].into(),
        ..reply(200, "")
    };
    assert_eq!(reply::token(&large, NOW).unwrap_err(), ReplyFault::TooLarge);
}

#[test]
fn a_refusal_is_read_with_its_ids() {
    let answer = OAuthError::read(
        &refusal(401, "invalid_client", 700_213, "No matching\\r\\nidentity."),
        &[],
    )
    .unwrap();
    assert_eq!(answer.error, "invalid_client");
    assert_eq!(answer.codes, [700_213]);
    assert!(
        answer
            .description
            .starts_with("AADSTS700213: No matching\r\n")
    );
    assert_eq!(
        answer.correlation_id.as_deref(),
        Some("c0ffee00-0000-0000-0000-000000000000")
    );
    assert_eq!(answer.timestamp.as_deref(), Some("2026-11-24 22:50:00Z"));
}

#[test]
fn a_code_is_read_from_the_description_where_there_is_no_other() {
    let answer = OAuthError::read(
        &reply(
            400,
            r#"{"error":"x","error_description":"oh: AADSTS90002: no tenant"}"#,
        ),
        &[],
    )
    .unwrap();
    assert_eq!(answer.codes, [90002]);
    assert_eq!(answer.trace_id, None);
}

#[test]
fn strings_of_a_refusal_are_bounded() {
    let long = "é".repeat(20_000);
    let answer = OAuthError::read(
        &reply(
            400,
            &format!(
                r#"{{"error":"{long}","error_description":"{long}","trace_id":"{long}","claims":"{long}","error_codes":[{}1]}}"#,
                "1,".repeat(1000)
            ),
        ),
        &[],
    )
    .unwrap();
    assert!(answer.error.len() <= 256);
    assert!(answer.description.len() <= 8192 && answer.description.len() > 8180);
    assert!(answer.trace_id.unwrap().len() <= 256);
    assert!(answer.claims.is_none());
    assert_eq!(answer.codes.len(), 16);
}

#[test]
fn an_assertion_that_comes_back_is_redacted() {
    let signature = signature();
    let reflected = &signature[40..100];
    let body = format!(
        r#"{{"error":"x","error_description":"bad {reflected}!","trace_id":"{reflected}"}}"#
    );
    let answer = OAuthError::read(&reply(400, &body), &[&signature]).unwrap();
    assert_eq!(answer.description, "bad [redacted]!");
    assert_eq!(answer.trace_id.as_deref(), Some("[redacted]"));
    let page = format!("<p>{reflected}</p>");
    match OAuthError::read(&reply(400, &page), &[&signature]).unwrap_err() {
        ReplyFault::NotJson { seen, .. } => assert_eq!(seen.excerpt, "<p>[redacted]</p>"),
        other => panic!("{other:?}"),
    }
}

proptest! {
    #[test]
    fn any_body_is_read_or_refused(body in proptest::collection::vec(any::<u8>(), 0..100)) {
        let reply = HttpReply { body: body.into(), ..reply(200, "") };
        let _ = reply::token(&reply, NOW);
        let _ = OAuthError::read(&reply, &["secretsecretsecretsecret"]);
    }

    #[test]
    fn what_looks_like_json_is_too(body in r#"\{("(access_token|expires_in|error|error_codes)":["0-9a-z\[\],{}]{0,8},?){0,4}\}"#) {
        let _ = reply::token(&reply(200, &body), NOW);
        let _ = OAuthError::read(&reply(400, &body), &[]);
    }

    #[test]
    fn a_token_that_is_taken_is_printable(text in "\\PC{1,20}", seconds: i64) {
        let body = format!(
            r#"{{"access_token":{text:?},"token_type":"Bearer","expires_in":{seconds}}}"#
        );
        if let Ok(reply) = token(&body) {
            prop_assert!(reply.token.expose().bytes().all(|b| b.is_ascii_graphic()));
            prop_assert!(reply.expires_on >= NOW);
        }
    }
}
