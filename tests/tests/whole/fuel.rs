//! The fuel of a call is 20 times what the longest honest exchange burns.

use keyhole_emulator::{Answer, Fault};
use keyhole_host::Error;
use keyhole_host::audit::Capability;
use keyhole_host::grants::limits::FUEL;
use keyhole_host::grants::request::MAX_REQUESTS;
use keyhole_tests::World;
use keyhole_tests::sandbox::Sandbox;

/// The JSON that burned most of what was tried: small arrays, as many as an
/// answer of 1 MiB holds.
fn costly_json() -> String {
    let items = vec!["[1]"; 260_000].join(",");
    format!("{{\"error\":\"invalid_request\",\"x\":[{items}]}}")
}

#[test]
fn the_longest_honest_exchange_burns_a_twentieth_of_the_fuel() {
    let world = World::new();
    let sandbox = Sandbox::honest(&world);
    world
        .emulator
        .queue(Fault::Answer(Answer::json_text(400, costly_json())));
    let error = sandbox.get_token().expect_err("a refusal");
    assert!(matches!(error, Error::Token { .. }), "{error:?}");

    let events = sandbox.events();
    let used = events
        .iter()
        .filter(|event| event.capability == Capability::Limit && event.target == "fuel")
        .find_map(|event| {
            event
                .detail
                .as_deref()?
                .split(' ')
                .nth(1)?
                .parse::<u64>()
                .ok()
        })
        .expect("what was used");
    let longest = used * u64::from(MAX_REQUESTS);
    assert!(longest * 20 <= FUEL, "{used} an answer: grant more");
    assert!(longest * 80 >= FUEL, "{used} an answer: grant less");
}
