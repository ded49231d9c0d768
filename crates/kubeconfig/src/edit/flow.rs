//! Lists and entries in flow style, JSON among them.

use super::{Splice, exec};
use crate::lines;
use crate::quote;
use crate::syntax::{Entry, Node, Style};

/// A list's new items: on one line, or one a line where they were. Comments in
/// it stay, before the items.
pub(super) fn list(
    source: &str,
    list: &Node,
    items: &[Node],
    key: Style,
    new: &[String],
) -> Splice {
    let style = items.first().map_or(key, exec::quotes_of);
    let comments = exec::comments(source, list, list.span.start, list.span.end);
    let inner = items
        .first()
        .and_then(|item| lines::indent(source, item.span.start));
    let outer = lines::indent(source, list.span.end - 1);
    let text = if comments.is_empty() && (inner.is_none() || outer.is_none()) {
        one_line(new, style)
    } else {
        // A comment ends its line, so there are lines to take the indent of.
        let outer = outer.unwrap_or_else(|| leading_space(source, list.span.start));
        let inner = inner.map_or_else(|| format!("{outer}  "), str::to_owned);
        lines_of(new, style, &comments, lines::newline(source), &inner, outer)
    };
    Splice {
        range: list.span.clone(),
        text,
    }
}

fn leading_space(source: &str, at: usize) -> &str {
    let before = lines::before(source, at);
    &before[..before.len() - before.trim_start().len()]
}

/// `[a, b]`.
pub(super) fn one_line(items: &[String], style: Style) -> String {
    let items: Vec<String> = items
        .iter()
        .map(|item| quote::scalar(item, style))
        .collect();
    format!("[{}]", items.join(", "))
}

/// An item a line.
pub(super) fn lines_of(
    items: &[String],
    style: Style,
    comments: &[&str],
    newline: &str,
    inner: &str,
    outer: &str,
) -> String {
    let items: Vec<String> = items
        .iter()
        .map(|item| format!("{newline}{inner}{}", quote::scalar(item, style)))
        .collect();
    let comments: String = comments
        .iter()
        .map(|comment| format!("{newline}{inner}{comment}"))
        .collect();
    format!("[{comments}{}{newline}{outer}]", items.join(","))
}

/// Entries behind another one.
pub(super) fn insert(
    source: &str,
    after: &Entry,
    scalars: &[(&str, &str)],
    arguments: Option<&[String]>,
) -> Splice {
    let style = exec::quotes_of(&after.key);
    let indent = lines::indent(source, after.key.span.start);
    let separator = match indent {
        Some(indent) => format!(",{}{indent}", lines::newline(source)),
        None => ", ".to_owned(),
    };
    let mut text = String::new();
    for (key, value) in entries(scalars, arguments, style) {
        text += &format!("{separator}{key}: {value}");
    }
    let at = after.value.span.end;
    Splice {
        range: at..at,
        text,
    }
}

/// Entries as key and value, `interactiveMode` last.
fn entries(
    scalars: &[(&str, &str)],
    arguments: Option<&[String]>,
    style: Style,
) -> Vec<(String, String)> {
    let (last, others): (Vec<_>, Vec<_>) = scalars
        .iter()
        .partition(|(key, _)| *key == "interactiveMode");
    let pair = |(key, text): &(&str, &str)| (quote::scalar(key, style), quote::scalar(text, style));
    let arguments = arguments.map(|items| (quote::scalar("args", style), one_line(items, style)));
    others
        .iter()
        .map(&pair)
        .chain(arguments)
        .chain(last.iter().map(pair))
        .collect()
}
