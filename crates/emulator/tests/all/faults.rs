//! Each fault as it is on the wire.

use std::io::{ErrorKind, Read};
use std::time::{Duration, Instant, SystemTime};

use flate2::read::GzDecoder;
use keyhole_emulator::{Answer, Emulator, Fault, Framing, RetryAfter, Verdict};
use serde_json::json;

use crate::client::{PATIENCE, Reply, Request, emulator};

/// The answer to a request in order that meets a fault.
fn meet(fault: Fault) -> Reply {
    let emulator = emulator();
    emulator.queue(fault);
    Request::in_order(&emulator).send(&emulator)
}

fn preset(name: &str) -> Reply {
    meet(name.parse().unwrap())
}

fn date(reply: &Reply) -> SystemTime {
    httpdate::parse_http_date(reply.header("date").unwrap()).unwrap()
}

fn seconds_ahead(time: SystemTime) -> i64 {
    let seconds = |time: SystemTime| {
        i64::try_from(
            time.duration_since(SystemTime::UNIX_EPOCH)
                .unwrap()
                .as_secs(),
        )
        .unwrap()
    };
    seconds(time) - seconds(SystemTime::now())
}

#[test]
fn each_request_takes_one_fault_of_the_queue_and_then_the_one_that_stays() {
    let emulator = emulator();
    emulator.queue(Fault::status(500));
    emulator.queue(Fault::None);
    emulator.always(Some(Fault::status(503)));
    let status = |emulator: &Emulator| Request::in_order(emulator).send(emulator).status;
    let seen: Vec<_> = (0..4).map(|_| status(&emulator)).collect();
    assert_eq!(seen, [500, 200, 503, 503]);
    emulator.always(None);
    assert_eq!(status(&emulator), 200);
    let faults: Vec<_> = emulator
        .requests()
        .into_iter()
        .map(|request| request.fault)
        .collect();
    let name = |text: &str| Some(text.to_owned());
    assert_eq!(
        faults,
        [
            name("status=500"),
            None,
            name("status=503"),
            name("status=503"),
            None
        ]
    );
}

#[test]
fn a_request_that_is_no_token_request_takes_no_fault() {
    let emulator = emulator();
    emulator.queue(Fault::status(500));
    assert_eq!(
        Request::get("/common/discovery/instance")
            .send(&emulator)
            .status,
        200
    );
    assert_eq!(Request::in_order(&emulator).send(&emulator).status, 500);
}

#[test]
fn a_request_is_judged_and_recorded_whatever_fault_it_meets() {
    let emulator = emulator();
    emulator.always(Some(Fault::status(200)));
    Request::in_order(&emulator).send(&emulator);
    Request::with_token(&emulator, "x").send(&emulator);
    let verdicts: Vec<_> = emulator
        .requests()
        .into_iter()
        .map(|request| request.verdict)
        .collect();
    assert_eq!(verdicts, [Verdict::Granted, Verdict::Refused(50_027)]);
}

#[test]
fn any_status_headers_and_body_can_be_sent() {
    let reply = meet(Fault::Answer(
        Answer::text(418, "text/x", "short").header("x-a", "b"),
    ));
    assert_eq!(
        (
            reply.status,
            reply.header("content-type"),
            reply.header("x-a")
        ),
        (418, Some("text/x"), Some("b"))
    );
    assert_eq!(reply.text(), "short");
}

#[test]
fn headers_hyper_would_not_send_are_sent_all_the_same() {
    let reply = meet(Fault::Answer(
        Answer::text(200, "text/plain", "x").header("x-a", "b\r\nx-injected: yes"),
    ));
    assert_eq!(reply.header("x-injected"), Some("yes"));
}

#[test]
fn retry_after_is_seconds_a_date_or_any_text() {
    assert_eq!(preset("throttled=7").header("retry-after"), Some("7"));
    assert_eq!(preset("throttled=7").status, 429);
    let reply = preset("throttled-date=120");
    assert_eq!(reply.status, 503);
    let ahead =
        seconds_ahead(httpdate::parse_http_date(reply.header("retry-after").unwrap()).unwrap());
    assert!((60..=121).contains(&ahead), "{ahead}");
    let odd = Fault::Throttled {
        status: 500,
        retry_after: RetryAfter::Text("soon".to_owned()),
    };
    assert_eq!(meet(odd).header("retry-after"), Some("soon"));
}

#[test]
fn an_entra_error_comes_by_its_number() {
    for (code, status, error) in [
        (70_021, 401, "invalid_client"),
        (700_024, 401, "invalid_client"),
        (50_166, 400, "invalid_request"),
        (53_003, 400, "invalid_grant"),
        (90_055, 429, "temporarily_unavailable"),
        (123_456, 400, "invalid_request"),
    ] {
        let reply = preset(&format!("aadsts={code}"));
        let body = reply.json();
        assert_eq!(
            (reply.status, &body["error"], &body["error_codes"]),
            (status, &json!(error), &json!([code])),
            "{body}"
        );
        assert!(
            body["error_description"]
                .as_str()
                .unwrap()
                .starts_with(&format!("AADSTS{code}: ")),
            "{body}"
        );
        assert_eq!(body["claims"].is_string(), code == 53_003, "{body}");
    }
}

#[test]
fn an_errors_text_can_hold_terminal_escapes() {
    let text = preset("error-escape").json()["error_description"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(
        text.contains('\u{1b}') && text.contains('\u{9b}') && text.contains("<script>"),
        "{text:?}"
    );
}

#[test]
fn an_error_can_repeat_the_assertion() {
    let emulator = emulator();
    emulator.queue(Fault::ReflectAssertion);
    let token = emulator.federated_token();
    let reply = Request::with_token(&emulator, &token).send(&emulator);
    assert_eq!(reply.status, 400);
    assert!(
        reply.json()["error_description"]
            .as_str()
            .unwrap()
            .contains(&token)
    );
}

#[test]
fn an_access_token_can_hold_what_no_header_may() {
    for (name, text) in [
        ("token-crlf", "\r\n"),
        ("token-nul", "\0"),
        ("token-escape", "\u{1b}"),
    ] {
        let reply = preset(name);
        assert_eq!(reply.status, 200);
        assert!(
            reply.json()["access_token"]
                .as_str()
                .unwrap()
                .contains(text),
            "{name}"
        );
    }
}

#[test]
fn a_fault_of_the_success_answer_leaves_a_refusal_alone() {
    let emulator = emulator();
    emulator.queue(Fault::access_token("x"));
    let reply = Request::with_token(&emulator, "x").send(&emulator);
    reply.assert_refused(&emulator, 400, "invalid_request", 50_027);
}

#[test]
fn token_type_and_expires_in_come_wrong() {
    assert_eq!(preset("wrong-token-type").json()["token_type"], "pop");
    assert_eq!(preset("expires-in-string").json()["expires_in"], "86399");
    assert_eq!(preset("expires-in-negative").json()["expires_in"], -1);
    assert!(
        preset("expires-in-overflow")
            .text()
            .contains(r#""expires_in":18446744073709551616"#)
    );
    assert!(
        preset("expires-in-missing")
            .json()
            .get("expires_in")
            .is_none()
    );
    assert!(
        meet(Fault::without("access_token"))
            .json()
            .get("access_token")
            .is_none()
    );
}

#[test]
fn a_member_can_come_twice() {
    let text = preset("duplicate-keys").text();
    assert_eq!(text.matches(r#""access_token":"#).count(), 2, "{text}");
}

#[test]
fn a_success_can_be_no_json_and_a_failure_a_page() {
    let reply = preset("not-json");
    assert_eq!(
        (reply.status, reply.header("content-type")),
        (200, Some("text/html"))
    );
    assert!(serde_json::from_slice::<serde_json::Value>(&reply.body).is_err());
    let reply = preset("html-503");
    assert_eq!(
        (reply.status, reply.header("content-type")),
        (503, Some("text/html"))
    );
}

#[test]
fn a_redirection_names_another_host() {
    for status in [301, 302, 307, 308] {
        let reply = preset(&format!("redirect={status}"));
        assert_eq!(
            (reply.status, reply.header("location")),
            (status, Some("https://elsewhere.invalid/"))
        );
    }
}

#[test]
fn the_date_can_be_off_on_an_answer_that_is_right() {
    for (seconds, range) in [(600, 500..700), (-600, -700..-500)] {
        let reply = meet(Fault::SkewedDate { seconds });
        assert_eq!(reply.status, 200);
        let ahead = seconds_ahead(date(&reply));
        assert!(range.contains(&ahead), "{ahead}");
        assert_eq!(
            reply.head.to_lowercase().matches("\r\ndate: ").count(),
            1,
            "{}",
            reply.head
        );
    }
}

#[test]
fn a_delay_comes_before_the_answer_or_before_another_fault() {
    let wait = Duration::from_millis(60);
    for (fault, status) in [
        (Fault::delay(wait), 200),
        (Fault::status(503).after(wait), 503),
    ] {
        let emulator = emulator();
        emulator.queue(fault);
        let start = Instant::now();
        let reply = Request::in_order(&emulator).send(&emulator);
        assert_eq!(reply.status, status, "{}", reply.text());
        assert!(start.elapsed() >= wait, "{:?}", start.elapsed());
    }
}

#[test]
fn a_delay_keeps_a_changed_success_answer() {
    let reply = meet(Fault::access_token("x").after(Duration::from_millis(1)));
    assert_eq!(reply.json()["access_token"], "x");
}

#[test]
fn a_slow_drip_is_the_honest_answer_in_the_end() {
    let start = Instant::now();
    let reply = meet(Fault::SlowDrip {
        bytes: 200,
        pause: Duration::from_millis(5),
    });
    assert_eq!(reply.json()["token_type"], "Bearer");
    let pieces = u32::try_from(reply.body.len() / 200).unwrap();
    assert!(
        start.elapsed() >= pieces * Duration::from_millis(5),
        "{:?}",
        start.elapsed()
    );
}

#[test]
fn a_hang_sends_nothing_and_ends_with_the_client_or_the_emulator() {
    let emulator = emulator();
    emulator.always(Some(Fault::Hang));
    let gone = Request::in_order(&emulator).open(&emulator);
    assert!(emulator.wait_for_requests(1, PATIENCE));
    drop(gone);
    let mut waiting = Request::in_order(&emulator).open(&emulator);
    assert!(emulator.wait_for_requests(2, PATIENCE));
    waiting
        .set_read_timeout(Some(Duration::from_millis(30)))
        .unwrap();
    let mut byte = [0];
    let error = waiting.read(&mut byte).unwrap_err();
    assert!(
        matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut),
        "{error}"
    );
    waiting.set_read_timeout(Some(PATIENCE)).unwrap();
    drop(emulator);
    assert!(!matches!(waiting.read(&mut byte), Ok(1..)));
}

#[test]
fn a_reset_is_a_reset() {
    let emulator = emulator();
    emulator.queue(Fault::Reset);
    let error = Request::in_order(&emulator).raw(&emulator).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
}

#[test]
fn a_reset_over_tls_is_a_reset_too() {
    let emulator = emulator();
    emulator.queue(Fault::Reset);
    let sent =
        Request::in_order(&emulator).send_tls(&emulator.https_authority(), emulator.ca_file());
    assert_eq!(sent.unwrap_err().kind(), ErrorKind::ConnectionReset);
}

#[test]
fn a_truncated_answer_is_shorter_than_it_says() {
    let reply = meet(Fault::Truncated { missing: 20 });
    let length: usize = reply.header("content-length").unwrap().parse().unwrap();
    assert_eq!(reply.body.len() + 20, length);
}

#[test]
fn a_huge_head_is_huge() {
    let reply = preset("huge-head");
    assert!(reply.head.len() > 128 << 10, "{}", reply.head.len());
    assert_eq!(reply.json()["token_type"], "Bearer");
}

#[test]
fn a_huge_body_is_huge_by_length_and_in_chunks() {
    let bytes = 2 << 20;
    let reply = meet(Fault::HugeBody {
        bytes,
        framing: Framing::ContentLength,
    });
    assert_eq!(
        reply.header("content-length"),
        Some(bytes.to_string().as_str())
    );
    assert_eq!(reply.body.len(), bytes);
    assert!(reply.json()["access_token"].as_str().unwrap().len() > 1 << 20);
    let reply = meet(Fault::HugeBody {
        bytes,
        framing: Framing::Chunked,
    });
    assert_eq!(
        (
            reply.header("transfer-encoding"),
            reply.header("content-length")
        ),
        (Some("chunked"), None)
    );
    assert!(
        reply.body.len() > bytes && reply.body.ends_with(b"\r\n0\r\n\r\n"),
        "{}",
        reply.body.len()
    );
}

#[test]
fn a_gzip_bomb_is_small_until_it_is_unpacked() {
    let unpacked = 16 << 20;
    let reply = meet(Fault::GzipBomb { unpacked });
    assert_eq!(reply.header("content-encoding"), Some("gzip"));
    assert!(reply.body.len() < unpacked / 100, "{}", reply.body.len());
    let bytes = std::io::copy(&mut GzDecoder::new(&reply.body[..]), &mut std::io::sink()).unwrap();
    assert_eq!(bytes, u64::try_from(unpacked).unwrap());
}

#[test]
fn bytes_that_are_no_answer_are_sent_as_they_are() {
    let emulator = emulator();
    emulator.queue("not-http".parse().unwrap());
    let bytes = Request::in_order(&emulator).raw(&emulator).unwrap();
    assert!(bytes.starts_with(b"SSH-2.0-"), "{bytes:?}");
}

#[test]
fn a_head_that_never_ends_goes_on_until_the_client_goes() {
    let emulator = emulator();
    emulator.always(Some(Fault::EndlessHead {
        pause: Duration::ZERO,
    }));
    let mut waiting = Request::in_order(&emulator).open(&emulator);
    let mut head = vec![0; 100_000];
    waiting.read_exact(&mut head).unwrap();
    assert!(!head.windows(4).any(|bytes| bytes == b"\r\n\r\n"));
}

#[test]
fn interim_answers_come_before_the_honest_one() {
    let emulator = emulator();
    emulator.queue(Fault::Interim { count: 3 });
    let bytes = Request::in_order(&emulator).raw(&emulator).unwrap();
    let text = String::from_utf8(bytes).unwrap();
    assert_eq!(text.matches("HTTP/1.1 102 ").count(), 3, "{text}");
    assert_eq!(text.matches("HTTP/1.1 200 ").count(), 1, "{text}");
}

#[test]
fn the_access_tokens_of_the_answers_are_remembered() {
    let emulator = emulator();
    let token = Request::in_order(&emulator).send(&emulator).json()["access_token"].clone();
    emulator.queue(Fault::access_token("chosen"));
    Request::in_order(&emulator).send(&emulator);
    Request::with_token(&emulator, "x").send(&emulator);
    assert_eq!(
        emulator.access_tokens(),
        [token.as_str().unwrap(), "chosen"]
    );
}
