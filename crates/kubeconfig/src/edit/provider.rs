//! An `auth-provider` entry, replaced by an exec entry.

use super::{Splice, block, exec, flow, form};
use crate::error::Error;
use crate::lines;
use crate::plan::{NEVER, Plan};
use crate::quote;
use crate::syntax::{Entry, Kind, Node, Style};

pub(super) fn splice(source: &str, plan: &Plan<'_>, provider: &Entry) -> Result<Splice, Error> {
    let not_rewritten = || form(plan, provider.key.line, "auth-provider");
    if provider.value.find(&exec::is_block_scalar).is_some() {
        return Err(not_rewritten());
    }
    let range = provider.key.span.start..provider.value.end(source);
    let indent = lines::indent(source, range.start);
    let new = New::of(plan, source);
    let mut text = String::new();
    // What was said of the old entry is kept above the new one.
    for comment in exec::comments(source, &provider.value, provider.key.span.end, range.end) {
        let indent = indent.ok_or_else(not_rewritten)?;
        text += &format!("{comment}{}{indent}", lines::newline(source));
    }
    text += &if plan.user.is_flow(source) {
        let style = exec::quotes_of(&provider.key);
        let inner = first_key(&provider.value).and_then(|at| lines::indent(source, at));
        match (indent, inner) {
            (Some(outer), Some(inner)) if inner.starts_with(outer) => {
                new.flow_lines(style, outer, inner)
            }
            _ => new.flow_line(style),
        }
    } else {
        let outer = indent.ok_or_else(not_rewritten)?;
        let inner = first_key(&provider.value)
            .filter(|_| !provider.value.is_flow(source))
            .and_then(|at| lines::indent(source, at))
            .map_or_else(|| format!("{outer}  "), str::to_owned);
        new.block(&inner)
    };
    Ok(Splice { range, text })
}

fn first_key(value: &Node) -> Option<usize> {
    match &value.kind {
        Kind::Map(entries) => entries.first().map(|entry| entry.key.span.start),
        _ => None,
    }
}

/// A whole exec entry.
struct New<'p> {
    scalars: [(&'static str, &'p str); 3],
    arguments: &'p [String],
    source: &'p str,
}

impl<'p> New<'p> {
    fn of(plan: &'p Plan<'_>, source: &'p str) -> Self {
        Self {
            scalars: [
                ("apiVersion", plan.target.api_version.as_str()),
                ("command", plan.target.command.as_str()),
                ("interactiveMode", NEVER),
            ],
            arguments: plan.target.arguments.as_deref().unwrap_or_default(),
            source,
        }
    }

    fn block(&self, inner: &str) -> String {
        let mut out = String::from("exec:");
        for line in block::entries(&self.scalars, Some(self.arguments)) {
            out += lines::newline(self.source);
            out += inner;
            out += &line;
        }
        out
    }

    fn flow_line(&self, style: Style) -> String {
        let arguments = flow::one_line(self.arguments, style);
        let entries: Vec<String> = self.entries(style, &arguments);
        format!(
            "{}: {{{}}}",
            quote::scalar("exec", style),
            entries.join(", ")
        )
    }

    fn flow_lines(&self, style: Style, outer: &str, inner: &str) -> String {
        let step = inner.strip_prefix(outer).unwrap_or("  ");
        let newline = lines::newline(self.source);
        let deeper = format!("{inner}{step}");
        let arguments = flow::lines_of(self.arguments, style, &[], newline, &deeper, inner);
        let entries: Vec<String> = self
            .entries(style, &arguments)
            .into_iter()
            .map(|entry| format!("{newline}{inner}{entry}"))
            .collect();
        let key = quote::scalar("exec", style);
        format!("{key}: {{{}{newline}{outer}}}", entries.join(","))
    }

    fn entries(&self, style: Style, arguments: &str) -> Vec<String> {
        let [api_version, command, mode] = self.scalars.map(|(key, text)| {
            format!(
                "{}: {}",
                quote::scalar(key, style),
                quote::scalar(text, style)
            )
        });
        let arguments = format!("{}: {arguments}", quote::scalar("args", style));
        vec![api_version, command, arguments, mode]
    }
}
