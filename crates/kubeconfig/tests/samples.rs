//! Every kubeconfig of `samples`: what it becomes, byte for byte, what is said
//! of it, and the diff. A second reader, libyaml's, is asked what changed.

#![expect(clippy::unwrap_used, reason = "a test that fails says where")]

use std::fmt::Write as _;
use std::path::Path;

use keyhole_exchange::settings::Flags;
use keyhole_kubeconfig::{Conversion, Kubeconfig, Outcome, Wanted};
use serde_yaml_ng::Value;

/// What a secret begins with in the samples.
const SECRET: &str = "SECRET-";

fn wanted() -> Wanted {
    Wanted::new(Flags {
        server_id: Some("6dae42f8-4368-4678-94ff-3960e28e3630".into()),
        client_id: Some("33333333-3333-3333-3333-333333333333".into()),
        ..Flags::default()
    })
    .unwrap()
}

fn convert(text: &str, wanted: &Wanted) -> (Kubeconfig, Conversion) {
    let old = Kubeconfig::parse(text.to_owned()).unwrap();
    let conversion = old.convert(wanted, &|_| None).unwrap();
    (old, conversion)
}

/// With line ends that show in a snapshot.
fn visible(text: &str) -> String {
    let end = if text.ends_with('\n') || text.is_empty() {
        ""
    } else {
        "<no newline>"
    };
    text.replace('\r', "<CR>").replace('\u{feff}', "<BOM>") + end
}

fn each(mut check: impl FnMut(&str, &str)) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/samples");
    let mut paths: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    assert!(paths.len() > 10);
    for path in paths {
        let name = path.file_stem().unwrap().to_str().unwrap();
        check(name, &std::fs::read_to_string(&path).unwrap());
    }
}

#[test]
fn each_sample_becomes_what_its_snapshot_says() {
    each(|name, text| {
        let (old, conversion) = convert(text, &wanted());
        let mut shown = String::new();
        for user in &conversion.users {
            let _ = writeln!(shown, "{}: {:?}", user.name, user.outcome);
        }
        let diff = conversion.diff(&old).unwrap();
        let _ = writeln!(shown, "--- text\n{}", visible(&conversion.text));
        let _ = writeln!(shown, "--- diff\n{}", diff.join("\n"));
        insta::assert_snapshot!(name, shown);
    });
}

#[test]
fn converting_twice_is_converting_once() {
    each(|name, text| {
        let (_, once) = convert(text, &wanted());
        let (_, twice) = convert(&once.text, &wanted());
        assert_eq!(once.text, twice.text, "{name}");
        assert!(!twice.is_changed(), "{name}");
        for user in twice.users {
            assert!(
                matches!(user.outcome, Outcome::Unchanged | Outcome::Skipped(_)),
                "{name}: {user:?}"
            );
        }
    });
}

#[test]
fn no_diff_and_no_report_shows_a_secret() {
    each(|name, text| {
        let (old, conversion) = convert(text, &wanted());
        let said = format!(
            "{:?} {:?} {old:?} {conversion:?}",
            conversion.diff(&old).unwrap(),
            conversion.users
        );
        assert!(!said.contains(SECRET), "{name}: {said}");
    });
}

#[test]
fn comments_survive() {
    each(|name, text| {
        let comments = |text: &str| {
            let mut found: Vec<String> = text
                .lines()
                .filter_map(|line| {
                    line.split_once(" # ")
                        .map(|(_, comment)| comment.trim().to_owned())
                })
                .collect();
            found.sort();
            found
        };
        let indented: String = text.lines().map(|line| format!(" {line}\n")).collect();
        let (_, conversion) = convert(text, &wanted());
        let after: String = conversion
            .text
            .lines()
            .map(|line| format!(" {line}\n"))
            .collect();
        assert_eq!(comments(&indented), comments(&after), "{name}");
    });
}

#[test]
fn json_stays_json() {
    each(|name, text| {
        if name.starts_with("json") {
            let (_, conversion) = convert(text, &wanted());
            let read: serde_json::Value = serde_json::from_str(&conversion.text).unwrap();
            assert_eq!(read["users"][0]["user"]["exec"]["command"], "keyhole");
        }
    });
}

/// What libyaml reads, without what a conversion may change.
fn rest(text: &str, changed: &[String]) -> Value {
    let mut value: Value = serde_yaml_ng::from_str(text).unwrap();
    let Some(users) = value.get_mut("users").and_then(Value::as_sequence_mut) else {
        return value;
    };
    for user in users {
        let name = user["name"].as_str().unwrap_or_default().to_owned();
        if !changed.contains(&name) {
            continue;
        }
        let user = user["user"].as_mapping_mut().unwrap();
        user.remove("auth-provider");
        let exec = user.remove("exec");
        if let Some(Value::Mapping(mut exec)) = exec {
            for key in ["apiVersion", "command", "args", "interactiveMode"] {
                exec.remove(key);
            }
            if !exec.is_empty() {
                user.insert("exec".into(), Value::Mapping(exec));
            }
        }
    }
    value
}

#[test]
fn another_reader_finds_nothing_else_changed() {
    each(|name, text| {
        let (_, conversion) = convert(text, &wanted());
        let changed: Vec<String> = conversion
            .users
            .iter()
            .filter(|user| matches!(user.outcome, Outcome::Changed { .. }))
            .map(|user| user.name.clone())
            .collect();
        assert_eq!(
            rest(text, &changed),
            rest(&conversion.text, &changed),
            "{name}"
        );
        let read: Value = serde_yaml_ng::from_str(&conversion.text).unwrap();
        for user in read
            .get("users")
            .and_then(Value::as_sequence)
            .into_iter()
            .flatten()
        {
            if !changed.iter().any(|name| user["name"] == name.as_str()) {
                continue;
            }
            let exec = &user["user"]["exec"];
            let command = exec["command"].as_str().unwrap();
            assert!(command.ends_with("keyhole"), "{name}: {command}");
            assert_eq!(exec["interactiveMode"], "Never", "{name}");
            assert_eq!(exec["args"][0], "get-token", "{name}");
            assert_eq!(exec["args"][2], "workloadidentity", "{name}");
            assert!(user["user"].get("auth-provider").is_none(), "{name}");
        }
    });
}
