//! Whether what came of a case is what is expected.

use crate::case::Expectation;
use crate::pod::Pod;
use crate::runtimes::Ran;
use serde_json::Value;

/// Exit codes and the classes that reports name.
const CLASSES: [(u8, &str); 6] = [
    (2, "configuration"),
    (3, "federated-token"),
    (4, "refused"),
    (5, "unavailable"),
    (6, "bad-response"),
    (7, "sandbox"),
];

/// What differs from the expectation; nothing is as it should be.
pub(crate) fn differences(pod: &Pod, expected: &Expectation, ran: &Ran) -> Vec<String> {
    let mut differ = Vec::new();
    if expected.trap {
        return of_trap(ran);
    }
    if ran.exit != Some(expected.exit.into()) {
        let said = ran.stderr.lines().next().unwrap_or_default();
        differ.push(format!(
            "exit code {:?}, not {} ({said})",
            ran.exit, expected.exit
        ));
    }
    let came = pod.emulator.requests().len();
    let requests = expected.requests.or(match expected.exit {
        2 | 3 => Some(0),
        0 | 4 | 6 => Some(1),
        _ => None,
    });
    if let Some(requests) = requests
        && came != requests
    {
        differ.push(format!("{came} requests, not {requests}"));
    }
    if requests.is_none() && came == 0 {
        differ.push("no request at all".to_owned());
    }
    let json: Value = serde_json::from_str(&ran.stdout).unwrap_or_default();
    let reports = pod.case.command.iter().any(|word| word == "json")
        && pod
            .case
            .command
            .first()
            .is_some_and(|word| word == "verify");
    if reports {
        differ.extend(of_report(expected, &json));
    }
    for (path, value) in &expected.fields {
        let found = json.pointer(&format!("/{}", path.replace('.', "/")));
        let found = found.unwrap_or(&Value::Null);
        let value = filled(pod, value);
        if !matches(&value, found) {
            differ.push(format!("{path} is {found}, not {value}"));
        }
    }
    let said = match reports {
        true => json["failure"].to_string() + &json["notes"].to_string(),
        false => ran.stderr.clone(),
    };
    for part in &expected.says {
        let part = pod.fill(part);
        if !said.contains(&part) {
            differ.push(format!("{part:?} is not said: {said}"));
        }
    }
    differ.extend(leaks(pod, expected, ran));
    differ
}

/// An end by the runtime: none of our exit codes, and no result.
fn of_trap(ran: &Ran) -> Vec<String> {
    let by_runtime = !CLASSES
        .iter()
        .any(|(exit, _)| ran.exit == Some((*exit).into()));
    match by_runtime && ran.exit != Some(0) && ran.stdout.is_empty() {
        true => Vec::new(),
        false => vec![format!(
            "exit code {:?}, and no trap: {}",
            ran.exit, ran.stdout
        )],
    }
}

/// What holds for every report.
fn of_report(expected: &Expectation, json: &Value) -> Vec<String> {
    let mut differ = Vec::new();
    let mut must = |path: &str, value: Value| {
        let found = json.pointer(path).unwrap_or(&Value::Null);
        if *found != value {
            differ.push(format!("{path} is {found}, not {value}"));
        }
    };
    must("/form", 1.into());
    must("/command", "verify".into());
    must("/ok", (expected.exit == 0).into());
    must("/exit_code", expected.exit.into());
    if let Some((_, class)) = CLASSES.iter().find(|(exit, _)| *exit == expected.exit) {
        must("/failure/class", (*class).into());
        must("/token", Value::Null);
    } else {
        must("/failure", Value::Null);
        must("/token/type", "Bearer".into());
    }
    differ
}

/// No secret leaves, but for the result of `get-token`, which is one.
fn leaks(pod: &Pod, expected: &Expectation, ran: &Ran) -> Vec<String> {
    let is_the_result = expected.exit == 0 && pod.arguments.iter().any(|word| word == "get-token");
    let mut leaks = Vec::new();
    for secret in pod.secrets() {
        for (place, text) in [("output", &ran.stdout), ("errors", &ran.stderr)] {
            let may = is_the_result && place == "output" && secret.name() == "access token";
            if !may && let Some(form) = secret.find(text.as_bytes()) {
                leaks.push(format!("the {} is in the {place}, {form}", secret.name()));
            }
        }
    }
    leaks
}

fn filled(pod: &Pod, value: &Value) -> Value {
    match value {
        Value::String(text) => pod.fill(text).into(),
        Value::Array(items) => items.iter().map(|item| filled(pod, item)).collect(),
        other => other.clone(),
    }
}

/// A text that begins with `~` is a part of the field's, `*` is anything but
/// nothing.
fn matches(expected: &Value, found: &Value) -> bool {
    match expected.as_str() {
        Some("*") => !found.is_null(),
        Some(text) if text.starts_with('~') => {
            let found = found
                .as_str()
                .map_or_else(|| found.to_string(), str::to_owned);
            found.contains(&text[1..])
        }
        _ => expected == found,
    }
}
