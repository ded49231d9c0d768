//! When the exchange tries again, for how long, and when it gives up.

use keyhole_exchange::error::{GaveUp, TokenError, UnavailableCause, UnavailableError};
use keyhole_exchange::exchange::{FileFault, FileFaultKind, TransportFaultKind};
use keyhole_exchange::reply::HttpReply;
use keyhole_exchange::retry::{MAX_RETRIES, PROPAGATION_CODES};
use keyhole_exchange::{Exchange, Input, Now, Options, Step};
use zeroize::Zeroizing;

use crate::fixture::{
    Deed, Event, NOW, SECOND, exchange, granted, play, refusal, reply, settings, token, token_of,
    transport,
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
    // Waits of 2, 4 and 8 seconds, each times 0.8 to 1.3, fit; of 16 more there
    // is a part, so that the last try is at the end of the time.
    let run = exchange(options(20), (0..5).map(|_| answer()).collect());
    assert_eq!(run.waits().len(), 4);
    assert_eq!(run.waits().iter().sum::<u64>(), 20 * SECOND);
    assert!(matches!(run.error(), TokenError::Refused(error) if error.requests == 5));

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
