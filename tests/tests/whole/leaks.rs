//! What the caller keeps secret beside the tokens, and what types show of
//! themselves. What programs print is searched in every run of one.

use keyhole_emulator::Fault;
use keyhole_exchange::settings::Flags;
use keyhole_host::{Error, TokenRequest};
use keyhole_tests::World;
use keyhole_tests::leaks::Secret;
use keyhole_tests::sandbox::{Sandbox, block_on};

const CLAIMS: &str =
    r#"{"access_token":{"acrs":{"essential":true,"value":"a-secret-of-the-caller"}}}"#;

fn with_claims() -> TokenRequest {
    TokenRequest {
        claims: Some(CLAIMS.to_owned().into()),
        ..TokenRequest::default()
    }
}

#[test]
fn claims_go_to_the_authority_and_nowhere_else() {
    let world = World::new();
    let sandbox = Sandbox::honest(&world);
    let secret = Secret::new("claims", CLAIMS);
    let token = block_on(sandbox.keyhole.get_token(with_claims())).expect("a token");
    let sent = &world.emulator.requests()[0];
    assert_eq!(sent.field("claims"), Some(CLAIMS));

    world.emulator.always(Some(Fault::EntraText {
        code: 53_003,
        text: format!("the claims {CLAIMS} were not met"),
    }));
    let error = block_on(sandbox.keyhole.get_token(with_claims())).expect_err("a refusal");
    assert!(matches!(error, Error::Token { .. }), "{error:?}");
    let shown = format!(
        "{token:?} {error} {error:?} {} {:?} {:?}",
        error.next_step(),
        with_claims(),
        sandbox.keyhole.grants()
    );
    secret.must_not_be_in("what types show", &shown);
    let log = serde_json::to_string(&sandbox.events()).expect("JSON");
    secret.must_not_be_in("the audit log", &log);
}

#[test]
fn no_type_shows_a_token() {
    let world = World::new();
    let sandbox = Sandbox::honest(&world);
    let token = sandbox.get_token().expect("a token");
    world.emulator.always(Some(Fault::ReflectAssertion));
    let error = sandbox.get_token().expect_err("a refusal");
    let shown = format!(
        "{token:?} {token:#?} {error} {error:?} {error:#?} {} {:?} {:?} {:?}",
        error.next_step(),
        sandbox.keyhole.grants(),
        sandbox.events(),
        world.settings(&Flags::default()),
    );
    for secret in world.secrets() {
        secret.must_not_be_in("what types show", &shown);
    }
    assert!(shown.contains("[redacted]"), "{shown}");
}
