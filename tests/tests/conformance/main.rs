//! The same bytes, the same answers, on every runtime: the cases of
//! `tests/conformance/cases` on our host and on stock runtimes, each with an
//! authority of its own. `target/conformance.html` and `.json` have every cell.
//!
//! `KEYHOLE_CONFORMANCE` chooses runtimes by parts of their names, and
//! `KEYHOLE_REQUIRE_RUNTIMES` is how many must have run.

mod case;
mod deviations;
mod docs;
mod isolation;
mod judge;
mod missing;
mod pod;
mod report;
mod runtimes;
mod suite;

use keyhole_tests::artifacts::workspace;
use std::collections::BTreeSet;
use std::fs;
use std::sync::{Mutex, MutexGuard, PoisonError};
use suite::{Column, Outcome};

/// Fewer cases than that are not what was promised.
const CASES: usize = 120;

/// The two tests that have work for all cores: one after the other, or programs on
/// both sides wait longer than their time limits.
static ALL_CORES: Mutex<()> = Mutex::new(());

fn all_cores() -> MutexGuard<'static, ()> {
    ALL_CORES.lock().unwrap_or_else(PoisonError::into_inner)
}

#[test]
fn every_runtime_gives_the_same_answers() {
    let _alone = all_cores();
    let cases = case::all();
    let deviations = deviations::all();
    let scratch = tempfile::TempDir::with_prefix("keyhole-conformance-").expect("a folder");
    let program = runtimes::Program::keyhole(scratch.path());
    let mut runtimes = runtimes::all(scratch.path(), &program);
    if let Ok(chosen) = std::env::var("KEYHOLE_CONFORMANCE") {
        runtimes.retain(|listed| chosen.split(',').any(|part| listed.name.contains(part)));
    }
    let columns = suite::run(&cases, &program, &runtimes, &deviations);
    let target = workspace().join("target");
    let json = report::json(&cases, &columns);
    let json = serde_json::to_string_pretty(&json).expect("JSON");
    fs::write(target.join("conformance.json"), json).expect("the report");
    let page = report::html(&cases, &columns);
    fs::write(target.join("conformance.html"), page).expect("the report");

    let failures: Vec<String> = columns.iter().flat_map(failures).collect();
    let listed: Vec<String> = columns.iter().map(line).collect();
    println!("{}", listed.join("\n"));
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    enough_must_have_run(&columns);
}

/// A line of a runtime.
fn line(column: &Column) -> String {
    match &column.run {
        Err(why) => format!("{}: not run: {why}", column.name),
        Ok(measured) => {
            let count = |is: fn(&Outcome) -> bool| {
                let results = measured.results.iter();
                results.filter(|result| is(&result.outcome)).count()
            };
            format!(
                "{} ({}): {} same, {} known to differ, {} fail, {} not applicable",
                column.name,
                measured.version,
                count(|outcome| matches!(outcome, Outcome::Same)),
                count(|outcome| matches!(outcome, Outcome::Deviates(_))),
                count(|outcome| matches!(outcome, Outcome::Fails(_))),
                count(|outcome| matches!(outcome, Outcome::NotApplicable(_))),
            )
        }
    }
}

fn failures(column: &Column) -> Vec<String> {
    let results = column.run.iter().flat_map(|measured| &measured.results);
    results
        .filter_map(|result| match &result.outcome {
            Outcome::Fails(differ) => Some(format!(
                "{}: {}: {}",
                column.name,
                result.case,
                differ.join("; ")
            )),
            _ => None,
        })
        .collect()
}

/// A runtime that cannot be had is not run, and never passed; too many of them
/// prove nothing.
fn enough_must_have_run(columns: &[Column]) {
    let Ok(required) = std::env::var("KEYHOLE_REQUIRE_RUNTIMES") else {
        return;
    };
    let required: usize = required
        .parse()
        .expect("KEYHOLE_REQUIRE_RUNTIMES is a number");
    let families: BTreeSet<_> = columns
        .iter()
        .filter_map(|column| Some(column.run.as_ref().ok()?.family))
        .collect();
    let missing: Vec<_> = columns
        .iter()
        .filter_map(|column| Some(format!("{}: {}", column.name, column.run.as_ref().err()?)))
        .collect();
    assert!(
        families.len() >= required,
        "{} runtimes ran ({families:?}), {required} are required; not run: {missing:#?}",
        families.len()
    );
}

#[test]
fn there_are_as_many_cases_as_promised_and_no_deviation_of_nothing() {
    let cases = case::all();
    assert!(cases.len() >= CASES, "{} cases", cases.len());
    let names: BTreeSet<_> = cases.iter().map(|case| case.case.as_str()).collect();
    let known: Vec<&str> = runtimes::NAMES.to_vec();
    for deviation in deviations::all() {
        for case in &deviation.cases {
            assert!(names.contains(case.as_str()), "no case {case:?}");
        }
        for runtime in &deviation.runtimes {
            assert!(known.contains(&runtime.as_str()), "no runtime {runtime:?}");
        }
    }
}

/// `KEYHOLE_BLESS=1` takes over what is measured.
#[test]
fn what_each_runtime_isolates_is_what_the_docs_say() {
    let _alone = all_cores();
    let chosen = std::env::var("KEYHOLE_CONFORMANCE").ok();
    let chosen = |name: &str| {
        let parts = chosen.as_deref().map(|chosen| chosen.split(','));
        parts.is_none_or(|mut parts| parts.any(|part| name.contains(part)))
    };
    let scratch = tempfile::TempDir::with_prefix("keyhole-isolation-").expect("a folder");
    let measured = isolation::measure(scratch.path(), &chosen);
    if std::env::var_os("KEYHOLE_BLESS").is_some() {
        isolation::bless(&measured);
    }
    let known = isolation::known();
    for (runtime, column) in &measured {
        for (how, rows) in column.as_object().into_iter().flatten() {
            assert_eq!(Some(rows), known[runtime].get(how), "{runtime}, {how}");
        }
    }
}
