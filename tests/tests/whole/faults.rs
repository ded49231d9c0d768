//! Every fault that the authority knows, against `get-token` as users get it.
//!
//! Each must end with its documented exit code and one clear message, within
//! its time and [`MEMORY`], and must never make the program send the federated
//! token anywhere else. That no output holds a secret or a control character is
//! checked in every run of a program.

use keyhole_emulator::{Answer, BadCertificate, Fault, Listener, PRESETS, RecordedRequest};
use keyhole_tests::World;
use keyhole_tests::program::{Ran, run_command, slim, within_memory};
use std::collections::BTreeSet;
use std::process::Command;
use std::time::{Duration, Instant};

/// What the program may map for writing, in MiB.
const MEMORY: u32 = 64;

/// Long enough for the first retries, short enough for a test.
const TIMEOUT: &str = "2s";

/// A program that has not ended by then hangs: its timeout and time enough for
/// a busy machine.
const NO_HANG: Duration = Duration::from_secs(30);

/// A fault by its name, the exit code, and what standard error says.
type Case = (&'static str, i32, &'static [&'static str]);

const DONE: &[Case] = &[
    ("none", 0, &[]),
    ("delay=1", 0, &[]),
    ("interim", 0, &[]),
    ("expires-in-string", 0, &[]),
    ("skewed-date=600", 0, &[]),
    ("skewed-date=-600", 0, &[]),
];

const REFUSED: &[Case] = &[
    (
        "aadsts=700213",
        4,
        &["AADSTS700213", "subject", "correlation id"],
    ),
    ("aadsts=700024", 4, &["AADSTS700024", "correlation id"]),
    ("aadsts=90002", 4, &["AADSTS90002", "tenant"]),
    ("aadsts=53003", 4, &["AADSTS53003", "Conditional Access"]),
    ("aadsts=123456", 4, &["AADSTS123456", "invalid_request"]),
    ("error-escape", 4, &["AADSTS700213", "\\u{1b}[31mred"]),
    ("reflected-assertion", 4, &["AADSTS50027", "[redacted]"]),
];

const UNAVAILABLE: &[Case] = &[
    ("status=408", 5, &["HTTP 408"]),
    ("status=429", 5, &["HTTP 429", "throttle"]),
    ("status=500", 5, &["HTTP 500"]),
    ("status=503", 5, &["HTTP 503"]),
    ("throttled=1", 5, &["HTTP 429", "wait 1 s"]),
    ("throttled=3600", 5, &["HTTP 429", "60 min", "1 s"]),
    ("throttled-date=3600", 5, &["HTTP 503", "60 min"]),
    ("aadsts=90055", 5, &["AADSTS90055", "throttle"]),
    ("hang", 5, &["nothing came in time"]),
    ("endless-head", 5, &["nothing came in time"]),
    ("reset", 5, &["connection"]),
    (
        "truncated",
        5,
        &["the connection ended before the answer did"],
    ),
    (
        "bad-chunks",
        5,
        &["the connection ended before the answer did"],
    ),
    ("not-http", 5, &["the connection ended", "no HTTP"]),
    ("html-503", 5, &["HTTP 503"]),
];

const UNUSABLE: &[Case] = &[
    ("status=200", 6, &["HTTP 200"]),
    ("status=204", 6, &["HTTP 204"]),
    ("status=400", 6, &["HTTP 400"]),
    ("status=404", 6, &["HTTP 404"]),
    (
        "redirect=301",
        6,
        &["HTTP 301", "redirect", "none is followed"],
    ),
    ("redirect=302", 6, &["HTTP 302", "redirect"]),
    ("redirect=307", 6, &["HTTP 307", "redirect"]),
    ("redirect=308", 6, &["HTTP 308", "redirect"]),
    ("huge-head", 6, &["head is too large"]),
    ("huge-body", 6, &["body is too large"]),
    ("huge-body-chunked", 6, &["body is too large"]),
    ("gzip-bomb", 6, &["gzip"]),
    ("not-json", 6, &["not JSON", "text/html"]),
    ("deep-json", 6, &["JSON"]),
    ("invalid-utf-8", 6, &["not JSON"]),
    ("token-huge", 6, &["longer than 65536 bytes"]),
    ("token-crlf", 6, &["printable ASCII"]),
    ("token-nul", 6, &["printable ASCII"]),
    ("token-escape", 6, &["printable ASCII"]),
    ("wrong-token-type", 6, &["\"pop\""]),
    ("expires-in-negative", 6, &["expires_in"]),
    ("expires-in-overflow", 6, &["expires_in"]),
    ("expires-in-missing", 6, &["expires_in"]),
    ("duplicate-keys", 6, &["twice"]),
];

fn get_token(world: &World, change: impl Fn(&mut Command)) -> Ran {
    let mut command = within_memory(MEMORY, &slim(), world);
    command.args(["get-token", "--log-level", "trace"]);
    change(&mut command);
    let start = Instant::now();
    let ran = run_command(&mut command, world);
    let took = start.elapsed();
    assert!(took < NO_HANG, "it took {took:?}: {ran:?}");
    ran
}

/// One result, or one message that says what failed and what to do next.
fn must_be_clear(ran: &Ran, code: i32, said: &[&str]) {
    if code != 0 {
        return ran.must_have_failed(code, said);
    }
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(ran.stdout.lines().count(), 1, "{ran:?}");
    assert!(!ran.stderr.contains("error: "), "{ran:?}");
}

fn must_end_as_documented(cases: &[Case]) {
    std::thread::scope(|scope| {
        let cases: Vec<_> = cases
            .iter()
            .map(|case| (case.0, scope.spawn(|| must_end(case))))
            .collect();
        let failed: Vec<_> = cases
            .into_iter()
            .filter_map(|(name, case)| case.join().is_err().then_some(name))
            .collect();
        assert!(failed.is_empty(), "see above: {failed:?}");
    });
}

fn must_end((name, code, said): &Case) {
    let world = World::new();
    world.emulator.always(Some(name.parse().expect(name)));
    println!("{name}");
    let ran = get_token(&world, |command| {
        command.args(["--timeout", TIMEOUT]);
    });
    must_be_clear(&ran, *code, said);
    let requests = world.honest_requests();
    assert!(!requests.is_empty(), "{name}: a request comes");
    let over_tls = |request: &RecordedRequest| request.listener == Listener::Https;
    assert!(requests.iter().all(over_tls), "{name}: {requests:?}");
    if *code != 5 {
        assert_eq!(requests.len(), 1, "{name}: nothing is tried again");
    }
}

#[test]
fn what_is_an_answer_is_taken() {
    must_end_as_documented(DONE);
}

#[test]
fn what_is_a_refusal_exits_4() {
    must_end_as_documented(REFUSED);
}

#[test]
fn what_is_no_answer_exits_5() {
    must_end_as_documented(UNAVAILABLE);
}

#[test]
fn what_is_no_usable_answer_exits_6() {
    must_end_as_documented(UNUSABLE);
}

#[test]
fn an_answer_that_drips_in_is_taken_if_it_is_whole_in_time() {
    let world = World::new();
    world
        .emulator
        .always(Some("slow-drip".parse().expect("a fault")));
    must_be_clear(&get_token(&world, |_| {}), 0, &[]);
    let in_less = get_token(&world, |command| {
        command.args(["--timeout", TIMEOUT]);
    });
    must_be_clear(&in_less, 5, &["nothing came in time"]);
}

#[test]
fn a_fault_that_passes_is_survived() {
    for fault in [
        "status=503",
        "reset",
        "truncated",
        "throttled=1",
        "bad-chunks",
    ] {
        let world = World::new();
        world.emulator.queue(fault.parse().expect(fault));
        must_be_clear(&get_token(&world, |_| {}), 0, &[]);
        assert_eq!(world.honest_requests().len(), 2, "{fault}");
    }
}

#[test]
fn a_connection_that_is_not_trusted_carries_no_request() {
    for (kind, said) in [
        (BadCertificate::Expired, "expired"),
        (BadCertificate::WrongHost, "name"),
        (BadCertificate::UnknownCa, "UnknownIssuer"),
    ] {
        let world = World::new();
        let ran = get_token(&world, |command| {
            command
                .args(["--timeout", TIMEOUT])
                .env("AZURE_AUTHORITY_HOST", world.emulator.bad_authority(kind));
        });
        must_be_clear(&ran, 5, &["certificate", said]);
        assert!(world.emulator.connections() > 0, "{kind:?}: it was tried");
        assert!(world.emulator.requests().is_empty(), "{kind:?}");
    }
}

/// Each byte of the body in a chunk of its own is a piece of its own to keep.
#[test]
fn an_answer_in_chunks_of_one_byte_is_not_kept_in_pieces() {
    let world = World::new();
    let mut answer = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\
        transfer-encoding: chunked\r\n\r\n"
        .to_vec();
    answer.extend(b"1\r\na\r\n".repeat((1 << 20) - 1));
    answer.extend(b"0\r\n\r\n");
    world.emulator.always(Some(Fault::Raw(answer)));
    let mut command = within_memory(MEMORY / 2, &slim(), &world);
    let ran = run_command(command.arg("get-token"), &world);
    must_be_clear(&ran, 6, &["not JSON"]);
}

/// What it sends is not all that an authority can reflect the assertion in.
#[test]
fn a_head_that_reflects_the_assertion_shows_nothing_of_it() {
    let world = World::new();
    let log = world.folder().join("audit.jsonl");
    let token = world.federated_token();
    let signature = token.trim().rsplit('.').next().expect("a part");
    for encoding in [&signature[..60], "identity"] {
        let answer = Answer::json_text(200, "{}").header("content-encoding", encoding);
        let answer = answer.header("content-encoding", &signature[60..120]);
        world.emulator.always(Some(Fault::Answer(answer)));
        let ran = get_token(&world, |command| {
            command.arg("--audit").arg(&log);
        });
        must_be_clear(&ran, 6, &["content-encoding", "[redacted]"]);
        let log = std::fs::read_to_string(&log).expect("the audit log");
        for secret in world.secrets() {
            secret.must_not_be_in("the audit log", &log);
        }
    }
}

#[test]
fn the_limit_on_memory_is_one() {
    let world = World::new();
    let mut command = within_memory(2, &slim(), &world);
    command.arg("get-token");
    let ran = run_command(&mut command, &world);
    assert_ne!(ran.code, Some(0), "2 MiB are not enough: {ran:?}");
}

#[test]
fn every_fault_that_the_authority_knows_stands_in_a_table() {
    let bare = |name: &'static str| name.split(['=', '[']).next().unwrap_or_default();
    let known: BTreeSet<_> = PRESETS.iter().map(|(name, _)| bare(name)).collect();
    let mut tried: BTreeSet<_> = [DONE, REFUSED, UNAVAILABLE, UNUSABLE]
        .into_iter()
        .flatten()
        .map(|(name, ..)| bare(name))
        .collect();
    tried.insert(
        Fault::SlowDrip {
            bytes: 1,
            pause: Duration::ZERO,
        }
        .name()
        .leak(),
    );
    assert_eq!(tried, known);
}
