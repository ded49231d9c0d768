//! The report: runtime × case, as JSON and as one page.

use crate::case::Case;
use crate::suite::{Column, Outcome, Result};
use serde_json::{Value, json};
use std::fmt::Write as _;

/// Every cell, for programs.
pub(crate) fn json(cases: &[Case], columns: &[Column]) -> Value {
    let runtimes: Vec<Value> = columns.iter().map(of_column).collect();
    let cases: Vec<Value> = cases
        .iter()
        .map(|case| json!({ "case": case.case, "group": case.group, "exit": case.expect.exit }))
        .collect();
    json!({ "form": 1, "cases": cases, "runtimes": runtimes })
}

fn of_column(column: &Column) -> Value {
    let measured = match &column.run {
        Ok(measured) => measured,
        Err(why) => return json!({ "runtime": column.name, "state": "not run", "why": why }),
    };
    let results: Vec<Value> = measured.results.iter().map(of_result).collect();
    json!({
        "runtime": column.name,
        "state": "run",
        "family": measured.family,
        "version": measured.version,
        "transport": measured.transport,
        "command": measured.command,
        "results": results,
    })
}

fn of_result(result: &Result) -> Value {
    let (state, why) = match &result.outcome {
        Outcome::Same => ("same", Value::Null),
        Outcome::Deviates(cause) => ("deviates", json!(cause)),
        Outcome::Fails(differ) => ("fails", json!(differ)),
        Outcome::NotApplicable(why) => ("not applicable", json!(why)),
    };
    let ran = &result.ran;
    json!({
        "case": result.case,
        "state": state,
        "why": why,
        "exit": ran.exit,
        "ms": milliseconds(result),
        "peak_memory_bytes": ran.memory,
        "cases_of_the_process": ran.batch,
    })
}

fn milliseconds(result: &Result) -> f64 {
    (result.ran.took.as_secs_f64() * 10_000.0).round() / 10.0
}

/// One page without scripts.
pub(crate) fn html(cases: &[Case], columns: &[Column]) -> String {
    let mut page = String::from(HEAD);
    let mut put = |text: String| page.push_str(&text);
    put(
        "<table><tr><th>runtime</th><th>version</th><th>transport</th><th>same</th>\
         <th>known to differ</th><th>fails</th><th>not applicable</th><th>middle case</th>\
         <th>peak memory of a process</th></tr>"
            .to_owned(),
    );
    for column in columns {
        put(summary(column));
    }
    put("</table><table><tr><th>case</th><th>exit</th>".to_owned());
    for column in columns {
        put(format!("<th>{}</th>", escaped(column.name)));
    }
    put("</tr>".to_owned());
    let mut group = "";
    for (row, case) in cases.iter().enumerate() {
        if case.group != group {
            group = &case.group;
            let span = columns.len() + 2;
            put(format!(
                "<tr><th colspan={span}>{}</th></tr>",
                escaped(group)
            ));
        }
        put(format!(
            "<tr><td>{}</td><td>{}</td>",
            escaped(&case.case),
            case.expect.exit
        ));
        for column in columns {
            put(cell(column, row));
        }
        put("</tr>".to_owned());
    }
    put("</table></body></html>\n".to_owned());
    page
}

/// The line of a runtime.
fn summary(column: &Column) -> String {
    let name = escaped(column.name);
    let measured = match &column.run {
        Ok(measured) => measured,
        Err(why) => {
            return format!(
                "<tr><td>{name}</td><td class=none colspan=8>not run: {}</td></tr>",
                escaped(why)
            );
        }
    };
    let count = |is: fn(&Outcome) -> bool| {
        let outcomes = measured.results.iter();
        outcomes.filter(|result| is(&result.outcome)).count()
    };
    let mut times: Vec<_> = measured
        .results
        .iter()
        .filter(|result| result.ran.batch > 0)
        .map(milliseconds)
        .collect();
    times.sort_by(f64::total_cmp);
    let batch = measured.results.iter().map(|result| result.ran.batch).max();
    let memory = measured
        .results
        .iter()
        .map(|result| result.ran.memory)
        .max();
    format!(
        "<tr><td>{name}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td>\
         <td>{:.0} ms</td><td>{} MB, {} cases</td></tr>",
        escaped(&measured.version),
        measured.transport,
        count(|outcome| matches!(outcome, Outcome::Same)),
        count(|outcome| matches!(outcome, Outcome::Deviates(_))),
        count(|outcome| matches!(outcome, Outcome::Fails(_))),
        count(|outcome| matches!(outcome, Outcome::NotApplicable(_))),
        times.get(times.len() / 2).copied().unwrap_or_default(),
        memory.unwrap_or_default() / 1_000_000,
        batch.unwrap_or_default(),
    )
}

fn cell(column: &Column, row: usize) -> String {
    let Ok(measured) = &column.run else {
        return "<td class=none>not run</td>".to_owned();
    };
    let result = &measured.results[row];
    let time = format!("{:.0} ms", milliseconds(result));
    let (class, text, title) = match &result.outcome {
        Outcome::Same => ("same", time, String::new()),
        Outcome::Deviates(cause) => ("known", format!("differs, {time}"), cause.clone()),
        Outcome::Fails(differ) => ("fails", "FAILS".to_owned(), differ.join("\n")),
        Outcome::NotApplicable(why) => ("none", "n/a".to_owned(), (*why).to_owned()),
    };
    let mut cell = format!("<td class={class}");
    if !title.is_empty() {
        // Writing to a String does not fail.
        let _ = write!(cell, " title=\"{}\"", escaped(&title));
    }
    cell + ">" + &text + "</td>"
}

fn escaped(text: &str) -> String {
    keyhole_report::Html(text).to_string()
}

const HEAD: &str = "<!DOCTYPE html><html lang=en><head><meta charset=utf-8>\
<title>Keyhole: conformance</title><style>\
body{font:14px system-ui;margin:2em}table{border-collapse:collapse;margin:1em 0}\
td,th{border:1px solid #ccc;padding:.2em .5em;text-align:left}\
.same{background:#dfd}.known{background:#ffd}.fails{background:#fbb}.none{color:#777}\
</style></head><body><h1>Conformance</h1>\
<p>What differs says why when the pointer rests on it. Times are of a busy machine; a \
process of several cases has one peak of memory, and none is below what the tests had when they started it, \
which Linux counts to it.</p>";
