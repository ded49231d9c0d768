//! Documents an SDK reads before it asks for a token, and those of the issuer.

use std::path::Path;

use keyhole_emulator::{Emulator, Verdict};
use serde_json::Value;

use crate::client::{Request, emulator};

fn path_of(base: &str, url: &Value) -> String {
    format!(
        "/{}",
        url.as_str()
            .unwrap()
            .strip_prefix(base)
            .unwrap_or_else(|| panic!("{url} is not under {base}"))
    )
}

fn get(emulator: &Emulator, base: &str, path: &str) -> Value {
    let ca: &Path = emulator.ca_file();
    let reply = Request::get(path).send_tls(base, ca).unwrap();
    assert_eq!(reply.status, 200, "{path}: {}", reply.text());
    reply.json()
}

#[test]
fn an_sdk_finds_the_token_endpoint_from_the_instance_document() {
    let emulator = emulator();
    let base = emulator.https_authority();
    let query = "api-version=1.1&authorization_endpoint=https%3A%2F%2Flocalhost%2Fcommon%2Foauth2%2Fv2.0%2Fauthorize";
    let instance = get(
        &emulator,
        &base,
        &format!("/common/discovery/instance?{query}"),
    );
    let host = base.trim_start_matches("https://").trim_end_matches('/');
    assert_eq!(instance["metadata"][0]["aliases"][0], host, "{instance}");
    let tenant = get(
        &emulator,
        &base,
        &path_of(&base, &instance["tenant_discovery_endpoint"]),
    );
    let token = Request::in_order(&emulator).path(&path_of(&base, &tenant["token_endpoint"]));
    assert_eq!(
        token.send_tls(&base, emulator.ca_file()).unwrap().status,
        200
    );
    let keys = get(&emulator, &base, &path_of(&base, &tenant["jwks_uri"]));
    assert_eq!(keys["keys"][0]["kty"], "RSA", "{keys}");
    let verdicts: Vec<_> = emulator
        .requests()
        .into_iter()
        .map(|request| request.verdict)
        .collect();
    assert_eq!(
        verdicts,
        [
            Verdict::Discovery,
            Verdict::Discovery,
            Verdict::Granted,
            Verdict::Discovery
        ]
    );
}

#[test]
fn the_issuer_publishes_the_key_its_tokens_name() {
    use base64::Engine as _;
    let emulator = emulator();
    let base = emulator.issuer_url();
    let document = get(&emulator, base, "/.well-known/openid-configuration");
    assert_eq!(document["issuer"], base);
    let keys = get(&emulator, base, &path_of(base, &document["jwks_uri"]));
    let token = emulator.federated_token();
    let header = base64::engine::general_purpose::URL_SAFE_NO_PAD
        .decode(token.split('.').next().unwrap())
        .unwrap();
    let header: Value = serde_json::from_slice(&header).unwrap();
    assert_eq!(keys["keys"][0]["kid"], header["kid"], "{keys}");
}

#[test]
fn a_tenant_that_does_not_exist_has_no_document() {
    let emulator = emulator();
    let reply = Request::get("/other/v2.0/.well-known/openid-configuration").send(&emulator);
    assert_eq!(reply.status, 404);
    assert_eq!(emulator.requests()[0].verdict, Verdict::NotFound);
}
