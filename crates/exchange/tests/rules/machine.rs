//! The exchange from its start to its end, with a scripted shell.

use keyhole_exchange::error::TokenError;
use keyhole_exchange::exchange::{CLAIMS_BYTES, FileFault, FileFaultKind, TransportFaultKind};
use keyhole_exchange::form;
use keyhole_exchange::reply::HttpReply;
use keyhole_exchange::scope::Scope;
use keyhole_exchange::secret::Secret;
use keyhole_exchange::{Exchange, Input, Inspect, Now, Options, Step};
use proptest::prelude::*;
use zeroize::Zeroizing;

use crate::fixture::{
    CLIENT, Deed, Event, NOW, SECOND, TENANT, exchange, granted, jwt, play, refusal, reply,
    settings, signature, token, token_of, transport,
};

#[test]
fn a_good_token_is_exchanged_with_one_request() {
    let run = exchange(Options::default(), vec![Event::Reply(granted())]);
    assert_eq!(run.deeds, [Deed::Read, Deed::Sent]);
    let answer = run.result.unwrap();
    assert_eq!(answer.token.expose(), "eyJ0.access.token");
    assert_eq!(answer.token_type, "Bearer");
    assert_eq!(answer.expires_on, NOW + 86_399);
    assert_eq!(answer.requests, 1);
    assert_eq!(answer.assertion.expires_on, Some(NOW + 3000));

    let request = &run.requests[0];
    assert_eq!(request.method, "POST");
    assert_eq!(request.scheme.as_str(), "https");
    assert_eq!(request.authority, "login.microsoftonline.com");
    assert_eq!(request.path, format!("/{TENANT}/oauth2/v2.0/token"));
    assert_eq!(
        request.headers,
        [
            ("content-type", "application/x-www-form-urlencoded"),
            ("accept", "application/json"),
            ("user-agent", concat!("keyhole/", env!("CARGO_PKG_VERSION"))),
        ]
    );
    assert_eq!(
        *request.body,
        *form::encode(
            CLIENT,
            "6dae42f8-4368-4678-94ff-3960e28e3630/.default",
            &token(),
            None
        )
    );
    assert!(!format!("{request:?} {:?}", Step::Send(request.clone())).contains("client_assertion"));
}

#[test]
fn a_request_may_have_a_scope_and_claims_of_its_own() {
    let options = Options {
        scope: Some(Scope::parse("other/.default").unwrap()),
        claims: Some(Secret::new("{}".to_owned())),
        ..Options::default()
    };
    let run = exchange(options, vec![Event::Reply(granted())]);
    assert_eq!(
        *run.requests[0].body,
        *form::encode(CLIENT, "other/.default", &token(), Some("{}"))
    );
    assert_eq!(run.result.unwrap().scope.as_str(), "other/.default");
}

#[test]
fn claims_that_are_too_long_end_it_before_the_file_is_read() {
    let options = Options {
        claims: Some(Secret::new("x".repeat(CLAIMS_BYTES + 1))),
        ..Options::default()
    };
    let run = play(settings(), options, vec![], 0);
    assert!(matches!(run.error(), TokenError::Configuration(_)));
}

#[test]
fn a_token_that_would_be_refused_is_not_sent() {
    for text in [
        String::new(),
        "not a token".to_owned(),
        jwt("{}"),
        token_of(NOW - 4000),
        token_of(NOW + 301),
    ] {
        let run = play(settings(), Options::default(), vec![Event::File(text)], 0);
        assert!(matches!(run.error(), TokenError::Assertion(_)));
        assert_eq!(run.deeds, [Deed::Read]);
    }
}

#[test]
fn its_times_are_not_looked_at_if_so_asked() {
    let options = || Options {
        skip_assertion_checks: true,
        ..Options::default()
    };
    let script = vec![Event::File(token_of(NOW - 4000)), Event::Reply(granted())];
    assert!(play(settings(), options(), script, 0).result.is_ok());
    let script = vec![Event::File("not a token".to_owned())];
    let run = play(settings(), options(), script, 0);
    assert!(matches!(run.error(), TokenError::Assertion(_)));
}

#[test]
fn a_file_that_cannot_be_read_ends_it() {
    let fault = FileFault::new(FileFaultKind::NotFound, "no-entry");
    let script = vec![Event::NoFile(fault.clone())];
    let run = play(settings(), Options::default(), script, 0);
    match run.error() {
        TokenError::TokenFile(error) => {
            assert_eq!(error.fault, fault);
            assert_eq!(error.path, "/keyhole/federated-token");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_inspection_reads_and_judges_and_sends_nothing() {
    let now = Now {
        unix_seconds: NOW,
        monotonic_nanos: 0,
    };
    let judge = |text: String| {
        let inspect = Inspect::new(settings());
        assert_eq!(inspect.path(), "/keyhole/federated-token");
        inspect.finish(now, Ok(Zeroizing::new(text.into_bytes())))
    };
    assert_eq!(judge(token()).unwrap().expires_on, Some(NOW + 3000));
    assert!(matches!(judge(token_of(0)), Err(TokenError::Assertion(_))));
}

#[test]
fn an_input_that_nobody_asked_for_changes_nothing() {
    let now = Now {
        unix_seconds: NOW,
        monotonic_nanos: 0,
    };
    let (mut exchange, _) = Exchange::start(settings(), Options::default(), now);
    let wrong = exchange.step(now, Input::Time).unwrap_err();
    assert_eq!(
        wrong.to_string(),
        "the exchange waits for the file, not for time"
    );
    let wrong = exchange.step(now, Input::Reply(Ok(granted()))).unwrap_err();
    assert_eq!(wrong.given, "a reply");
    let file = Input::File(Ok(Zeroizing::new(token().into_bytes())));
    assert!(matches!(exchange.step(now, file), Ok(Step::Send(_))));
    let done = exchange.step(now, Input::Reply(Ok(granted())));
    assert!(matches!(done, Ok(Step::Done(Ok(_)))));
    let wrong = exchange.step(now, Input::Time).unwrap_err();
    assert_eq!(wrong.expected, "nothing");
}

#[test]
fn neither_the_machine_nor_its_steps_show_a_secret() {
    let claims = "{\"nonce\":\"0123456789abcdef0123456789abcdef\"}";
    let options = Options {
        claims: Some(Secret::new(claims.to_owned())),
        ..Options::default()
    };
    let now = Now::default();
    let (mut exchange, _) = Exchange::start(
        settings(),
        Options {
            skip_assertion_checks: true,
            ..options
        },
        now,
    );
    let file = Input::File(Ok(Zeroizing::new(token().into_bytes())));
    let step = exchange.step(now, file).unwrap();
    let shown = format!("{exchange:?} {step:?}");
    assert!(!shown.contains(&signature()[..24]));
    assert!(!shown.contains("0123456789abcdef"));
    let reflected = format!(
        r#"{{"error":"x","error_description":"{} and {}","claims":"keep"}}"#,
        token(),
        "0123456789abcdef0123456789abcdef"
    );
    let step = exchange
        .step(now, Input::Reply(Ok(reply(400, &reflected))))
        .unwrap();
    let Step::Done(Err(error)) = step else {
        panic!("{step:?}");
    };
    let shown = format!("{error:?} {error} {}", error.next_step());
    assert!(!shown.contains(&signature()[..24]), "{shown}");
    assert!(!shown.contains("0123456789abcdef"), "{shown}");
    assert!(!shown.contains("keep"), "{shown}");
    assert!(shown.contains("[redacted]"), "{shown}");
}

/// One thing that can happen to the shell.
fn any_event() -> impl Strategy<Value = u8> {
    0_u8..14
}

fn happen(event: u8) -> Input {
    match event {
        0 => Input::Time,
        1 => Input::File(Ok(Zeroizing::new(token().into_bytes()))),
        2 => Input::File(Ok(Zeroizing::new(token_of(NOW).into_bytes()))),
        3 => Input::File(Ok(Zeroizing::new(Vec::new()))),
        4 => Input::File(Err(FileFault::new(FileFaultKind::Other, "x"))),
        5 => Input::Reply(Ok(granted())),
        6 => Input::Reply(Ok(reply(503, ""))),
        7 => Input::Reply(Ok(refusal(400, "x", 700_024, "x"))),
        8 => Input::Reply(Ok(refusal(400, "x", 70021, "x"))),
        9 => Input::Reply(Ok(HttpReply {
            retry_after: Some("5".to_owned()),
            date: Some("Tue, 24 Nov 2026 22:50:00 GMT".to_owned()),
            ..reply(429, "")
        })),
        10 => Input::Reply(Err(transport(TransportFaultKind::Timeout, ""))),
        11 => Input::Reply(Err(transport(TransportFaultKind::Connect, ""))),
        12 => Input::Reply(Ok(reply(500, "x"))),
        _ => Input::Reply(Ok(refusal(400, "temporarily_unavailable", 90033, "x"))),
    }
}

proptest! {
    #[test]
    fn any_events_end_or_are_refused_within_the_granted_requests(
        events in proptest::collection::vec((any_event(), 0_u64..40), 0..60),
        deadline in proptest::option::of(0_u64..200),
        retry_propagation in prop_oneof![Just(0), Just(600 * SECOND)],
    ) {
        let options = Options {
            deadline: deadline.map(|seconds| seconds * SECOND),
            retry_propagation,
            ..Options::default()
        };
        let mut now = Now { unix_seconds: NOW, monotonic_nanos: 0 };
        let (mut exchange, step) = Exchange::start(settings(), options, now);
        let mut sent = u32::from(matches!(step, Step::Send(_)));
        for (event, seconds) in events {
            now.monotonic_nanos += seconds * SECOND;
            match exchange.step(now, happen(event)) {
                Ok(Step::Send(_)) => {
                    sent += 1;
                    let late = deadline.is_some_and(|end| now.monotonic_nanos >= end * SECOND);
                    prop_assert!(!late);
                }
                Ok(Step::WaitUntil(until)) => {
                    prop_assert!(until > now.monotonic_nanos);
                    prop_assert!(deadline.is_none_or(|end| until < end * SECOND));
                }
                Ok(Step::Done(Err(error))) => {
                    prop_assert!(!error.message().contains('\n'));
                    prop_assert!(error.message().len() <= 4096);
                }
                Ok(_) | Err(_) => {}
            }
        }
        prop_assert!(sent <= keyhole_exchange::retry::max_requests(retry_propagation));
    }
}
