//! One test per rule for the request around the federated token: a request that
//! breaks it alone is refused, and by which error.

use keyhole_emulator::{Emulator, Federation};

use crate::client::{Request, changed, emulator, federation, fields};

fn with_field(emulator: &Emulator, name: &str, value: &str) -> Request {
    let form = changed(fields(emulator, &emulator.federated_token()), name, value);
    Request::in_order(emulator).form(&form)
}

#[test]
fn a_method_other_than_post_is_refused() {
    let emulator = emulator();
    for method in ["GET", "PUT", "DELETE", "PATCH", "OPTIONS"] {
        let reply = Request::in_order(&emulator).method(method).send(&emulator);
        reply.assert_refused(&emulator, 405, "invalid_request", 900_561);
        assert_eq!(reply.header("allow"), Some("POST"));
    }
}

#[test]
fn another_path_is_not_there() {
    let emulator = emulator();
    let tenant = emulator.tenant();
    for path in [
        "/".to_owned(),
        format!("/{tenant}/oauth2/token"),
        format!("/{tenant}/oauth2/v2.0/token/"),
        format!("//{tenant}/oauth2/v2.0/token"),
        format!("/{tenant}/oauth2/v2.0/devicecode"),
        format!("/x/{tenant}/oauth2/v2.0/token"),
        format!("/{tenant}/OAUTH2/v2.0/token"),
    ] {
        let reply = Request::in_order(&emulator).path(&path).send(&emulator);
        assert_eq!(reply.status, 404, "{path}");
    }
}

#[test]
fn a_query_is_refused() {
    let emulator = emulator();
    let request = Request::in_order(&emulator);
    let path = format!("{}?dc=1", request.path);
    request.path(&path).send(&emulator).assert_refused(
        &emulator,
        400,
        "invalid_request",
        9_002_313,
    );
}

#[test]
fn another_tenant_is_not_found() {
    let emulator = emulator();
    let path = "/00000000-0000-0000-0000-000000000000/oauth2/v2.0/token";
    let reply = Request::in_order(&emulator).path(path).send(&emulator);
    reply.assert_refused(&emulator, 400, "invalid_request", 90_002);
}

#[test]
fn a_shared_tenant_gives_no_application_token() {
    let emulator = emulator();
    for tenant in ["common", "organizations", "consumers", "Common"] {
        let reply = Request::in_order(&emulator)
            .path(&format!("/{tenant}/oauth2/v2.0/token"))
            .send(&emulator);
        reply.assert_refused(&emulator, 400, "invalid_request", 9_001_023);
    }
}

#[test]
fn a_body_of_another_type_counts_as_no_form() {
    let emulator = emulator();
    for kind in [
        None,
        Some("application/json"),
        Some("text/plain"),
        Some("multipart/form-data; boundary=x"),
    ] {
        let reply = Request::in_order(&emulator)
            .content_type(kind)
            .send(&emulator);
        reply.assert_refused(&emulator, 400, "invalid_request", 900_144);
    }
}

#[test]
fn another_charset_or_a_second_content_type_is_refused() {
    let emulator = emulator();
    let form = "application/x-www-form-urlencoded";
    let charset =
        Request::in_order(&emulator).content_type(Some(&format!("{form}; charset=utf-16")));
    let second = Request::in_order(&emulator).header("content-type", form);
    for request in [charset, second] {
        request
            .send(&emulator)
            .assert_refused(&emulator, 400, "invalid_request", 9_002_313);
    }
}

#[test]
fn a_body_that_is_no_form_is_refused() {
    let emulator = emulator();
    for body in [
        &b"grant_type"[..],
        b"grant_type=%zz",
        b"a=1&&b=2",
        b"a=\xff",
        b"{\"grant_type\":\"client_credentials\"}",
    ] {
        let reply = Request::in_order(&emulator).body(body).send(&emulator);
        reply.assert_refused(&emulator, 400, "invalid_request", 9_002_313);
    }
}

#[test]
fn a_body_over_a_mebibyte_is_refused() {
    let emulator = emulator();
    let reply = with_field(&emulator, "scope", &"x".repeat(1 << 20)).send(&emulator);
    reply.assert_refused(&emulator, 400, "invalid_request", 9_002_313);
}

#[test]
fn each_missing_field_is_named() {
    let emulator = emulator();
    let all = fields(&emulator, &emulator.federated_token());
    for name in ["client_id", "scope", "client_assertion_type", "grant_type"] {
        let rest: Vec<_> = all
            .iter()
            .filter(|(given, _)| given != name)
            .cloned()
            .collect();
        for form in [rest, changed(all.clone(), name, "")] {
            let reply = Request::in_order(&emulator).form(&form).send(&emulator);
            reply.assert_refused(&emulator, 400, "invalid_request", 900_144);
            assert!(
                reply
                    .text()
                    .contains(&format!("following parameter: '{name}'")),
                "{}",
                reply.text()
            );
        }
    }
}

#[test]
fn a_missing_assertion_has_a_code_of_its_own() {
    let emulator = emulator();
    let mut form = fields(&emulator, "");
    Request::in_order(&emulator)
        .form(&form)
        .send(&emulator)
        .assert_refused(&emulator, 401, "invalid_client", 7_000_218);
    form.retain(|(name, _)| name != "client_assertion");
    Request::in_order(&emulator)
        .form(&form)
        .send(&emulator)
        .assert_refused(&emulator, 401, "invalid_client", 7_000_218);
}

#[test]
fn each_field_twice_is_refused() {
    let emulator = emulator();
    let all = fields(&emulator, &emulator.federated_token());
    for field in &all {
        let mut form = all.clone();
        form.push(field.clone());
        let reply = Request::in_order(&emulator).form(&form).send(&emulator);
        reply.assert_refused(&emulator, 400, "invalid_request", 9_002_313);
    }
}

#[test]
fn an_unknown_field_is_refused() {
    let emulator = emulator();
    for name in [
        "client_secret",
        "resource",
        "refresh_token",
        "client_info",
        "Scope",
        "x",
    ] {
        let mut form = fields(&emulator, &emulator.federated_token());
        form.push((name.to_owned(), "1".to_owned()));
        let reply = Request::in_order(&emulator).form(&form).send(&emulator);
        reply.assert_refused(&emulator, 400, "invalid_request", 9_002_313);
    }
}

#[test]
fn another_grant_type_is_refused() {
    let emulator = emulator();
    for grant in ["password", "authorization_code", "Client_Credentials"] {
        let reply = with_field(&emulator, "grant_type", grant).send(&emulator);
        reply.assert_refused(&emulator, 400, "unsupported_grant_type", 70_003);
    }
}

#[test]
fn another_assertion_type_is_refused() {
    let emulator = emulator();
    let reply = with_field(
        &emulator,
        "client_assertion_type",
        "urn:ietf:params:oauth:client-assertion-type:saml2-bearer",
    );
    reply
        .send(&emulator)
        .assert_refused(&emulator, 400, "invalid_request", 9_002_313);
}

#[test]
fn another_client_is_not_found() {
    let emulator = emulator();
    let reply = with_field(
        &emulator,
        "client_id",
        "00000000-0000-0000-0000-000000000000",
    )
    .send(&emulator);
    reply.assert_refused(&emulator, 400, "unauthorized_client", 700_016);
}

#[test]
fn a_client_of_another_tenant_is_not_found_in_this_one() {
    let emulator = emulator();
    let client_id = "11111111-0000-0000-0000-000000000000".to_owned();
    emulator.register(Federation {
        tenant: "other.example".to_owned(),
        client_id: client_id.clone(),
        ..federation(&emulator)
    });
    let request = with_field(&emulator, "client_id", &client_id);
    request
        .send(&emulator)
        .assert_refused(&emulator, 400, "unauthorized_client", 700_016);
    assert_eq!(
        request
            .path("/other.example/oauth2/v2.0/token")
            .send(&emulator)
            .status,
        200
    );
}

#[test]
fn a_client_without_credentials_is_refused() {
    let emulator = emulator();
    emulator.register_application(emulator.tenant(), "lonely");
    let reply = with_field(&emulator, "client_id", "lonely").send(&emulator);
    reply.assert_refused(&emulator, 401, "invalid_client", 70_025);
}

#[test]
fn a_scope_that_is_not_one_resources_default_is_refused() {
    let emulator = emulator();
    let aks = keyhole_emulator::AKS_SERVER_APP_ID;
    for scope in [
        aks.to_owned(),
        format!("{aks}/user.read"),
        format!("{aks}/.Default"),
        format!("{aks}/.default/"),
    ] {
        let reply = with_field(&emulator, "scope", &scope).send(&emulator);
        reply.assert_refused(&emulator, 400, "invalid_scope", 1_002_012);
    }
    for scope in [
        format!("{aks}/.default {aks}/.default"),
        format!(" {aks}/.default"),
        "/.default".to_owned(),
        format!("{aks}/.default openid"),
    ] {
        let reply = with_field(&emulator, "scope", &scope).send(&emulator);
        reply.assert_refused(&emulator, 400, "invalid_scope", 70_011);
    }
}

#[test]
fn another_resource_is_not_found() {
    let emulator = emulator();
    let reply = with_field(
        &emulator,
        "scope",
        "00000000-0000-0000-0000-000000000000/.default",
    )
    .send(&emulator);
    reply.assert_refused(&emulator, 400, "invalid_resource", 500_011);
}
