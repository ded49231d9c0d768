//! What people read when there is no token.

use keyhole_exchange::exchange::{FileFault, FileFaultKind, TransportFaultKind};
use keyhole_exchange::reply::HttpReply;
use keyhole_exchange::settings::variable;
use keyhole_exchange::{Options, Settings, TokenError};

use crate::fixture::{
    Event, NOW, Run, SECOND, exchange, jwt, play, pod, refusal, reply, settings, token, token_of,
    transport,
};

fn text(title: &str, run: &Run) -> String {
    let error = run.error();
    assert!(!error.message().contains('\n'), "{error}");
    format!("{title}\n  {error}\n  {}\n\n", error.next_step())
}

fn one(event: Event) -> Run {
    exchange(Options::default(), vec![event])
}

#[test]
fn every_kind_of_file_fault() {
    let texts: String = [
        FileFaultKind::NotFound,
        FileFaultKind::NotPermitted,
        FileFaultKind::NotAFile,
        FileFaultKind::TooLarge,
        FileFaultKind::NotAToken,
        FileFaultKind::Other,
    ]
    .into_iter()
    .map(|kind| {
        let script = vec![Event::NoFile(FileFault::new(kind, "i\no"))];
        let run = play(settings(), Options::default(), script, 0);
        text(&format!("{kind:?}"), &run)
    })
    .collect();
    insta::assert_snapshot!("file_faults", texts);
}

#[test]
fn every_kind_of_assertion_fault() {
    let year = jwt(&format!(
        r#"{{"iss":"i","sub":"s","aud":"a","iat":{},"exp":{}}}"#,
        NOW - 100,
        NOW + 31_536_000
    ));
    let texts: String = [
        ("empty", "\n".to_owned()),
        ("one word", "secret".to_owned()),
        ("two parts", "a.b".to_owned()),
        ("quoted", format!("\"{}\"", token())),
        ("no json", "abcd.abcd.abcd".to_owned()),
        ("no exp", jwt(r#"{"iss":"i"}"#)),
        ("expired", token_of(NOW - 7200)),
        ("not yet valid", token_of(NOW + 3600)),
        ("a year", year),
    ]
    .into_iter()
    .map(|(title, file)| {
        let run = play(settings(), Options::default(), vec![Event::File(file)], 0);
        text(title, &run)
    })
    .collect();
    insta::assert_snapshot!("assertion_faults", texts);
}

#[test]
fn refusals() {
    let mut texts = String::new();
    for (title, answer) in [
        (
            "subject",
            refusal(
                401,
                "invalid_client",
                700_213,
                "No matching federated identity record found for presented assertion subject.",
            ),
        ),
        (
            "issuer",
            refusal(
                401,
                "invalid_client",
                700_211,
                "No matching federated identity record found for presented assertion issuer.",
            ),
        ),
        (
            "audience",
            refusal(
                400,
                "invalid_request",
                700_212,
                "No matching federated identity record found for presented assertion audience.",
            ),
        ),
        (
            "all three",
            refusal(
                400,
                "invalid_request",
                70021,
                "No matching federated identity record found.",
            ),
        ),
        (
            "application",
            refusal(
                400,
                "unauthorized_client",
                700_016,
                "Application not found.",
            ),
        ),
        (
            "unknown code",
            refusal(400, "invalid_request", 4_242_424, "Something new."),
        ),
        (
            "no code",
            reply(
                403,
                r#"{"error":"access_denied","error_description":"A\r\nproxy says no."}"#,
            ),
        ),
        (
            "two codes",
            reply(
                400,
                r#"{"error":"invalid_client","error_codes":[700213,50166]}"#,
            ),
        ),
    ] {
        texts += &text(title, &one(Event::Reply(answer)));
    }
    insta::assert_snapshot!("refusals", texts);
}

#[test]
fn a_refusal_over_time_names_both_clocks_and_the_offset() {
    let at = |date: &str| {
        let stale = HttpReply {
            date: Some(date.to_owned()),
            ..refusal(
                401,
                "invalid_client",
                700_024,
                "Client assertion is not within its valid time range.",
            )
        };
        exchange(
            Options::default(),
            vec![Event::Reply(stale), Event::File(token())],
        )
    };
    let ahead = at("Tue, 24 Nov 2026 22:30:00 GMT");
    let behind = at("Tue, 24 Nov 2026 23:50:00 GMT");
    let near = at("Tue, 24 Nov 2026 22:51:59 GMT");
    insta::assert_snapshot!(
        "clocks",
        text("ahead", &ahead) + &text("behind", &behind) + &text("near", &near)
    );
    assert!(
        !near.error().message().contains("ahead of") && !near.error().message().contains("behind")
    );
}

#[test]
fn unavailability() {
    let mut texts = String::new();
    for kind in [
        TransportFaultKind::Dns,
        TransportFaultKind::Connect,
        TransportFaultKind::Interrupted,
        TransportFaultKind::Tls,
        TransportFaultKind::Timeout,
        TransportFaultKind::Other,
    ] {
        let count = if kind.is_transient() { 4 } else { 1 };
        let events = (0..count)
            .map(|_| Event::Fault(transport(kind, "what the host said")))
            .collect();
        texts += &text(&format!("{kind:?}"), &exchange(Options::default(), events));
    }
    let deadline = |seconds| Options {
        deadline: Some(seconds * SECOND),
        ..Options::default()
    };
    let throttled = HttpReply {
        retry_after: Some("300".to_owned()),
        ..refusal(429, "temporarily_unavailable", 90055, "Too many requests.")
    };
    texts += &text(
        "throttled, deadline near",
        &exchange(deadline(60), vec![Event::Reply(throttled.clone())]),
    );
    texts += &text("throttled, no deadline", &one(Event::Reply(throttled)));
    let busy = || Event::Reply(reply(503, "<html>busy"));
    texts += &text(
        "busy",
        &exchange(Options::default(), vec![busy(), busy(), busy(), busy()]),
    );
    texts += &text("no time at all", &exchange(deadline(0), vec![]));
    let hang = vec![
        Event::File(token()),
        Event::Fault(transport(TransportFaultKind::Timeout, "")),
    ];
    texts += &text("deadline", &play(settings(), deadline(9), hang, 9 * SECOND));
    insta::assert_snapshot!("unavailable", texts);
}

#[test]
fn answers_that_cannot_be_used() {
    let mut texts = String::new();
    let html = HttpReply {
        content_type: Some("text/html".to_owned()),
        ..reply(403, "<html>\n<title>Blocked by the proxy</title>")
    };
    let bare = HttpReply {
        content_type: None,
        ..reply(200, "access_token=x")
    };
    for (title, answer) in [
        ("html", html),
        ("200 of text", bare),
        ("200 of a list", reply(200, "[1]")),
        ("200 cut off", reply(200, r#"{"access_token":"secret"#)),
        ("redirect", reply(302, "")),
        ("no content", reply(204, "")),
        ("refusal without a code", reply(400, r#"{"message":"no"}"#)),
        ("no token", reply(200, "{}")),
        ("odd token", reply(200, r#"{"access_token":"a\nb"}"#)),
        ("no type", reply(200, r#"{"access_token":"a"}"#)),
        (
            "other type",
            reply(200, r#"{"access_token":"a","token_type":"pop"}"#),
        ),
        (
            "no expiry",
            reply(200, r#"{"access_token":"a","token_type":"Bearer"}"#),
        ),
        (
            "odd expiry",
            reply(
                200,
                r#"{"access_token":"a","token_type":"Bearer","expires_in":-1}"#,
            ),
        ),
        (
            "duplicate",
            reply(200, r#"{"access_token":"a","access_token":"b"}"#),
        ),
        (
            "too large",
            HttpReply {
                body: vec![b' '; 1024 * 1024 + 1].into(),
                ..reply(200, "")
            },
        ),
    ] {
        texts += &text(title, &one(Event::Reply(answer)));
    }
    texts += &text(
        "protocol",
        &one(Event::Fault(transport(
            TransportFaultKind::Protocol,
            "its head is too large",
        ))),
    );
    assert!(!texts.contains("secret"));
    insta::assert_snapshot!("bad_responses", texts);
}

#[test]
fn a_denial_and_a_custom_authority() {
    let custom = Settings::from_env(&pod(&[(
        variable::AUTHORITY_HOST,
        "https://login.example.com:8443/",
    )]))
    .unwrap();
    let denied = vec![
        Event::File(token()),
        Event::Fault(transport(
            TransportFaultKind::Denied,
            "an address is not allowed",
        )),
    ];
    let refused = vec![
        Event::File(token()),
        Event::Reply(refusal(400, "invalid_request", 90002, "no tenant")),
    ];
    let unread = vec![Event::NoFile(FileFault::new(FileFaultKind::NotFound, ""))];
    let play = |script| play(custom.clone(), Options::default(), script, 0);
    insta::assert_snapshot!(
        "denied_and_custom_authority",
        text("denied", &play(denied))
            + &text("refused", &play(refused))
            + &text("file", &play(unread))
    );
}

#[test]
fn texts_are_bounded_whatever_the_authority_says() {
    let long = "é".repeat(3000);
    let body = format!(
        r#"{{"error":"{long}","error_description":"{long}","correlation_id":"{long}","trace_id":"{long}","timestamp":"{long}","error_codes":[70021,700211,700213,700016,90002,50166,90061,501661,7002138,700024,70023,50027,50013,700027,70025,90038]}}"#
    );
    let run = exchange(
        Options::default(),
        vec![Event::Reply(reply(400, &body)), Event::File(token())],
    );
    let error = run.error();
    assert!(matches!(error, TokenError::Refused(_)));
    assert!(error.message().len() <= 4096 && error.message().len() > 1000);
    assert!(error.next_step().len() <= 4096);
}
