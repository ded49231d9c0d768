//! The exchange from its start to its end, with a scripted shell.

use keyhole_exchange::error::{GaveUp, TokenError, UnavailableCause, UnavailableError};
use keyhole_exchange::exchange::{CLAIMS_BYTES, FileFault, FileFaultKind, TransportFaultKind};
use keyhole_exchange::form;
use keyhole_exchange::reply::HttpReply;
use keyhole_exchange::retry::{MAX_RETRIES, PROPAGATION_CODES};
use keyhole_exchange::scope::Scope;
use keyhole_exchange::secret::Secret;
use keyhole_exchange::{Exchange, Input, Inspect, Now, Options, Step};
use proptest::prelude::*;
use zeroize::Zeroizing;

use crate::fixture::{
    CLIENT, Deed, Event, NOW, SECOND, TENANT, exchange, granted, jwt, play, refusal, reply,
    settings, signature, token, token_of, transport,
};

fn unavailable(error: &TokenError) -> &UnavailableError {
    match error {
        TokenError::Unavailable(error) => error,
        other => panic!("{other:?}"),
    }
}

fn busy(status: u16, retry_after: Option<&str>) -> Event {
    Event::Reply(HttpReply {
        retry_after: retry_after.map(str::to_owned),
        ..reply(status, "busy")
    })
}

fn within(seconds: u64) -> Options {
    Options {
        deadline: Some(seconds * SECOND),
        ..Options::default()
    }
}

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
fn transient_faults_are_tried_again_three_times_with_growing_waits() {
    let faults = [
        TransportFaultKind::Dns,
        TransportFaultKind::Connect,
        TransportFaultKind::Interrupted,
        TransportFaultKind::Timeout,
        TransportFaultKind::Other,
    ];
    for kind in faults {
        let again = || Event::Fault(transport(kind, ""));
        let run = exchange(Options::default(), vec![again(), again(), again(), again()]);
        let error = unavailable(run.error());
        assert_eq!(error.gave_up, GaveUp::Retries, "{kind:?}");
        assert_eq!(error.requests, 1 + MAX_RETRIES);
        let expected = match kind {
            TransportFaultKind::Timeout => UnavailableCause::Timeout,
            _ => UnavailableCause::Transport,
        };
        assert_eq!(error.cause, expected);
        let waits = run.waits();
        assert_eq!(waits.len(), 3);
        for (index, wait) in waits.into_iter().enumerate() {
            let base = 800_000_000 << index;
            assert!((base / 10 * 8..base / 10 * 13).contains(&wait), "{wait}");
        }
    }
    for status in [408, 429, 500, 502, 503, 504, 599] {
        let run = exchange(
            Options::default(),
            vec![
                busy(status, None),
                busy(status, None),
                Event::Reply(granted()),
            ],
        );
        assert_eq!(run.result.unwrap().requests, 3, "{status}");
    }
}

#[test]
fn temporarily_unavailable_is_tried_again_whatever_its_status() {
    let answer = refusal(400, "temporarily_unavailable", 90033, "later");
    let run = exchange(
        Options::default(),
        vec![Event::Reply(answer), Event::Reply(granted())],
    );
    assert_eq!(run.result.unwrap().requests, 2);
}

#[test]
fn what_will_not_change_is_not_tried_again() {
    for status in [400, 401, 403, 404, 410] {
        let run = exchange(
            Options::default(),
            vec![Event::Reply(refusal(
                status,
                "invalid_client",
                7_000_218,
                "no",
            ))],
        );
        assert!(matches!(run.error(), TokenError::Refused(_)), "{status}");
    }
    let run = exchange(
        Options::default(),
        vec![Event::Fault(transport(TransportFaultKind::Tls, "expired"))],
    );
    assert_eq!(unavailable(run.error()).gave_up, GaveUp::Permanent);
    let run = exchange(
        Options::default(),
        vec![Event::Fault(transport(TransportFaultKind::Denied, "rule"))],
    );
    assert!(matches!(run.error(), TokenError::Denied(_)));
    for answer in [
        reply(302, ""),
        reply(204, ""),
        reply(101, ""),
        reply(200, "{}"),
        reply(404, "<html>"),
        reply(400, "{}"),
        reply(0, ""),
    ] {
        let status = answer.status;
        let run = exchange(Options::default(), vec![Event::Reply(answer)]);
        match run.error() {
            TokenError::BadResponse(error) => assert_eq!(error.status, status),
            other => panic!("{status}: {other:?}"),
        }
    }
}

#[test]
fn retry_after_is_waited_for() {
    let dated = HttpReply {
        retry_after: Some("Tue, 24 Nov 2026 22:50:42 GMT".to_owned()),
        date: Some("Tue, 24 Nov 2026 22:50:02 GMT".to_owned()),
        ..reply(503, "")
    };
    let run = exchange(
        within(300),
        vec![
            busy(429, Some("7")),
            Event::Reply(dated),
            Event::Reply(granted()),
        ],
    );
    assert_eq!(run.waits(), [7 * SECOND, 40 * SECOND]);
    assert!(run.result.is_ok());
}

#[test]
fn a_retry_after_beyond_the_deadline_fails_at_once_and_is_named() {
    let run = exchange(within(60), vec![busy(429, Some("60"))]);
    assert!(run.waits().is_empty());
    let error = unavailable(run.error());
    assert_eq!(error.cause, UnavailableCause::Throttled);
    assert_eq!(error.retry_after, Some(60));
    assert_eq!(
        error.gave_up,
        GaveUp::DeadlineTooNear { wait: 60, left: 60 }
    );
    assert_eq!(
        exchange(
            within(61),
            vec![busy(429, Some("60")), Event::Reply(granted())]
        )
        .waits(),
        [60 * SECOND]
    );
}

#[test]
fn without_a_deadline_a_minute_is_the_longest_wait() {
    let run = exchange(
        Options::default(),
        vec![
            busy(503, Some("60")),
            busy(503, Some("18446744073709551615")),
        ],
    );
    assert_eq!(run.waits(), [60 * SECOND]);
    assert!(matches!(
        unavailable(run.error()).gave_up,
        GaveUp::WaitTooLong { .. }
    ));
}

#[test]
fn a_deadline_that_passes_during_a_request_ends_it() {
    let script = vec![
        Event::File(token()),
        Event::Fault(transport(TransportFaultKind::Timeout, "")),
    ];
    let run = play(settings(), within(10), script, 10 * SECOND);
    let error = unavailable(run.error());
    assert_eq!(error.cause, UnavailableCause::Timeout);
    assert_eq!(error.gave_up, GaveUp::Deadline);
    assert_eq!(error.requests, 1);
}

#[test]
fn an_answer_that_comes_late_is_an_answer() {
    let script = vec![Event::File(token()), Event::Reply(granted())];
    assert!(
        play(settings(), within(10), script, 11 * SECOND)
            .result
            .is_ok()
    );
}

#[test]
fn a_deadline_of_nothing_sends_nothing() {
    let run = exchange(within(0), vec![]);
    assert_eq!(run.deeds, [Deed::Read]);
    let error = unavailable(run.error());
    assert_eq!(error.cause, UnavailableCause::Timeout);
    assert_eq!(error.requests, 0);
}

#[test]
fn a_wait_that_ends_early_goes_on() {
    let start = Now {
        unix_seconds: NOW,
        monotonic_nanos: 0,
    };
    let (mut exchange, _) = Exchange::start(settings(), Options::default(), start);
    let file = Input::File(Ok(Zeroizing::new(token().into_bytes())));
    exchange.step(start, file).unwrap();
    let busy = Input::Reply(Ok(reply(503, "")));
    let Ok(Step::WaitUntil(until)) = exchange.step(start, busy) else {
        panic!("no wait");
    };
    let early = Now {
        monotonic_nanos: until - 1,
        ..start
    };
    assert!(matches!(
        exchange.step(early, Input::Time),
        Ok(Step::WaitUntil(same)) if same == until
    ));
    let due = Now {
        monotonic_nanos: until,
        ..start
    };
    assert!(matches!(exchange.step(due, Input::Time), Ok(Step::Send(_))));
}

#[test]
fn a_stale_token_is_read_again_and_sent_if_it_changed() {
    let stale = || {
        Event::Reply(refusal(
            401,
            "invalid_client",
            700_024,
            "not within its valid time",
        ))
    };
    let run = exchange(
        Options::default(),
        vec![stale(), Event::File(token_of(NOW)), Event::Reply(granted())],
    );
    assert_eq!(run.deeds, [Deed::Read, Deed::Sent, Deed::Read, Deed::Sent]);
    assert_eq!(run.result.unwrap().assertion.issued_at, Some(NOW));

    let same = exchange(
        Options::default(),
        vec![stale(), Event::File(token() + "\n")],
    );
    assert!(matches!(same.error(), TokenError::Refused(error) if error.requests == 1));

    let gone = FileFault::new(FileFaultKind::NotFound, "");
    for second in [
        Event::NoFile(gone),
        Event::File("half".to_owned()),
        Event::File(token_of(0)),
    ] {
        let run = exchange(Options::default(), vec![stale(), second]);
        assert!(matches!(run.error(), TokenError::Refused(_)));
    }

    let twice = exchange(
        Options::default(),
        vec![stale(), Event::File(token_of(NOW)), stale()],
    );
    assert!(matches!(twice.error(), TokenError::Refused(error) if error.requests == 2));
}

#[test]
fn a_new_credential_is_waited_for_only_if_asked() {
    for code in PROPAGATION_CODES {
        let answer = || Event::Reply(refusal(401, "invalid_client", code, "no match"));
        let run = exchange(Options::default(), vec![answer()]);
        assert!(matches!(run.error(), TokenError::Refused(_)));

        let options = Options {
            retry_propagation: 20 * SECOND,
            ..Options::default()
        };
        let run = exchange(options, vec![answer(), answer(), Event::Reply(granted())]);
        assert_eq!(run.result.unwrap().requests, 3, "{code}");
    }
}

#[test]
fn a_new_credential_is_waited_for_no_longer_than_asked() {
    let answer = || Event::Reply(refusal(400, "invalid_request", 70021, "no match"));
    let options = |seconds| Options {
        retry_propagation: seconds * SECOND,
        ..Options::default()
    };
    // Waits of 2, 4 and 8 seconds, each times 0.8 to 1.3, fit; 16 more do not.
    let run = exchange(options(20), vec![answer(), answer(), answer(), answer()]);
    assert_eq!(run.waits().len(), 3);
    assert!(run.waits().iter().sum::<u64>() <= 20 * SECOND);
    assert!(matches!(run.error(), TokenError::Refused(error) if error.requests == 4));

    let all = exchange(options(3600), (0..11).map(|_| answer()).collect());
    assert!(matches!(all.error(), TokenError::Refused(error) if error.requests == 11));

    let deadline = Options {
        deadline: Some(5 * SECOND),
        ..options(3600)
    };
    let run = exchange(deadline, vec![answer(), answer()]);
    assert_eq!(run.waits().len(), 1);
    assert!(matches!(run.error(), TokenError::Refused(_)));
}

#[test]
fn a_code_that_no_credential_explains_is_not_waited_for() {
    let options = Options {
        retry_propagation: 60 * SECOND,
        ..Options::default()
    };
    let run = exchange(
        options,
        vec![Event::Reply(refusal(
            400,
            "unauthorized_client",
            700_016,
            "no app",
        ))],
    );
    assert!(matches!(run.error(), TokenError::Refused(_)));
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
