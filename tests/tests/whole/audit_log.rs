//! The audit log and its schema.

use jsonschema::Validator;
use keyhole_host::audit::{AuditEvent, Capability, Decision};
use keyhole_tests::leaks::Secret;
use keyhole_tests::sandbox::Sandbox;
use keyhole_tests::{World, artifacts};
use serde_json::Value;
use std::sync::LazyLock;

static SCHEMA: LazyLock<Validator> = LazyLock::new(|| {
    let path = artifacts::workspace().join("docs/audit.schema.json");
    let schema = std::fs::read(&path).expect("the schema");
    let schema: Value = serde_json::from_slice(&schema).expect("the schema is JSON");
    jsonschema::validator_for(&schema).expect("the schema is one")
});

/// Fails unless each event is what `docs/audit.schema.json` says.
pub(crate) fn must_be_valid(events: &[AuditEvent]) {
    for (number, event) in events.iter().enumerate() {
        must_be_a_valid_line(&serde_json::to_value(event).expect("JSON"));
        assert_eq!(event.seq as usize, number, "numbered from the call's start");
    }
    assert!(
        events.windows(2).all(|pair| pair[0].t_us <= pair[1].t_us),
        "in the order of time"
    );
}

/// Fails unless a line of the log is what `docs/audit.schema.json` says.
pub(crate) fn must_be_a_valid_line(line: &Value) {
    let errors: Vec<String> = SCHEMA.iter_errors(line).map(|e| e.to_string()).collect();
    assert!(errors.is_empty(), "{line}: {errors:?}");
}

#[test]
fn an_exchange_is_logged_step_by_step_and_holds_no_secret() {
    let world = World::new();
    let sandbox = Sandbox::honest(&world);
    let token = sandbox.get_token().expect("a token");
    let events = sandbox.events();
    must_be_valid(&events);
    let mut steps: Vec<Capability> = events.iter().map(|event| event.capability).collect();
    steps.dedup();
    assert_eq!(
        steps,
        [
            Capability::Env,
            Capability::File,
            Capability::Request,
            Capability::Resolve,
            Capability::Connect,
            Capability::Tls,
            Capability::Request,
            Capability::Limit,
            Capability::Result
        ]
    );
    assert!(
        events
            .iter()
            .all(|event| event.decision == Decision::Allowed),
        "{events:?}"
    );
    let log = serde_json::to_string(&events).expect("JSON");
    let said = format!("{log}{events:?}{token:?}{:?}", sandbox.keyhole.grants());
    Secret::new("access token", token.expose()).must_not_be_in("the log", &said);
    Secret::new("federated token", &world.federated_token()).must_not_be_in("the log", &said);

    let request = &world.honest_requests()[0];
    let id = request.header("client-request-id").expect("an id");
    assert!(log.contains(id), "the client-request-id is in the log");
}

#[test]
fn each_call_has_a_number_of_its_own() {
    let world = World::new();
    let sandbox = Sandbox::honest(&world);
    sandbox.get_token().expect("a token");
    let first = sandbox.events()[0].call;
    sandbox.get_token().expect("a token");
    let second = sandbox.events();
    assert!(second.iter().all(|event| event.call > first));
    assert_eq!(second[0].seq, 0);
}

#[test]
fn an_event_that_the_schema_does_not_know_is_not_valid() {
    let line = serde_json::json!({
        "seq": 0, "t_us": 1, "call": 1, "capability": "file", "target": "x",
        "decision": "refused"
    });
    assert!(!SCHEMA.is_valid(&line), "a refusal has a rule");
    let mut line = line;
    line["rule"] = "file.name".into();
    must_be_a_valid_line(&line);
    line["content"] = "eyJ".into();
    assert!(
        !SCHEMA.is_valid(&line),
        "no field but those that are listed"
    );
}
