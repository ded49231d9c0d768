//! A gateway component that turned hostile: it has the access token, and a way
//! to one place.

use keyhole_emulator::ApiServer;
use keyhole_host::{Artifact, Error};
use keyhole_tests::keyhole_proxy::{InProcess, gateway};
use keyhole_tests::proxied::client::Request;
use keyhole_tests::sandbox::{Sandbox, refused};
use keyhole_tests::{World, artifacts};

/// What it tries, what it is told, and the rule that is in the audit log.
const ATTEMPTS: [(&str, &str, Option<&str>); 20] = [
    ("other_host", "denied", Some("gateway.target")),
    ("the_authority", "denied", Some("gateway.target")),
    ("plain_http", "denied", Some("gateway.target")),
    ("other_scheme", "ErrorCode::HttpProtocolError", None),
    ("upper_case_host", "denied", Some("gateway.target")),
    ("userinfo", "denied", Some("gateway.target")),
    ("connect", "denied", Some("gateway.method")),
    ("trace", "denied", Some("gateway.method")),
    (
        "trace_by_another_spelling",
        "denied",
        Some("gateway.method"),
    ),
    ("no_authorization", "denied", Some("gateway.authorization")),
    (
        "other_authorization",
        "denied",
        Some("gateway.authorization"),
    ),
    (
        "two_authorizations",
        "denied",
        Some("gateway.authorization"),
    ),
    (
        "basic_authorization",
        "denied",
        Some("gateway.authorization"),
    ),
    ("impersonate_user", "denied", Some("gateway.identity")),
    ("remote_group", "denied", Some("gateway.identity")),
    (
        "third_request",
        "status 200, status 200, denied",
        Some("gateway.requests"),
    ),
    (
        "variables",
        "KEYHOLE_ACCEPT_HOSTS KEYHOLE_RESPONSE_HEADER_TIMEOUT KEYHOLE_UPSTREAM",
        None,
    ),
    ("honest", "status 200", None),
    ("spin", "", None),
    ("grow_memory", "", None),
];

#[test]
fn a_hostile_gateway_gets_nothing_but_its_upstream() {
    let world = World::new();
    let api_server = ApiServer::start(&world.emulator, 0).expect("the API server");
    let sandbox = Sandbox::honest(&world);
    let hostile = artifacts::external(artifacts::bytes("hostile-gateway"));
    let gateway = gateway(sandbox.keyhole.clone(), hostile, &api_server).expect("a gateway");
    let serving = InProcess::serve(gateway, &world, &api_server);
    let proxied = &serving.proxied;
    let authority = world.emulator.https_authority();
    let authority = authority
        .trim_start_matches("https://")
        .trim_end_matches('/');
    for (name, told, rule) in ATTEMPTS {
        let _ = sandbox.events();
        let before = proxied.requests();
        let request = Request::get(&format!("/attempt/{name}"));
        let response = proxied.send(&request.header("x-elsewhere", authority));
        let said = String::from_utf8_lossy(&response.body).into_owned();
        if told.is_empty() {
            // It was ended, and the host answers in its place.
            assert_eq!(response.status, 500, "{name}: {said}");
            assert_eq!(response.json()["kind"], "Status", "{name}");
        } else {
            assert_eq!((response.status, said.as_str()), (200, told), "{name}");
        }
        let expected: Vec<&str> = rule.into_iter().collect();
        assert_eq!(refused(&sandbox.events()), expected, "{name}");
        let sent = told.matches("status 200").count();
        assert_eq!(proxied.requests_after(before).len(), sent, "{name}");
    }
    // After all that the next caller is served.
    assert_eq!(proxied.get("/attempt/honest").status, 200);
    assert_eq!(proxied.exchanges(), 1);
    assert_eq!(
        world.honest_requests().len(),
        1,
        "the exchange is the authority's only visitor"
    );
}

#[test]
fn a_hostile_gateway_gets_no_token_for_another_scope() {
    let world = World::granting("https://graph.microsoft.com");
    let api_server = ApiServer::start(&world.emulator, 0).expect("the API server");
    let sandbox = Sandbox::honest(&world);
    let hostile = artifacts::external(artifacts::bytes("hostile-gateway"));
    let gateway = gateway(sandbox.keyhole.clone(), hostile, &api_server).expect("a gateway");
    let serving = InProcess::serve(gateway, &world, &api_server);
    let response = serving.proxied.get("/attempt/token_for_another_scope");
    let said = String::from_utf8_lossy(&response.body).into_owned();
    let granted = world.emulator.access_tokens();
    assert_eq!(
        granted.len(),
        1,
        "one exchange, for the scope of the settings"
    );
    assert_eq!(said, format!("Bearer {}", granted[0]));
}

#[test]
fn a_gateway_that_wants_a_file_or_a_clock_of_its_own_is_not_started() {
    let world = World::new();
    let api_server = ApiServer::start(&world.emulator, 0).expect("the API server");
    let keyhole = Sandbox::honest(&world).keyhole;
    let file = "wasi:filesystem/types.[method]descriptor.open-at";
    for (import, name) in [("wasi:clocks/wall-clock.now", "hostile"), (file, "other")] {
        let bytes = artifacts::bytes(name);
        let artifact = artifacts::external(bytes);
        match gateway(keyhole.clone(), artifact, &api_server) {
            Err(Error::Import { name: found }) => assert!(!found.is_empty(), "{import}"),
            other => panic!("{name}: {:?}", other.err()),
        }
    }
    assert_eq!(world.emulator.requests().len(), 0);
}

#[test]
fn an_exchange_is_no_gateway() {
    let world = World::new();
    let api_server = ApiServer::start(&world.emulator, 0).expect("the API server");
    let keyhole = Sandbox::honest(&world).keyhole;
    let exchange = Artifact::embedded().expect("the exchange");
    let error = gateway(keyhole, exchange, &api_server)
        .err()
        .expect("no gateway");
    assert!(matches!(error, Error::Import { .. }), "{error}");
}
