//! An exec entry, changed where it stands.

use super::{Splice, block, flow, form};
use crate::error::Error;
use crate::kubeconfig::{At, entry};
use crate::lines;
use crate::plan::{NEVER, Plan};
use crate::quote;
use crate::syntax::{Entry, Kind, Node, Style};

pub(super) fn splices(source: &str, plan: &Plan<'_>, exec: &Node) -> Result<Vec<Splice>, Error> {
    let find = |key| entry(exec, key, &At::ROOT);
    let Some(command) = find("command")? else {
        return Err(form(plan, exec.line, "exec"));
    };
    let mut out = Vec::new();
    let mut missing = Vec::new();
    for (key, text) in [
        ("apiVersion", plan.target.api_version.as_str()),
        ("command", plan.target.command.as_str()),
        ("interactiveMode", NEVER),
    ] {
        match find(key)? {
            Some(found) => out.extend(scalar(source, plan, found, text, key)?),
            None => missing.push((key, text)),
        }
    }
    let mut new_arguments = None;
    if let Some(arguments) = &plan.target.arguments {
        match find("args")? {
            Some(found) => out.push(list(source, plan, found, arguments)?),
            None => new_arguments = Some(arguments.as_slice()),
        }
    }
    if !missing.is_empty() || new_arguments.is_some() {
        out.push(if exec.is_flow(source) {
            flow::insert(source, command, &missing, new_arguments)
        } else {
            let line = command.key.line;
            block::insert(source, command, &missing, new_arguments)
                .ok_or_else(|| form(plan, line, "command"))?
        });
    }
    Ok(out)
}

/// A scalar's new value, in the quotes it has. `None`: it has that value.
fn scalar(
    source: &str,
    plan: &Plan<'_>,
    entry: &Entry,
    text: &str,
    what: &'static str,
) -> Result<Option<Splice>, Error> {
    let value = &entry.value;
    if value.string() == Some(text) {
        return Ok(None);
    }
    let style = match &value.kind {
        Kind::Scalar { style, .. } if *style != Style::Block => *style,
        _ => return Err(form(plan, value.line, what)),
    };
    Ok(Some(Splice {
        range: value.span.clone(),
        text: spaced(source, value, quote::scalar(text, style))
            .ok_or_else(|| form(plan, value.line, what))?,
    }))
}

/// With a space where the colon is all there is. `None`: there is no colon.
fn spaced(source: &str, value: &Node, text: String) -> Option<String> {
    if !value.span.is_empty() {
        return Some(text);
    }
    source[..value.span.start]
        .ends_with(':')
        .then(|| format!(" {text}"))
}

fn list(source: &str, plan: &Plan<'_>, entry: &Entry, new: &[String]) -> Result<Splice, Error> {
    let Kind::List(items) = &entry.value.kind else {
        let style = quotes_of(&entry.key);
        return Ok(Splice {
            range: entry.value.span.clone(),
            text: spaced(source, &entry.value, flow::one_line(new, style))
                .ok_or_else(|| form(plan, entry.key.line, "args"))?,
        });
    };
    if let Some(item) = items.iter().find(|item| is_block_scalar(item)) {
        return Err(form(plan, item.line, "args"));
    }
    if entry.value.is_flow(source) {
        return Ok(flow::list(
            source,
            &entry.value,
            items,
            quotes_of(&entry.key),
            new,
        ));
    }
    block::list(source, items, new).ok_or_else(|| form(plan, entry.key.line, "args"))
}

pub(super) fn is_block_scalar(node: &Node) -> bool {
    matches!(&node.kind, Kind::Scalar { style, .. } if *style == Style::Block)
}

/// JSON's quotes where a key has them, none elsewhere.
pub(super) fn quotes_of(key: &Node) -> Style {
    match &key.kind {
        Kind::Scalar {
            style: Style::Double,
            ..
        } => Style::Double,
        _ => Style::Plain,
    }
}

/// The comments below a node, without the node's own line's.
pub(super) fn comments<'s>(source: &'s str, node: &Node, start: usize, end: usize) -> Vec<&'s str> {
    let mut leaves = Vec::new();
    lines::leaves(node, &mut leaves);
    lines::comments(source, start..end, &leaves)
        .into_iter()
        .map(|range| source[range].trim_end())
        .collect()
}
