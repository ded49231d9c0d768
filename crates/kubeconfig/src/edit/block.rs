//! Lists and entries in block style, one a line.

use super::Splice;
use crate::align::{Step, align};
use crate::lines;
use crate::quote;
use crate::syntax::{Entry, Node, Style};

/// A list's new items. Items that stay keep their lines; comments of items
/// that go stay as lines. `None`: it is not one item a line.
pub(super) fn list(source: &str, items: &[Node], new: &[String]) -> Option<Splice> {
    let (first, last) = (items.first()?, items.last()?);
    let prefix = dash(source, first)?;
    let indent = &prefix[..prefix.find('-')?];
    let old: Vec<&str> = items
        .iter()
        .map(|item| item.text().unwrap_or_default())
        .collect();
    let mut out: Vec<String> = Vec::new();
    // Lines before the next old item: what comes new stands before them.
    let mut gap: Vec<String> = Vec::new();
    for step in align(&old, new) {
        let number = match step {
            Step::Insert(number) => {
                out.push(format!(
                    "{prefix}{}",
                    quote::scalar(&new[number], Style::Plain)
                ));
                continue;
            }
            Step::Keep(number) | Step::Remove(number) => number,
        };
        out.append(&mut gap);
        let item = &items[number];
        dash(source, item)?;
        let end = lines::end(source, item.span.end);
        if step == Step::Keep(number) {
            out.push(source[lines::start(source, item.span.start)..end].to_owned());
        } else {
            let comment = source[item.span.end..end].trim();
            if !comment.is_empty() {
                out.push(format!("{indent}{comment}"));
            }
        }
        if let Some(next) = items.get(number + 1) {
            let between = &source[end..lines::start(source, next.span.start)];
            let between = between.trim_start_matches('\r').strip_prefix('\n')?;
            gap.extend(between.lines().map(str::to_owned));
        }
    }
    out.append(&mut gap);
    Some(Splice {
        range: lines::start(source, first.span.start)..lines::end(source, last.span.end),
        text: out.join(lines::newline(source)),
    })
}

/// What stands before an item on its line: white space and the dash.
fn dash<'s>(source: &'s str, item: &Node) -> Option<&'s str> {
    let before = lines::before(source, item.span.start);
    (before.trim() == "-").then_some(before)
}

/// Entries behind another one's line. `None`: that one does not begin a line.
pub(super) fn insert(
    source: &str,
    after: &Entry,
    scalars: &[(&str, &str)],
    arguments: Option<&[String]>,
) -> Option<Splice> {
    let indent = lines::indent(source, after.key.span.start)?;
    let at = lines::end(source, after.value.span.end);
    let newline = lines::newline(source);
    let mut text = String::new();
    for line in entries(scalars, arguments) {
        text += newline;
        text += indent;
        text += &line;
    }
    Some(Splice {
        range: at..at,
        text,
    })
}

/// Entries as lines, `interactiveMode` last.
pub(super) fn entries(scalars: &[(&str, &str)], arguments: Option<&[String]>) -> Vec<String> {
    let mut out = Vec::new();
    let (last, others): (Vec<_>, Vec<_>) = scalars
        .iter()
        .partition(|(key, _)| *key == "interactiveMode");
    let line = |(key, text): &(&str, &str)| format!("{key}: {}", quote::scalar(text, Style::Plain));
    out.extend(others.iter().map(&line));
    if let Some(arguments) = arguments {
        out.push("args:".to_owned());
        out.extend(
            arguments
                .iter()
                .map(|argument| format!("- {}", quote::scalar(argument, Style::Plain))),
        );
    }
    out.extend(last.iter().map(line));
    out
}
