//! Attempts that need more around them than the others.

use keyhole_emulator::{Answer, EmulatorConfig, Fault, Listener, Observer};
use keyhole_exchange::scope::Scope;
use keyhole_exchange::settings::Flags;
use keyhole_host::{Error, TokenRequest};
use keyhole_tests::leaks::Secret;
use keyhole_tests::sandbox::{Sandbox, block_on, refused};
use keyhole_tests::{World, artifacts};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

/// Their names.
pub(super) const ATTEMPTS: &[&str] = &[
    "claims_in_every_string",
    "claims_in_path",
    "follow_redirect",
    "read_after_rotation",
    "texts_that_take_long_to_search",
];

fn resource(attempt: &str) -> String {
    format!("api://attempt/{attempt}")
}

/// Makes an attempt, and returns what it ends with and the rules it broke.
fn make(world: &World, attempt: &str) -> (Error, Vec<&'static str>) {
    let hostile = artifacts::external(artifacts::bytes("hostile"));
    let hostile = Sandbox::new(world, hostile, |builder| builder).expect("loads");
    let scope = Scope::of_server(&resource(attempt)).expect("a scope");
    let error = hostile.get_token_for(Some(scope)).expect_err("no token");
    (error, refused(&hostile.events()))
}

#[test]
fn follow_redirect() {
    let world = World::granting(&resource("follow_redirect"));
    let elsewhere = world.emulator.http_authority();
    for status in [301, 302, 303, 307, 308] {
        world.emulator.queue(Fault::redirect(status, &elsewhere));
        let (error, rules) = make(&world, "follow_redirect");
        assert!(matches!(error, Error::Refused(_)), "{error:?}");
        assert_eq!(rules, ["request.path", "request.authority"]);
    }
    let requests = world.honest_requests();
    assert_eq!(requests.len(), 5);
    assert!(requests.iter().all(|one| one.listener == Listener::Https));
}

#[test]
fn read_after_rotation() {
    let rotate: Arc<OnceLock<Box<dyn Fn() + Send + Sync>>> = Arc::default();
    let rotation = rotate.clone();
    let mut config = EmulatorConfig {
        observer: Some(Observer::new(move |_| {
            rotation.get().expect("a rotation")()
        })),
        ..EmulatorConfig::default()
    };
    config.resources.push(resource("read_after_rotation"));
    let world = World::with(config);
    let claims = world.emulator.claims().set("jti", "the-second-one");
    let second = world.emulator.issuer().mint(&claims);
    let volume = world.volume.clone();
    let rotation = Box::new(move || volume.rotate(&second).expect("a rotation"));
    assert!(rotate.set(rotation).is_ok());

    let (error, rules) = make(&world, "read_after_rotation");
    assert_eq!(error.to_string(), "old true, new true");
    assert!(rules.is_empty(), "{rules:?}");
}

/// `inspect-token` sends nothing, and what it returns is judged as well.
#[test]
fn what_holds_for_get_token_holds_for_inspect_token() {
    let inspect = |attempt: &str| {
        let world = World::new();
        let flags = Flags {
            server_id: Some(resource(attempt)),
            ..Flags::default()
        };
        let hostile = artifacts::external(artifacts::bytes("hostile"));
        let hostile =
            Sandbox::with_settings(&world, &world.settings(&flags), hostile, |builder| builder)
                .expect("loads");
        let result = block_on(hostile.keyhole.inspect_token());
        assert_eq!(world.emulator.connections(), 0, "nothing is sent");
        (result, refused(&hostile.events()))
    };
    for (attempt, rule) in [
        ("open_sibling", "file.name"),
        ("return_token_never_sent", "request.count"),
        ("message_over_limit", "result.text"),
        ("grow_memory", "limit.reached"),
    ] {
        let (result, rules) = inspect(attempt);
        assert!(result.is_err(), "{attempt}: {result:?}");
        assert_eq!(rules, [rule], "{attempt}");
    }
    let (result, _) = inspect("federated_token_in_denied_error");
    let error = result.expect_err("an error");
    assert_eq!(error.to_string(), "[redacted]");
    assert_eq!(error.next_step(), "[redacted]");
}

#[test]
fn claims_in_any_string() {
    const CLAIMS: &str = "{\"access_token\":{\"acrs\":{\"value\":\"a-secret-of-the-caller\"}}}";
    let secret = Secret::new("claims", CLAIMS);
    for attempt in ["claims_in_every_string", "claims_in_path"] {
        let world = World::granting(&resource(attempt));
        let hostile = artifacts::external(artifacts::bytes("hostile"));
        let hostile = Sandbox::new(&world, hostile, |builder| builder).expect("loads");
        let request = TokenRequest {
            scope: Some(Scope::of_server(&resource(attempt)).expect("a scope")),
            claims: Some(CLAIMS.to_owned().into()),
            ..TokenRequest::default()
        };
        let error = block_on(hostile.keyhole.get_token(request)).expect_err("no token");
        let said = format!("{error} {} {error:?}", error.next_step());
        assert!(said.contains("[redacted]"), "{attempt}: {said}");
        secret.must_not_be_in("the error", &said);
        let log = serde_json::to_string(&hostile.events()).expect("JSON");
        secret.must_not_be_in("the audit log", &log);
    }
}

/// The search for secrets is the host's own work, after the component's end:
/// neither fuel nor the deadline bounds it.
#[test]
fn texts_that_take_long_to_search() {
    /// Beyond what the exchange itself takes; unbounded, it would be half a minute.
    const SOON: Duration = Duration::from_secs(5);

    let attempt = "texts_that_take_long_to_search";
    let world = World::granting(&resource(attempt));
    let answer = Answer::json_text(200, "a".repeat(1 << 20));
    world.emulator.always(Some(Fault::Answer(answer)));
    let answered = Arc::new(OnceLock::new());
    let log = answered.clone();
    let hostile = artifacts::external(artifacts::bytes("hostile"));
    let hostile = Sandbox::new(&world, hostile, |builder| {
        builder.audit(move |event: &keyhole_host::audit::AuditEvent| {
            // The last event of a component that was not ended.
            if event.target == "fuel" {
                let _ = log.set(Instant::now());
            }
        })
    })
    .expect("loads");
    let scope = Scope::of_server(&resource(attempt)).expect("a scope");
    let error = hostile.get_token_for(Some(scope)).expect_err("no token");
    let took = answered.get().expect("it answered").elapsed();
    assert!(took < SOON, "{took:?} after the component's end: {error}");
    assert_eq!(world.emulator.requests().len(), 6);
}
