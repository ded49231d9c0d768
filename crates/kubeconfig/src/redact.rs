//! A kubeconfig's text with only those values that are known to be no secret.
//!
//! This is a list of what may be seen, not of what may not: a field nobody
//! thought of is hidden. Comments are hidden as well, because commented-out
//! credentials are common.

use std::ops::Range;

use keyhole_exchange::bounds::looks_like_a_jwt;

use crate::arguments;
use crate::kubeconfig::Kubeconfig;
use crate::lines;
use crate::syntax::{Kind, Node};

/// What stands for a hidden value.
const HIDDEN: &str = "[redacted]";
/// A comment that is hidden.
const HIDDEN_COMMENT: &str = "# [redacted]";
/// Longer keys are none of a kubeconfig's.
const KEY: usize = 64;

/// Fields whose values may be seen; `*` is any item of a list.
const SHOWN: &[&str] = &[
    "apiVersion",
    "kind",
    "current-context",
    "preferences.colors",
    "contexts.*.name",
    "contexts.*.context.cluster",
    "contexts.*.context.namespace",
    "contexts.*.context.user",
    "clusters.*.name",
    "clusters.*.cluster.certificate-authority",
    "clusters.*.cluster.insecure-skip-tls-verify",
    "clusters.*.cluster.tls-server-name",
    "users.*.name",
    "users.*.user.client-certificate",
    "users.*.user.client-key",
    "users.*.user.tokenFile",
    "users.*.user.auth-provider.name",
    "users.*.user.auth-provider.config.apiserver-id",
    "users.*.user.auth-provider.config.client-id",
    "users.*.user.auth-provider.config.config-mode",
    "users.*.user.auth-provider.config.environment",
    "users.*.user.auth-provider.config.expires-in",
    "users.*.user.auth-provider.config.expires-on",
    "users.*.user.auth-provider.config.tenant-id",
    "users.*.user.exec.apiVersion",
    "users.*.user.exec.command",
    "users.*.user.exec.env.*.name",
    "users.*.user.exec.interactiveMode",
    "users.*.user.exec.provideClusterInfo",
];
const ARGUMENTS: &str = "users.*.user.exec.args";

/// The text, line by line as long as the original's.
pub(crate) fn redacted(kubeconfig: &Kubeconfig) -> String {
    let source = &kubeconfig.source;
    let mut hidden = Vec::new();
    let mut leaves = Vec::new();
    if let Some(root) = &kubeconfig.root {
        walk(root, "", &mut hidden);
        lines::leaves(root, &mut leaves);
    }
    let comments = lines::comments(source, 0..source.len(), &leaves);
    let mut ranges: Vec<(Range<usize>, &str)> = hidden
        .into_iter()
        .map(|range| (range, HIDDEN))
        .chain(comments.into_iter().map(|range| (range, HIDDEN_COMMENT)))
        .collect();
    ranges.sort_by_key(|(range, _)| range.start);
    let mut out = String::with_capacity(source.len());
    let mut at = 0;
    for (range, mark) in ranges {
        out += source.get(at..range.start).unwrap_or_default();
        let start = range.start.max(at);
        hide(
            source.get(start..range.end).unwrap_or_default(),
            mark,
            &mut out,
        );
        at = range.end.max(at);
    }
    out += source.get(at..).unwrap_or_default();
    out
}

/// A hidden part: as many lines as it was, each with the mark.
fn hide(text: &str, mark: &str, out: &mut String) {
    for (number, line) in text.split('\n').enumerate() {
        if number > 0 {
            out.push('\n');
        }
        if !line.trim().is_empty() {
            let content = line.trim_start();
            out.push_str(&line[..line.len() - content.len()]);
            out.push_str(mark);
        }
    }
}

fn walk(node: &Node, path: &str, hidden: &mut Vec<Range<usize>>) {
    match &node.kind {
        Kind::Scalar { text, .. } => {
            if !(SHOWN.contains(&path) && is_harmless(text)) {
                hidden.push(node.span.clone());
            }
        }
        Kind::Alias(_) => {}
        Kind::List(items) if path == ARGUMENTS => {
            let texts: Vec<String> = items
                .iter()
                .map(|item| item.text().unwrap_or_default().to_owned())
                .collect();
            for (item, shown) in items.iter().zip(arguments::shown(&texts)) {
                if item.text().is_none_or(|text| !shown || !is_harmless(text)) {
                    walk(item, "", hidden);
                }
            }
        }
        Kind::List(items) => {
            let path = format!("{path}.*");
            for item in items {
                walk(item, &path, hidden);
            }
        }
        Kind::Map(entries) => {
            for entry in entries {
                let key = entry
                    .key
                    .text()
                    .filter(|key| key.len() <= KEY && is_harmless(key));
                let Some(key) = key else {
                    walk(&entry.key, "", hidden);
                    // Nothing below an odd key is known.
                    walk(&entry.value, "?", hidden);
                    continue;
                };
                let path = if path.is_empty() {
                    key.to_owned()
                } else {
                    format!("{path}.{key}")
                };
                walk(&entry.value, &path, hidden);
            }
        }
    }
}

/// Nobody put a token where none belongs.
fn is_harmless(text: &str) -> bool {
    !looks_like_a_jwt(text) && !text.contains("eyJ")
}
