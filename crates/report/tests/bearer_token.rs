//! An access token for scripts.

use keyhole_report::BearerToken;
use serde_json::{Value, json};

const TOKEN: BearerToken<'_> = BearerToken {
    token: "eyJhbGciOiJub25lIn0.e30.c2ln",
    expires_on: 1_893_456_000,
    scope: "api://\"quoted\"/.default",
    tenant: "contoso.example",
};

#[test]
fn alone_it_is_a_line() {
    assert_eq!(*TOKEN.to_bare_line(), format!("{}\n", TOKEN.token));
}

#[test]
fn as_json_it_is_a_line_with_the_names_of_az() {
    let line = TOKEN.to_json_line();
    assert_eq!(line.lines().count(), 1);
    let document: Value = serde_json::from_str(&line).expect("JSON");
    assert_eq!(
        document,
        json!({
            "accessToken": TOKEN.token,
            "scope": TOKEN.scope,
            "tenant": TOKEN.tenant,
            "expiresOn": "2030-01-01T00:00:00Z",
            "expires_on": TOKEN.expires_on,
            "tokenType": "Bearer",
        })
    );
}

#[test]
fn debug_does_not_show_it() {
    assert!(!format!("{TOKEN:?}").contains(TOKEN.token));
}
