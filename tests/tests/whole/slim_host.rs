//! Hostile components, precompiled, in a host without a compiler.

use keyhole_tests::World;
use keyhole_tests::slim_host::SlimHost;
use std::time::Duration;

/// Attempts of each group, and what the host says of each.
const ATTEMPTS: &[(&str, &str)] = &[
    ("open_sibling", "refused file.name"),
    ("open_for_writing", "refused file.flags"),
    ("read_the_folder", "refused file.operation"),
    ("post_other_host", "refused request.authority"),
    ("post_path_with_encoded_dots", "refused request.path"),
    ("transfer_encoding_header", "refused request.header.name"),
    ("other_scope", "refused form.scope"),
    ("assertion_not_from_file", "refused form.client_assertion"),
    ("unfinished_body", "refused request.body.incomplete"),
    ("seventh_request", "refused request.count"),
    ("return_token_never_sent", "refused result.token"),
    ("success_after_refusal", "refused file.name"),
    ("grow_memory", "limit linear memory"),
    ("deep_recursion", "limit stack"),
    ("resources_by_the_million", "limit resources"),
    ("path_of_three_mebibytes", "limit hostcall fuel"),
    ("panics", "trap"),
];

/// What has to wait for the deadline.
const ENDLESS: &[(&str, &str)] = &[
    ("endless_loop", "deadline"),
    ("endless_wait", "deadline"),
    ("call_host_without_end", "deadline"),
];

fn must_answer(attempts: &[(&str, &str)], timeout: Duration) {
    for (attempt, expected) in attempts {
        let resource = format!("api://attempt/{attempt}");
        let world = World::granting(&resource);
        let scope = format!("{resource}/.default");
        let mut host = SlimHost::start_for(&world, "hostile", timeout, Some(&scope));
        // Twice: the host is able to run the next call.
        for _ in 0..2 {
            assert_eq!(host.step("exchange"), *expected, "{attempt}");
        }
    }
}

#[test]
fn a_precompiled_hostile_component_is_held_off_by_the_slim_host() {
    must_answer(ATTEMPTS, Duration::from_secs(60));
}

#[test]
fn a_precompiled_hostile_component_that_never_ends_is_ended_by_the_slim_host() {
    must_answer(ENDLESS, Duration::from_millis(500));
}
