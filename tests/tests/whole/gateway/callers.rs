//! Callers before `keyhole proxy`: what every proxy is put through, and what
//! this one promises besides.

use crate::kubectl;
use keyhole_emulator::{ApiServer, EmulatorConfig, Gate, ServerFault};
use keyhole_tests::World;
use keyhole_tests::keyhole_proxy::KeyholeProxy;
use keyhole_tests::program::{full, run, slim};
use keyhole_tests::proxied::client::Request;
use keyhole_tests::proxied::{Address, wait_until};
use rustix::process::Signal;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

/// A pod and its cluster.
struct Place {
    world: World,
    api_server: ApiServer,
}

impl Place {
    fn new() -> Self {
        Self::with(EmulatorConfig::default())
    }

    fn with(config: EmulatorConfig) -> Self {
        let world = World::with(config);
        let api_server = ApiServer::start(&world.emulator, 0).expect("the API server");
        Self { world, api_server }
    }

    fn proxy(&self, flags: &[&str]) -> KeyholeProxy<'_> {
        self.proxy_of(&slim(), flags)
    }

    fn proxy_of(&self, program: &Path, flags: &[&str]) -> KeyholeProxy<'_> {
        KeyholeProxy::start(program, &self.world, &self.api_server, flags)
    }
}

#[test]
fn a_real_kubectl_works_through_it_with_one_exchange() {
    if !kubectl::is_there() {
        return;
    }
    let place = Place::new();
    let proxy = place.proxy(&[]);
    proxy
        .proxied
        .kubectl_lists_applies_watches_and_follows_logs();
    proxy.proxied.curl_gets_and_uploads();
    assert_eq!(proxy.proxied.exchanges(), 1);
    assert_eq!(place.world.honest_requests().len(), 1);
}

#[test]
fn a_thousand_requests_are_one_exchange() {
    for program in [slim(), full()] {
        let place = Place::new();
        let proxy = place.proxy_of(&program, &[]);
        proxy.proxied.a_thousand_requests_of_mixed_kinds();
        assert_eq!(proxy.proxied.exchanges(), 1, "{}", program.display());
    }
}

#[test]
fn the_token_is_renewed_ahead_of_its_end_under_a_watch() {
    let lifetime = Duration::from_secs(20);
    let place = Place::with(EmulatorConfig {
        access_token_lifetime: lifetime,
        ..EmulatorConfig::default()
    });
    let proxy = place.proxy(&[]);
    proxy.proxied.the_token_rotates_under_a_watch(lifetime);
}

#[test]
fn callers_cannot_say_who_they_are() {
    let place = Place::new();
    place.proxy(&[]).proxied.callers_headers_are_removed();
}

#[test]
fn bodies_of_a_gibibyte_pass_in_constant_memory() {
    let place = Place::new();
    let proxy = place.proxy(&[]);
    proxy.proxied.bodies_stream_both_ways(1 << 30, 64);
}

#[test]
fn trailers_pass_and_callers_may_leave() {
    let place = Place::new();
    let proxy = place.proxy(&[]);
    proxy.proxied.trailers_pass();
    proxy.proxied.callers_leave();
}

#[test]
fn smuggled_requests_and_floods_are_refused() {
    let place = Place::new();
    let proxy = place.proxy(&[]);
    let outcomes = proxy.proxied.smuggling_and_floods();
    for outcome in &outcomes {
        println!("{outcome:?}");
    }
    proxy.proxied.must_work();
}

#[test]
fn faults_of_the_upstream_are_told_and_pass() {
    let place = Place::new();
    let proxy = place.proxy(&[]);
    proxy.proxied.faults_of_the_upstream();
}

#[test]
fn a_head_has_the_length_and_no_body() {
    let place = Place::new();
    let proxy = place.proxy(&[]);
    let Address::Tcp(address) = proxy.proxied.address else {
        panic!("{:?}", proxy.proxied.address);
    };
    let mut stream = TcpStream::connect(address).expect("the proxy takes connections");
    let asked = "HEAD /api/v1/namespaces HTTP/1.1\r\nHost: localhost\r\n\r\n\
                 GET /nowhere HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    stream.write_all(asked.as_bytes()).expect("two requests");
    let mut text = String::new();
    stream.read_to_string(&mut text).expect("two answers");
    let answers: Vec<&str> = text.split("HTTP/1.1 ").skip(1).collect();
    let [head, not_found] = answers.as_slice() else {
        panic!("{text}");
    };
    // The stand-in does not serve HEAD; what it says of that has a length.
    assert!(
        head.starts_with("405 ") && head.ends_with("\r\n\r\n"),
        "{head}"
    );
    assert!(
        head.contains("content-length: ") && !head.contains("content-length: 0"),
        "{head}"
    );
    assert!(not_found.starts_with("404 "), "{not_found}");
}

#[test]
fn a_refused_token_is_replaced_once() {
    let place = Place::new();
    let proxy = place.proxy(&[]);
    proxy.proxied.a_refused_token_is_replaced_once();
}

#[test]
fn an_upstream_that_is_silent_is_a_timeout() {
    let place = Place::new();
    let proxy = place.proxy(&["--response-header-timeout", "1s"]);
    proxy.proxied.must_work();
    let gate = Gate::new();
    place.api_server.queue(ServerFault::Held(gate.clone()));
    let response = proxy.proxied.get("/version");
    gate.open();
    assert_eq!(response.status, 504, "{response:?}");
    let status = response.json();
    assert_eq!(
        (&status["kind"], &status["reason"]),
        (&"Status".into(), &"Timeout".into())
    );
}

#[test]
fn without_a_token_callers_are_told_when_to_come_again() {
    let place = Place::new();
    place
        .world
        .emulator
        .always(Some("aadsts=700016".parse().expect("a fault")));
    let proxy = place.proxy(&[]);
    let response = proxy.proxied.get("/version");
    assert_eq!(response.status, 503, "{response:?}");
    let status = response.json();
    assert_eq!(status["reason"], "ServiceUnavailable");
    let message = status["message"].as_str().unwrap_or_default();
    assert!(message.contains("AADSTS700016"), "{message}");
    let after = response
        .header("retry-after")
        .and_then(|text| text.parse::<u64>().ok());
    assert!(
        after.is_some_and(|seconds| (1..=3).contains(&seconds)),
        "{after:?}"
    );
    assert_eq!(
        proxy.proxied.requests(),
        0,
        "nothing goes on without a token"
    );
    // As soon as the authority gives one, all is well, without a restart.
    place.world.emulator.always(None);
    wait_until("a token", || proxy.proxied.get("/version").status == 200);
}

#[test]
fn a_token_that_has_ended_is_never_sent() {
    let place = Place::with(EmulatorConfig {
        access_token_lifetime: Duration::from_secs(14),
        ..EmulatorConfig::default()
    });
    let proxy = place.proxy(&[]);
    proxy.proxied.must_work();
    place
        .world
        .emulator
        .always(Some("status=503".parse().expect("a fault")));
    wait_until("the token's end", || {
        let response = proxy.proxied.get("/version");
        assert!(matches!(response.status, 200 | 503), "{response:?}");
        response.status == 503
    });
    let log = proxy.log();
    assert!(log.contains("no new access token"), "{log}");
}

#[test]
fn only_what_the_rules_name_passes() {
    let place = Place::new();
    let proxy = place.proxy(&[
        "--allow-verbs",
        "get,list",
        "--allow-paths",
        "/version,/api/v1/namespaces/**",
        "--accept-hosts",
        "proxy.internal",
    ]);
    for (request, status) in [
        (Request::get("/version"), 200),
        (Request::get("/version").host("proxy.internal:80"), 200),
        (Request::get("/version").host("evil.example"), 403),
        (
            Request::get("/version").header("Origin", "https://evil.example"),
            403,
        ),
        (
            Request::get("/version").header("Sec-Fetch-Site", "cross-site"),
            403,
        ),
        (Request::get("/api/v1/namespaces"), 200),
        (Request::get("/api/v1/namespaces?watch=1"), 403),
        (Request::get("/api/v1/namespaces/a/services/b/proxy/"), 403),
        (Request::get("/api/v1/namespaces/../../version"), 400),
        (Request::get("/api/v1/namespaces/%2e%2e/nodes"), 400),
        (Request::get("/api"), 403),
        (Request::new("DELETE", "/api/v1/namespaces/default"), 403),
        (Request::new("TRACE", "/version"), 405),
        (Request::new("CONNECT", "localhost:443"), 501),
        (
            Request::get("/api/v1/namespaces/default/pods/x/exec")
                .header("Connection", "Upgrade")
                .header("Upgrade", "websocket"),
            501,
        ),
    ] {
        let before = proxy.proxied.requests();
        let response = proxy.proxied.send(&request);
        assert_eq!(response.status, status, "{request:?}: {response:?}");
        let passed = proxy.proxied.requests_after(before).len();
        assert_eq!(passed, usize::from(status == 200), "{request:?}");
        if status != 200 {
            assert_eq!(response.json()["kind"], "Status", "{request:?}");
        }
    }
}

#[test]
fn a_unix_socket_is_its_owners_and_goes_with_the_proxy() {
    let place = Place::new();
    let socket = place.world.folder().join("proxy.sock");
    let flag = format!("--unix-socket={}", socket.display());
    // What an ended process has left is replaced.
    drop(std::os::unix::net::UnixListener::bind(&socket).expect("a stale socket"));
    let mut proxy = place.proxy(&[&flag]);
    proxy.proxied.must_work();
    let mode = std::fs::metadata(&socket)
        .expect("the socket")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    // One that somebody listens on is not.
    let upstream = place.api_server.url();
    let second = run(&place.world, &["proxy", "--upstream", upstream, &flag]);
    second.must_have_failed(2, &["another process listens"]);
    let status = proxy.end_by(Signal::TERM);
    assert_eq!(status.code(), Some(0));
    assert!(!socket.exists());
    let file = place.world.folder().join("a-file");
    std::fs::write(&file, "mine").expect("a file");
    let flag = format!("--unix-socket={}", file.display());
    let third = run(&place.world, &["proxy", "--upstream", upstream, &flag]);
    third.must_have_failed(2, &["is no socket"]);
    assert_eq!(std::fs::read_to_string(&file).expect("the file"), "mine");
}

#[test]
fn flags_that_cannot_be_meant_are_refused() {
    let place = Place::new();
    let upstream = place.api_server.url();
    for (flags, parts) in [
        (
            vec!["--upstream", "http://api.example"],
            ["--upstream", "http://"],
        ),
        (
            vec!["--upstream", "https://api.example/path"],
            ["--upstream", "path"],
        ),
        (
            vec!["--upstream", upstream, "--listen", "0.0.0.0:0"],
            ["other machines", "--allow-remote"],
        ),
        (
            vec!["--upstream", upstream, "--allow-verbs", "fetch"],
            ["fetch", "deletecollection"],
        ),
        (
            vec!["--upstream", upstream, "--allow-paths", "api"],
            ["api", "/"],
        ),
        (
            vec!["--upstream", upstream, "--accept-hosts", "a:80"],
            ["a:80", "port"],
        ),
        (
            vec!["--upstream", upstream, "--upstream-ca", "/nowhere"],
            ["/nowhere", ""],
        ),
        (
            vec!["--upstream", "http://127.0.0.1:1"],
            ["plain text", "--insecure-http"],
        ),
    ] {
        let arguments: Vec<&str> = std::iter::once("proxy").chain(flags).collect();
        run(&place.world, &arguments).must_have_failed(2, &parts);
    }
}

#[test]
fn an_upstream_that_is_not_there_or_not_trusted_is_a_bad_gateway() {
    let place = Place::new();
    let other_ca = place.world.emulator.ca_file().display().to_string();
    let proxy = place.proxy(&["--upstream-ca", &other_ca]);
    let response = proxy.proxied.get("/version");
    assert_eq!(response.status, 502, "{response:?}");
    let status = response.json();
    assert_eq!(status["reason"], "BadGateway");
    let message = status["message"].as_str().unwrap_or_default();
    assert!(message.contains("certificate"), "{message}");
    assert_eq!(
        proxy.proxied.requests(),
        0,
        "nothing is sent to who is not trusted"
    );
    drop(proxy);

    // The port of the discard protocol: nobody is there.
    let proxy = place.proxy(&["--upstream", "https://localhost:9"]);
    let response = proxy.proxied.get("/version");
    assert_eq!(response.status, 502, "{response:?}");
    let message = response.json()["message"].to_string();
    assert!(message.contains("refuses connections"), "{message}");
}

#[test]
fn a_federated_token_that_cannot_be_used_is_named_and_its_successor_is_taken() {
    for (content, said) in [
        ("", "empty"),
        ("garbage", "JWT"),
        (&"x".repeat(2 << 20), "bytes"),
    ] {
        let place = Place::new();
        let good = place.world.federated_token();
        place.world.volume.rotate(content).expect("another token");
        let proxy = place.proxy(&[]);
        let response = proxy.proxied.get("/version");
        assert_eq!(response.status, 503, "{said}: {response:?}");
        let message = response.json()["message"].to_string();
        assert!(message.contains(said), "{said}: {message}");
        place.world.volume.rotate(&good).expect("the token again");
        wait_until("a token", || proxy.proxied.get("/version").status == 200);
    }
}

#[test]
fn a_refusal_does_not_cost_the_token_while_there_is_no_other() {
    let place = Place::new();
    let proxy = place.proxy(&[]);
    proxy.proxied.must_work();
    let down = "status=503".parse().expect("a fault");
    place.world.emulator.always(Some(down));
    place.api_server.queue(ServerFault::unauthorized());
    let response = proxy.proxied.get("/version");
    assert_eq!(response.status, 401, "the refusal is told: {response:?}");
    proxy.proxied.must_work();
    let log = proxy.log();
    assert!(log.contains("refused the access token (401)"), "{log}");
}

#[test]
fn a_caller_who_leaves_a_byte_behind_leaves_his_place() {
    let place = Place::new();
    let proxy = place.proxy(&["--max-connections", "2"]);
    proxy.proxied.must_work();
    let Address::Tcp(address) = proxy.proxied.address else {
        panic!("{:?}", proxy.proxied.address);
    };
    let gate = Gate::new();
    for _ in 0..2 {
        place.api_server.queue(ServerFault::Held(gate.clone()));
    }
    let before = proxy.proxied.requests();
    let callers = [(); 2].map(|()| {
        let mut caller = TcpStream::connect(address).expect("a place");
        let request = b"GET /version HTTP/1.1\r\nHost: localhost\r\n\r\nG";
        caller.write_all(request).expect("a request and a byte");
        caller
    });
    wait_until("both requests reach the API server", || {
        proxy.proxied.requests() == before + 2
    });
    drop(callers);
    proxy.proxied.must_work();
    gate.open();
}

#[test]
fn that_all_places_are_taken_is_logged() {
    let place = Place::new();
    let proxy = place.proxy(&["--max-connections", "1"]);
    let mut watch = proxy.proxied.connect();
    let request = Request::get("/api/v1/namespaces?watch=true");
    watch.start(&request).expect("a watch");
    assert_eq!(watch.head().expect("an answer").status, 200);
    wait_until("a line", || proxy.log().contains("--max-connections"));
}

#[test]
fn an_ending_proxy_leaves_its_successors_socket() {
    let place = Place::new();
    let socket = place.world.folder().join("proxy.sock");
    let flag = format!("--unix-socket={}", socket.display());
    let mut first = place.proxy(&[&flag]);
    std::fs::remove_file(&socket).expect("the first one's socket");
    let second = place.proxy(&[&flag]);
    assert_eq!(first.end_by(Signal::TERM).code(), Some(0));
    second.proxied.must_work();
}
