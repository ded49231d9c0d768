//! What a request in order gets, and what is remembered of it.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use keyhole_emulator::{
    AKS_SERVER_APP_ID, Emulator, EmulatorConfig, Listener, Strictness, Verdict,
};
use serde_json::{Value, json};

use crate::client::{PATIENCE, Request, changed, emulator, fields};

fn claims(token: &str) -> Value {
    serde_json::from_slice(
        &URL_SAFE_NO_PAD
            .decode(token.split('.').nth(1).unwrap())
            .unwrap(),
    )
    .unwrap()
}

#[test]
fn a_request_in_order_gets_a_token_for_the_scopes_application() {
    let emulator = emulator();
    let reply = Request::in_order(&emulator).send(&emulator);
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(
        reply.header("content-type"),
        Some("application/json; charset=utf-8")
    );
    assert_eq!(reply.header("cache-control"), Some("no-store, no-cache"));
    let body = reply.json();
    let mut names: Vec<_> = body.as_object().unwrap().keys().collect();
    names.sort();
    assert_eq!(
        names,
        ["access_token", "expires_in", "ext_expires_in", "token_type"]
    );
    assert_eq!(body["token_type"], "Bearer");
    assert_eq!(body["expires_in"], 86_399);
    let claims = claims(body["access_token"].as_str().unwrap());
    assert_eq!(claims["aud"], AKS_SERVER_APP_ID);
    assert_eq!(claims["appid"], emulator.client_id());
    assert_eq!(claims["tid"], emulator.tenant());
    assert_eq!(
        claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(),
        86_399
    );
}

#[test]
fn lifetime_refresh_and_resources_are_as_configured() {
    let emulator = Emulator::start(EmulatorConfig {
        resources: vec!["api://mine".to_owned()],
        access_token_lifetime: Duration::from_secs(600),
        refresh_in: Some(Duration::from_secs(300)),
        ..EmulatorConfig::default()
    })
    .unwrap();
    let form = changed(
        fields(&emulator, &emulator.federated_token()),
        "scope",
        "api://mine/.default",
    );
    let body = Request::in_order(&emulator)
        .form(&form)
        .send(&emulator)
        .json();
    assert_eq!(
        (&body["expires_in"], &body["refresh_in"]),
        (&json!(600), &json!(300)),
        "{body}"
    );
    assert_eq!(
        claims(body["access_token"].as_str().unwrap())["aud"],
        "api://mine"
    );
}

#[test]
fn claims_may_be_asked_for() {
    let emulator = emulator();
    let mut form = fields(&emulator, &emulator.federated_token());
    form.push(("claims".to_owned(), r#"{"access_token":{}}"#.to_owned()));
    assert_eq!(
        Request::in_order(&emulator)
            .form(&form)
            .send(&emulator)
            .status,
        200
    );
}

#[test]
fn an_audience_among_others_or_as_a_string_is_enough() {
    let emulator = emulator();
    let among = emulator
        .claims()
        .set("aud", json!(["x", emulator.audience()]));
    let string = emulator.claims().set("aud", emulator.audience());
    for claims in [among, string] {
        assert_eq!(
            Request::with_claims(&emulator, &claims)
                .send(&emulator)
                .status,
            200
        );
    }
}

#[test]
fn clocks_may_differ_by_nearly_five_minutes() {
    let emulator = emulator();
    for seconds in [-3_600 - 240, 240] {
        let reply =
            Request::with_claims(&emulator, &emulator.claims().shifted(seconds)).send(&emulator);
        assert_eq!(reply.status, 200, "{seconds}: {}", reply.text());
    }
}

#[test]
fn what_msal_sends_is_taken_when_asked_to() {
    let emulator = Emulator::start(EmulatorConfig {
        strictness: Strictness::Sdk,
        ..EmulatorConfig::default()
    })
    .unwrap();
    let scope = format!("{AKS_SERVER_APP_ID}/.default openid offline_access profile");
    let mut form = changed(
        fields(&emulator, &emulator.federated_token()),
        "scope",
        &scope,
    );
    for name in [
        "client_info",
        "x-client-SKU",
        "x-ms-lib-capability",
        "client-request-id",
    ] {
        form.push((name.to_owned(), "1".to_owned()));
    }
    let content_type = "application/x-www-form-urlencoded; charset=utf-8";
    let path = format!(
        "/{}/oauth2/v2.0/token?client-request-id=1",
        emulator.tenant()
    );
    let reply = Request::in_order(&emulator)
        .path(&path)
        .form(&form)
        .content_type(Some(content_type))
        .send(&emulator);
    assert_eq!(reply.status, 200, "{}", reply.text());
}

#[test]
fn the_clients_request_id_comes_back_and_is_the_correlation_id() {
    let emulator = emulator();
    let id = "0d7b6c1e-3a5f-4b0e-9c55-6a1f0e2d4c3b";
    let granted = Request::in_order(&emulator)
        .header("client-request-id", id)
        .send(&emulator);
    assert_eq!(granted.header("client-request-id"), Some(id));
    let refused = Request::with_token(&emulator, "x")
        .header("client-request-id", id)
        .send(&emulator);
    assert_eq!(refused.header("client-request-id"), Some(id));
    assert_eq!(refused.json()["correlation_id"], id);
}

#[test]
fn a_request_is_recorded_with_its_headers_and_fields() {
    let emulator = emulator();
    let token = emulator.federated_token();
    Request::with_token(&emulator, &token)
        .header("User-Agent", "test/1")
        .send(&emulator);
    assert!(emulator.wait_for_requests(1, PATIENCE));
    let requests = emulator.requests();
    let [request] = &requests[..] else {
        panic!("{requests:?}")
    };
    assert_eq!(
        (request.number, request.listener, &request.verdict),
        (1, Listener::Http, &Verdict::Granted)
    );
    assert_eq!(request.header("user-agent"), Some("test/1"));
    assert_eq!(request.field("client_assertion"), Some(token.as_str()));
    assert_eq!(request.form, fields(&emulator, &token));
    assert_eq!(emulator.connections(), 1);
}

#[test]
fn neither_a_recorded_requests_line_nor_its_debug_form_holds_the_token() {
    let emulator = emulator();
    let token = emulator.federated_token();
    Request::with_token(&emulator, &token)
        .header("authorization", "secret-header")
        .send(&emulator);
    let request = emulator.requests().remove(0);
    for text in [
        request.to_string(),
        format!("{request:?}"),
        format!("{:?}", emulator.claims()),
    ] {
        assert!(
            !text.contains(&token[..20])
                && !text.contains("secret-header")
                && !text.contains(emulator.subject()),
            "{text}"
        );
    }
    assert_eq!(
        request.to_string(),
        format!(
            "POST /{}/oauth2/v2.0/token granted client_id={} scope={AKS_SERVER_APP_ID}/.default",
            emulator.tenant(),
            emulator.client_id()
        )
    );
}

#[test]
fn waiting_for_more_requests_than_come_ends_with_the_time() {
    let emulator = emulator();
    assert!(!emulator.wait_for_requests(1, Duration::from_millis(1)));
}
