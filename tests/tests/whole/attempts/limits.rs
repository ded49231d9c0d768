//! Memory, compute, time, handles, and what the host copies.

use super::Ends::{Deadline, Limit, Trap};

super::attempts! {
    held_by "host/src/keyhole.rs": "limits.apply(&mut store)",
        "host/src/keyhole.rs": "store.limiter(|state| &mut state.limiter);",
        "host/src/keyhole.rs": "let ended = tokio::time::timeout(left, running).await;",
        "host/src/linker.rs": "if Instant::now() >= state.deadline {",
        "host/src/linker.rs": "state.grants.call.within_limits()?;",
        "host/src/call.rs": "if state.refused > MAX_REFUSALS {";

    call_host_without_end => Deadline;
    deep_recursion => Limit("stack");
    endless_loop => Deadline;
    endless_wait => Deadline;
    events_without_end => Limit("events");
    grow_memory => Limit("linear memory");
    message_of_three_mebibytes => Limit("hostcall fuel");
    panics => Trap;
    path_of_three_mebibytes => Limit("hostcall fuel");
    reads_without_end => Limit("reads");
    refusals_by_the_thousand => Limit("refusals");
    resources_by_the_million => Limit("resources");
    thousand_borrows => Limit("handles");
    write_headers_big => Limit("fields");
    header_maps_by_the_hundred => Limit("resources");
    message_of_a_mebibyte => Limit("hostcall fuel");
}

#[test]
fn a_guest_that_works_without_end_runs_out_of_fuel() {
    use keyhole_exchange::scope::Scope;
    use keyhole_host::{Error, Limits};
    use keyhole_tests::sandbox::Sandbox;
    use keyhole_tests::{World, artifacts};

    let world = World::new();
    let hostile = artifacts::external(artifacts::bytes("hostile"));
    let mut limits = Limits::default();
    limits.fuel = 50_000_000;
    let hostile = Sandbox::new(&world, hostile, |builder| builder.limits(limits)).expect("loads");
    let scope = Scope::parse("api://attempt/endless_loop/.default").expect("a scope");
    let error = hostile.get_token_for(Some(scope)).expect_err("no token");
    let Error::Limit(limit) = error else {
        panic!("{error:?}");
    };
    assert_eq!((limit.name, &*limit.value), ("fuel", "50000000 units"));
}
