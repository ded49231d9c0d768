//! Hostile components in WAT text: what no compiler would make of any source.

use keyhole_host::{Error, Origin};
use keyhole_tests::sandbox::{Sandbox, refused};
use keyhole_tests::wat_component::WatComponent;
use keyhole_tests::{World, artifacts};
use std::time::Duration;

/// What a component comes to.
enum Ends {
    /// It is ended by this limit.
    Limit(&'static str),
    /// It is ended by the deadline.
    Deadline,
    /// It ends itself.
    Trap,
    /// It is not loaded.
    NotLoaded,
}
use Ends::{Deadline, Limit, NotLoaded, Trap};

/// Long enough for anything but a component that never ends.
const PATIENCE: Duration = Duration::from_secs(60);

/// Short enough for one that never does.
const IMPATIENCE: Duration = Duration::from_millis(500);

/// Runs it twice, with the honest exchange between: the host goes on.
fn must(component: &WatComponent<'_>, ends: &Ends) {
    let world = World::new();
    let timeout = match ends {
        Deadline => IMPATIENCE,
        _ => PATIENCE,
    };
    let artifact = artifacts::external(component.bytes());
    let sandbox = match (
        Sandbox::new(&world, artifact, |builder| builder.timeout(timeout)),
        ends,
    ) {
        (Ok(sandbox), _) => sandbox,
        (Err(Error::Artifact { .. }), NotLoaded) => return,
        (Err(error), _) => panic!("{error:?}"),
    };
    must_end(&sandbox, ends);
    Sandbox::honest(&world)
        .get_token()
        .expect("the honest exchange goes on");
    must_end(&sandbox, ends);
    assert_eq!(world.honest_requests().len(), 1, "the honest one's");
}

fn must_end(sandbox: &Sandbox, ends: &Ends) {
    let error = sandbox.get_token().expect_err("no token");
    let events = sandbox.events();
    crate::audit_log::must_be_valid(&events);
    match (ends, &error) {
        (Limit(name), Error::Limit(limit)) => {
            assert_eq!(limit.name, *name);
            assert_eq!(refused(&events), ["limit.reached"]);
        }
        (Deadline, Error::Deadline { .. }) => assert_eq!(refused(&events), ["limit.deadline"]),
        (Trap, Error::Trap { origin, .. }) => assert_eq!(*origin, Origin::External),
        _ => panic!("it came to something else: {error:?}"),
    }
}

fn does(get_token: &str, ends: &Ends) {
    must(
        &WatComponent {
            get_token,
            ..WatComponent::default()
        },
        ends,
    );
}

fn has(fields: &str, get_token: &str, ends: &Ends) {
    must(
        &WatComponent {
            fields,
            get_token,
            ..WatComponent::default()
        },
        ends,
    );
}

#[test]
fn a_table_that_grows_is_ended() {
    has(
        "(table $table 1 funcref)",
        "(drop (table.grow $table (ref.null func) (i32.const 2000)))",
        &Limit("table size"),
    );
}

#[test]
fn a_table_that_begins_beyond_its_limit_is_ended() {
    has("(table 2000 funcref)", "", &Limit("table size"));
}

#[test]
fn more_tables_than_the_exchange_has_are_ended() {
    has(&"(table 1 funcref)".repeat(100), "", &Limit("tables"));
}

#[test]
fn a_memory_that_grows_is_ended() {
    does(
        "(drop (memory.grow (i32.const 256)))",
        &Limit("linear memory"),
    );
}

#[test]
fn a_memory_that_begins_beyond_its_limit_is_ended() {
    must(
        &WatComponent {
            pages: 257,
            ..WatComponent::default()
        },
        &Limit("linear memory"),
    );
}

#[test]
fn a_loop_without_end_is_ended() {
    does("(loop $again (br $again))", &Deadline);
}

#[test]
fn a_loop_without_end_before_anything_was_asked_is_ended() {
    has(
        "(func $spin (loop $again (br $again))) (start $spin)",
        "",
        &Deadline,
    );
}

#[test]
fn recursion_without_end_is_ended() {
    has("(func $deep (call $deep))", "(call $deep)", &Limit("stack"));
}

#[test]
fn what_aborts_is_its_own_end() {
    does("unreachable", &Trap);
    does("(drop (i32.div_u (i32.const 1) (i32.const 0)))", &Trap);
    does("(drop (i32.load (i32.const 0x7fffffff)))", &Trap);
    has(
        "(table $table 1 funcref)",
        "(call_indirect $table (i32.const 0))",
        &Trap,
    );
}

/// Each reads the error's case from the first byte of the answer.
#[test]
fn an_answer_that_is_none_is_the_component_s_own_end() {
    // Beyond the memory, and not aligned.
    does("(return (i32.const 0x7ffffff0))", &Trap);
    does("(return (i32.const 17))", &Trap);
    // A result that is neither, and an error of no kind.
    does(
        "(i32.store8 (i32.const 64) (i32.const 9)) (return (i32.const 64))",
        &Trap,
    );
    let error = "(i32.store8 (i32.const 64) (i32.const 1))";
    does(
        &format!("{error} (i32.store8 (i32.const 72) (i32.const 99)) (return (i32.const 64))"),
        &Trap,
    );
}

#[test]
fn a_text_beyond_the_memory_or_that_is_none_is_the_component_s_own_end() {
    // The case `denied` and its message: a pointer and a length.
    let denied = "(i32.store8 (i32.const 64) (i32.const 1))
                  (i32.store8 (i32.const 72) (i32.const 6))";
    for message in [
        "(i32.store (i32.const 80) (i32.const 0x7fffffff)) (i32.store (i32.const 84) (i32.const 9))",
        "(i32.store (i32.const 80) (i32.const 0)) (i32.store (i32.const 84) (i32.const -1))",
        "(i32.store (i32.const 80) (i32.const 96)) (i32.store (i32.const 84) (i32.const 4))
         (i32.store (i32.const 96) (i32.const -1))",
    ] {
        does(
            &format!("{denied} {message} (return (i32.const 64))"),
            &Trap,
        );
    }
}

const FROM_LIST: &str = "(import \"wasi:http/types@0.2.12\" \"[static]fields.from-list\"
    (func $from_list (param i32 i32 i32)))";

#[test]
fn a_list_of_a_million_aliases_of_one_megabyte_is_not_copied() {
    // An item is the name's pointer and length and the value's; names and
    // values lie upon the list itself.
    let list = "(local $at i32)
        (loop $again
          (i32.store offset=4 (local.get $at) (i32.const 1))
          (i32.store offset=12 (local.get $at) (i32.const 0x100000))
          (local.set $at (i32.add (local.get $at) (i32.const 16)))
          (br_if $again (i32.lt_u (local.get $at) (i32.const 16000000))))
        (call $from_list (i32.const 0) (i32.const 1000000) (i32.const 16000000))";
    must(
        &WatComponent {
            imports: FROM_LIST,
            pages: 256,
            get_token: list,
            ..WatComponent::default()
        },
        &Limit("hostcall fuel"),
    );
}

#[test]
fn a_path_of_sixteen_mebibytes_is_not_copied() {
    must(
        &WatComponent {
            imports: "(import \"wasi:filesystem/types@0.2.12\" \"[method]descriptor.open-at\"
                (func $open (param i32 i32 i32 i32 i32 i32 i32)))
              (import \"wasi:filesystem/preopens@0.2.12\" \"get-directories\"
                (func $directories (param i32)))",
            pages: 256,
            get_token: "(call $directories (i32.const 64))
              (call $open (i32.load (i32.load (i32.const 64))) (i32.const 0) (i32.const 0)
                (i32.const 0x1000000) (i32.const 0) (i32.const 1) (i32.const 128))",
            ..WatComponent::default()
        },
        &Limit("hostcall fuel"),
    );
}

#[test]
fn a_list_of_four_million_pollables_is_not_polled() {
    must(
        &WatComponent {
            imports: "(import \"wasi:io/poll@0.2.12\" \"poll\"
                (func $poll (param i32 i32 i32)))
              (import \"wasi:clocks/monotonic-clock@0.2.12\" \"subscribe-duration\"
                (func $soon (param i64) (result i32)))",
            pages: 256,
            get_token: "(local $soon i32) (local $at i32)
              (local.set $soon (call $soon (i64.const 1)))
              (loop $again
                (i32.store (local.get $at) (local.get $soon))
                (local.set $at (i32.add (local.get $at) (i32.const 4)))
                (br_if $again (i32.lt_u (local.get $at) (i32.const 0x1000000))))
              (call $poll (i32.const 0) (i32.const 0x400000) (i32.const 0))",
            ..WatComponent::default()
        },
        &Limit("hostcall fuel"),
    );
}

#[test]
fn a_handle_that_is_not_its_own_is_the_component_s_own_end() {
    must(
        &WatComponent {
            imports: "(import \"wasi:io/streams@0.2.12\" \"[method]input-stream.subscribe\"
                (func $subscribe (param i32) (result i32)))",
            get_token: "(drop (call $subscribe (i32.const 1)))",
            ..WatComponent::default()
        },
        &Trap,
    );
}

#[test]
fn a_second_memory_is_not_given() {
    has("(memory $second 1)", "", &Limit("memories"));
}

#[test]
fn what_the_exchange_does_not_need_of_webassembly_is_not_loaded() {
    for fields in [
        "(func (drop (v128.const i64x2 0 0)))",
        "(memory $large i64 1)",
        "(func $tail (return_call $tail))",
    ] {
        has(fields, "", &NotLoaded);
    }
}
