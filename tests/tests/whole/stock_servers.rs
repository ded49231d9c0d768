//! `gateway.wasm` under servers of other people's: the same bytes, and as far as
//! each server can (docs/gateway.md, "On other servers").

use keyhole_emulator::{ApiServer, EmulatorConfig, Fault, ServerFault};
use keyhole_tests::proxied::client::Request;
use keyhole_tests::proxied::{GIBIBYTE, Proxied};
use keyhole_tests::stock_server::{StockServer, jco, jco_steps_further, wash, wasmtime};
use keyhole_tests::{World, skipped};
use std::path::PathBuf;

/// A pod and its cluster.
struct Place {
    world: World,
    api_server: ApiServer,
}

impl Place {
    fn new() -> Self {
        let world = World::with(EmulatorConfig::default());
        let api_server = ApiServer::start(&world.emulator, 0).expect("the API server");
        Self { world, api_server }
    }

    fn wasmtime(&self, variables: &[(&str, &str)]) -> Option<StockServer<'_>> {
        let program = there(wasmtime(), "the program wasmtime")?;
        let (world, api_server) = (&self.world, &self.api_server);
        Some(StockServer::wasmtime(
            &program, world, api_server, variables,
        ))
    }

    fn jco(&self, variables: &[(&str, &str)]) -> Option<StockServer<'_>> {
        let folder = there(jco(), "jco")?;
        let (world, api_server) = (&self.world, &self.api_server);
        Some(StockServer::jco(&folder, world, api_server, variables))
    }

    fn wash(&self, variables: &[(&str, &str)]) -> Option<StockServer<'_>> {
        let program = there(wash(), "wash")?;
        let (world, api_server) = (&self.world, &self.api_server);
        Some(StockServer::wash(&program, world, api_server, variables))
    }
}

fn there(found: Option<PathBuf>, what: &str) -> Option<PathBuf> {
    if found.is_none() {
        skipped(&format!("no {what}; `cargo xtask test --all` gets it"));
    }
    found
}

/// Neither keeps a token from one request to the next.
fn each_request_is_an_exchange(proxied: &Proxied<'_>) {
    let (requests, exchanges) = (proxied.requests(), proxied.exchanges());
    for _ in 0..5 {
        proxied.must_work();
    }
    assert_eq!(proxied.requests(), requests + 5);
    assert_eq!(proxied.exchanges(), exchanges + 5);
}

/// A token that was refused is replaced by the next exchange.
fn a_refused_token_is_replaced(proxied: &Proxied<'_>) {
    let before = proxied.requests();
    proxied.api_server.queue(ServerFault::unauthorized());
    proxied.must_work();
    assert_eq!(proxied.requests(), before + 2);
    assert_eq!(proxied.tokens_after(before).len(), 2);
}

/// Without a token nothing goes on, and the caller learns why.
fn there_is_no_way_without_a_token(proxied: &Proxied<'_>) {
    let before = proxied.requests();
    proxied.world.emulator.always(Some(Fault::Entra(700_211)));
    let response = proxied.get("/version");
    assert_eq!(response.status, 503, "{response:?}");
    assert_eq!(response.json()["kind"], "Status");
    let message = response.json()["message"].to_string();
    assert!(message.contains("AADSTS700211"), "{message}");
    assert!(response.header("retry-after").is_some(), "{response:?}");
    assert_eq!(proxied.requests(), before);
    proxied.world.emulator.always(None);
    proxied.must_work();
}

#[test]
fn wasmtime_serves_a_real_kubectl_and_a_thousand_requests() {
    let place = Place::new();
    let Some(server) = place.wasmtime(&[]) else {
        return;
    };
    let proxied = &server.proxied;
    proxied.kubectl_lists_applies_watches_and_follows_logs();
    proxied.curl_gets_and_uploads();
    proxied.a_thousand_requests_of_mixed_kinds();
    each_request_is_an_exchange(proxied);
    a_refused_token_is_replaced(proxied);
    there_is_no_way_without_a_token(proxied);
}

#[test]
fn wasmtime_streams_bodies_and_cuts_headers() {
    let place = Place::new();
    let Some(server) = place.wasmtime(&[]) else {
        return;
    };
    let proxied = &server.proxied;
    proxied.callers_identity_is_removed();
    proxied.trailers_pass();
    proxied.bodies_stream_both_ways(GIBIBYTE, 200);
    proxied.callers_leave();
    proxied.faults_of_the_upstream();
}

#[test]
fn wasmtime_and_the_gateway_withstand_the_attacks_of_callers() {
    let place = Place::new();
    let rules = [
        ("KEYHOLE_ALLOW_VERBS", "get,list,create"),
        (
            "KEYHOLE_ALLOW_PATHS",
            "/version,/test/**,/api/v1/namespaces",
        ),
    ];
    let Some(server) = place.wasmtime(&rules) else {
        return;
    };
    let proxied = &server.proxied;
    // The server keeps `Upgrade` to itself: what goes on is a plain request.
    must_be_refused(proxied, &["an upgrade"]);
    let response = proxied.get("/api/v1/namespaces/kube-system");
    assert_eq!(response.status, 403, "{response:?}");
    let response = proxied.send(&Request::new("DELETE", "/test/head"));
    assert_eq!(response.status, 403, "{response:?}");
}

/// Rules for paths: with them, paths that two servers may read in two ways are
/// refused.
const RULES: [(&str, &str); 2] = [
    ("KEYHOLE_ALLOW_VERBS", "get,list,create"),
    (
        "KEYHOLE_ALLOW_PATHS",
        "/version,/test/**,/api/v1/namespaces",
    ),
];

/// What no server passes on, but for what this one makes harmless.
fn must_be_refused(proxied: &Proxied<'_>, but: &[&str]) {
    let outcomes = proxied.smuggling_and_floods();
    for name in [
        "two lengths",
        "another host",
        "another host in the target",
        "a link-local host in the target",
        "a tunnel",
        "an upgrade",
        "a trace",
        "dot segments",
        "encoded dot segments",
        "a NUL in a header",
        "ten thousand headers",
        "a head without end",
    ] {
        let outcome = outcomes.iter().find(|outcome| outcome.name == name);
        let outcome = outcome.unwrap_or_else(|| panic!("no attempt {name:?}"));
        let harmless = but.contains(&name);
        assert!(outcome.is_refused() || harmless, "{outcome:?}");
    }
}

#[test]
fn jco_on_node_serves_a_real_kubectl() {
    let place = Place::new();
    let Some(server) = place.jco(&[]) else {
        return;
    };
    let proxied = &server.proxied;
    proxied.kubectl_lists_applies_watches_and_follows_logs();
    proxied.curl_gets_and_uploads();
    each_request_is_an_exchange(proxied);
    a_refused_token_is_replaced(proxied);
    there_is_no_way_without_a_token(proxied);
}

#[test]
fn jco_on_node_streams_bodies_and_cuts_headers() {
    let place = Place::new();
    let Some(server) = place.jco(&[]) else {
        return;
    };
    let proxied = &server.proxied;
    proxied.callers_identity_is_removed();
    // Node and its workers take hundreds of MiB before the first request.
    proxied.bodies_stream_both_ways(GIBIBYTE / 16, 700);
}

#[test]
fn jco_on_node_and_the_gateway_withstand_the_attacks_of_callers() {
    let place = Place::new();
    let Some(server) = place.jco(&RULES) else {
        return;
    };
    // Node hangs up on CONNECT, and takes the first of two hosts.
    must_be_refused(&server.proxied, &[]);
}

#[test]
fn one_step_beyond_each_of_jcos_grants_is_refused() {
    let Some(folder) = there(jco(), "jco") else {
        return;
    };
    let place = Place::new();
    let said = jco_steps_further(&folder, &place.world, &place.api_server);
    let variables = "variables: AZURE_AUTHORITY_HOST AZURE_CLIENT_ID \
                     AZURE_FEDERATED_TOKEN_FILE AZURE_TENANT_ID KEYHOLE_UPSTREAM";
    let expected = [
        "the token file: granted",
        "a neighbour: not-permitted",
        "the parent: not-permitted",
        "the folder's names: not-permitted",
        "a link: not-permitted",
        "another name: not-permitted",
        "no file: not-permitted",
        "writing: not-permitted",
        "truncating: Error: it is as it was",
        "the exchange: granted",
        "the upstream: granted",
        "the authority by GET: HTTP-request-denied",
        "another path of the authority: HTTP-request-denied",
        "another host: HTTP-request-denied",
        "another port: HTTP-request-denied",
        "without TLS: HTTP-request-denied",
        "the metadata service: HTTP-request-denied",
        variables,
    ];
    let lines: Vec<_> = said.lines().collect();
    assert_eq!(lines, expected);
}

#[test]
fn wasmcloud_serves_a_real_kubectl_and_a_thousand_requests() {
    let place = Place::new();
    let Some(server) = place.wash(&[]) else {
        return;
    };
    let proxied = &server.proxied;
    proxied.kubectl_lists_applies_watches_and_follows_logs();
    proxied.curl_gets_and_uploads();
    proxied.a_thousand_requests_of_mixed_kinds();
    each_request_is_an_exchange(proxied);
    a_refused_token_is_replaced(proxied);
    there_is_no_way_without_a_token(proxied);
}

#[test]
fn wasmcloud_streams_bodies_and_cuts_headers() {
    let place = Place::new();
    let Some(server) = place.wash(&[]) else {
        return;
    };
    let proxied = &server.proxied;
    proxied.callers_identity_is_removed();
    proxied.trailers_of_answers_pass();
    proxied.bodies_stream_both_ways(GIBIBYTE, 300);
    proxied.callers_leave();
    proxied.faults_of_the_upstream();
}

#[test]
fn wasmcloud_and_the_gateway_withstand_the_attacks_of_callers() {
    let place = Place::new();
    let Some(server) = place.wash(&RULES) else {
        return;
    };
    must_be_refused(&server.proxied, &["an upgrade"]);
}
