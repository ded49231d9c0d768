//! docs/runtimes.md against what the suite does.

use crate::isolation;
use crate::pod::{Pod, Transport};
use crate::runtimes::{self, Program};
use keyhole_tests::artifacts::workspace;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;

fn path() -> std::path::PathBuf {
    workspace().join("docs/runtimes.md")
}

fn text() -> String {
    fs::read_to_string(path()).expect("the docs")
}

/// What stands in the docs between two marks.
fn between<'t>(text: &'t str, mark: &str) -> &'t str {
    let start = format!("<!-- {mark} -->\n");
    let (_, rest) = text.split_once(&start).expect("the mark");
    let (inside, _) = rest.split_once("<!-- end -->").expect("its end");
    inside.trim()
}

/// `KEYHOLE_BLESS=1` puts the tables into the docs.
#[test]
fn the_tables_of_isolation_are_what_was_measured() {
    let tables = isolation::tables();
    for (mark, table) in ["bare", "narrowed", "guarded"].iter().zip(&tables) {
        let docs = text();
        let shown = between(&docs, mark);
        if std::env::var_os("KEYHOLE_BLESS").is_some() {
            let (start, end) = (format!("<!-- {mark} -->\n"), "<!-- end -->");
            let (before, rest) = docs.split_once(&start).expect("the mark");
            let (_, after) = rest.split_once(end).expect("its end");
            let docs = format!("{before}{start}{table}\n{end}{after}");
            fs::write(path(), docs).expect("the docs");
            continue;
        }
        assert_eq!(shown, table, "{mark}: KEYHOLE_BLESS=1 takes it over");
    }
}

#[test]
fn both_rules_of_guards_hold_the_same() {
    assert_eq!(isolation::rules_differ(), [""; 0]);
}

#[test]
fn the_commands_of_the_docs_are_those_that_are_run() {
    let docs = text();
    let lines: BTreeSet<_> = docs.lines().collect();
    let scratch = tempfile::TempDir::with_prefix("keyhole-docs-").expect("a folder");
    let program = Program::keyhole(scratch.path());
    let listed = runtimes::all(scratch.path(), &program);
    for listed in &listed {
        let word = listed.name.rsplit(", ").last().unwrap_or_default();
        assert!(docs.contains(word), "{} is not named", listed.name);
        let Ok(runtime) = &listed.found else { continue };
        let version = runtime.version();
        let is_exact = |word: &&str| {
            word.starts_with(|c: char| c.is_ascii_digit()) && word.matches('.').count() == 2
        };
        // Ours is not the docs' to name.
        let version = version.split(' ').find(is_exact);
        if let Some(version) = version.filter(|_| runtime.family() != "keyhole") {
            assert!(docs.contains(version), "{}: {version}", listed.name);
        }
        let command = runtime.command().join(" ");
        assert!(lines.contains(command.as_str()), "{command}");
    }
    for how in [
        &runtimes::javascript::TRANSPILE[..],
        &runtimes::chromium::TRANSPILE[..],
    ] {
        let how = how.join(" ");
        let transpile = format!("npx jco transpile keyhole.wasm -o keyhole {how}");
        assert!(lines.contains(transpile.as_str()), "{transpile}");
    }
}

#[test]
fn the_plan_of_the_docs_has_the_fields_that_drivers_are_given() {
    let docs = text();
    let (_, rest) = docs.split_once("```json\n").expect("a plan");
    let (plan, _) = rest.split_once("```").expect("its end");
    let shown: Value = serde_json::from_str(plan).expect("JSON");
    let case = crate::case::all().swap_remove(0);
    let pod = Pod::new(&case, Transport::Tls);
    let given = runtimes::javascript::run_of(&pod, runtimes::Grants::Folder);
    let names = |value: &Value| -> BTreeSet<String> {
        let fields = value.as_object().expect("an object");
        fields.keys().cloned().collect()
    };
    assert_eq!(names(&shown["runs"][0]), names(&given));
    assert_eq!(
        names(&shown["runs"][0]["variables"]),
        runtimes::PODS_VARIABLES.map(str::to_owned).into()
    );
}
