//! What the API server has for proxies to be tried, its faults, and what it
//! keeps of requests.

use std::io::{Read, Write};
use std::time::Duration;

use keyhole_emulator::{Gate, ServerFault};
use ring::digest::{SHA256, digest};
use serde_json::json;

use crate::api_server::Cluster;
use crate::client::{PATIENCE, Reply, Request};

fn upload(body: Vec<u8>) -> Request {
    Request::get("/test/upload").method("POST").body(body)
}

/// The bytes of a chunked body.
fn unchunked(mut body: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let end = body.windows(2).position(|two| two == b"\r\n").unwrap();
        let size = std::str::from_utf8(&body[..end]).unwrap();
        let size = usize::from_str_radix(size, 16).unwrap();
        if size == 0 {
            return bytes;
        }
        bytes.extend_from_slice(&body[end + 2..end + 2 + size]);
        body = &body[end + 4 + size..];
    }
}

#[test]
fn an_upload_is_answered_with_its_length_and_digest() {
    let cluster = Cluster::new();
    for length in [0, 1, 10_000_000] {
        let body = vec![7; length];
        let hash = digest(&SHA256, &body);
        let hex: String = hash.as_ref().iter().map(|b| format!("{b:02x}")).collect();
        let expected = json!({ "bytes": length, "sha256": hex, "trailers": null });
        assert_eq!(cluster.in_order(upload(body)).json(), expected);
    }
}

#[test]
fn a_download_has_the_bytes_that_were_asked_for() {
    let cluster = Cluster::new();
    let expected: Vec<u8> = (0..200_000_u32).map(|at| (at % 251) as u8).collect();
    let path = "/test/download?bytes=200000";
    let reply = cluster.in_order(Request::get(path));
    assert_eq!(reply.header("content-length"), Some("200000"));
    assert!(reply.body == expected);
    let reply = cluster.in_order(Request::get(&format!("{path}&chunked=true")));
    assert_eq!(reply.header("content-length"), None);
    assert!(unchunked(&reply.body) == expected);
    assert_eq!(cluster.in_order(Request::get("/test/download")).status, 400);
}

#[test]
fn trailers_come_and_go() {
    let cluster = Cluster::new();
    let reply = cluster.in_order(Request::get("/test/trailers"));
    assert_eq!(reply.header("trailer"), Some("x-checksum"));
    assert_eq!(
        reply.text(),
        "5\r\nhello\r\n0\r\nx-checksum: of-hello\r\n\r\n"
    );

    let mut stream = cluster.connect();
    let token = cluster.token(&cluster.emulator.access_token_claims());
    let request = format!(
        "POST /test/upload HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\n\
         connection: close\r\ntransfer-encoding: chunked\r\ntrailer: x-end\r\n\r\n\
         3\r\nabc\r\n0\r\nx-end: yes\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    let answer = Reply::parse(bytes).json();
    assert_eq!(answer["trailers"], json!([["x-end", "yes"]]), "{answer}");
}

#[test]
fn a_head_is_shown_as_it_came_but_for_the_token() {
    let cluster = Cluster::new();
    let reply = cluster.in_order(Request::get("/test/head?a=b%2Fc").header("x-one", "1"));
    let shown = reply.json();
    assert_eq!(shown["method"], "GET");
    assert_eq!(shown["target"], "/test/head?a=b%2Fc");
    let headers = shown["headers"].as_array().unwrap();
    for pair in [["x-one", "1"], ["authorization", "(let in)"]] {
        assert!(headers.contains(&json!(pair)), "{shown}");
    }
}

#[test]
fn two_tokens_at_once_let_nobody_in() {
    let cluster = Cluster::new();
    let other = Request::get("/version").header("authorization", "Bearer other");
    assert_eq!(cluster.in_order(other).status, 401);
}

#[test]
fn which_token_came_is_kept_and_not_the_token() {
    let cluster = Cluster::new();
    cluster.in_order(Request::get("/version"));
    cluster.in_order(Request::get("/version"));
    let requests = cluster.api_server.requests();
    let bearers: Vec<_> = requests
        .iter()
        .map(|request| request.bearer.clone().unwrap())
        .collect();
    assert_ne!(bearers[0].id, bearers[1].id);
    let life = bearers[0].expires - keyhole_now();
    assert!((86_000..86_400).contains(&life), "{life}");
}

fn keyhole_now() -> i64 {
    let since = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap();
    i64::try_from(since.as_secs()).unwrap()
}

#[test]
fn each_request_meets_the_first_fault_of_the_queue() {
    let cluster = Cluster::new();
    let status = |code, retry_after| ServerFault::Status { code, retry_after };
    for fault in [
        ServerFault::unauthorized(),
        ServerFault::None,
        status(429, Some(2)),
        status(500, None),
        ServerFault::Redirect("https://elsewhere.example/".to_owned()),
    ] {
        cluster.api_server.queue(fault);
    }
    let replies = [(); 6].map(|()| cluster.in_order(Request::get("/version")));
    let codes: Vec<_> = replies.iter().map(|reply| reply.status).collect();
    assert_eq!(codes, [401, 200, 429, 500, 302, 200]);
    assert_eq!(replies[2].header("retry-after"), Some("2"));
    assert_eq!(
        replies[4].header("location"),
        Some("https://elsewhere.example/")
    );
    let faults = cluster.api_server.requests();
    let faults: Vec<_> = faults.iter().map(|one| one.fault.as_deref()).collect();
    let named = |fault| Some(fault);
    assert_eq!(
        faults,
        [
            named("status=401"),
            None,
            named("status=429"),
            named("status=500"),
            named("redirect"),
            None
        ]
    );
}

#[test]
fn a_connection_is_reset_before_the_answer_or_in_it() {
    let cluster = Cluster::new();
    cluster.api_server.queue(ServerFault::Reset);
    let mut bytes = Vec::new();
    let error = cluster
        .open(Request::get("/version"))
        .read_to_end(&mut bytes);
    assert_eq!(
        error.unwrap_err().kind(),
        std::io::ErrorKind::ConnectionReset
    );
    assert!(bytes.is_empty());

    cluster
        .api_server
        .queue(ServerFault::ResetMidBody { bytes: 100_000 });
    let error = cluster
        .open(Request::get("/version"))
        .read_to_end(&mut bytes);
    assert_eq!(
        error.unwrap_err().kind(),
        std::io::ErrorKind::ConnectionReset
    );
    assert!(bytes.len() > 100_000, "{}", bytes.len());
}

#[test]
fn a_held_answer_comes_when_the_gate_opens() {
    let cluster = Cluster::new();
    let gate = Gate::new();
    cluster.api_server.queue(ServerFault::Held(gate.clone()));
    let mut stream = cluster.open(Request::get("/version"));
    assert!(cluster.api_server.wait_for_requests(1, PATIENCE));
    stream
        .set_read_timeout(Some(Duration::from_millis(100)))
        .unwrap();
    assert!(stream.read(&mut [0]).is_err(), "nothing comes before");
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    gate.open();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    assert_eq!(Reply::parse(bytes).status, 200);
}
