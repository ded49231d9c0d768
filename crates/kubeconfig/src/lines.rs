//! Lines and comments of a text.

use std::ops::Range;

use crate::syntax::{Kind, Node};

/// The line end that the text uses.
pub(crate) fn newline(source: &str) -> &'static str {
    match source.find('\n') {
        Some(at) if source[..at].ends_with('\r') => "\r\n",
        _ => "\n",
    }
}

/// The start of the line that a byte is in.
pub(crate) fn start(source: &str, at: usize) -> usize {
    source[..at].rfind('\n').map_or(0, |newline| newline + 1)
}

/// The end of the line that a byte is in, without its line end.
pub(crate) fn end(source: &str, at: usize) -> usize {
    let end = source[at..]
        .find('\n')
        .map_or(source.len(), |found| at + found);
    end - usize::from(source[at..end].ends_with('\r'))
}

/// What stands before a byte on its line.
pub(crate) fn before(source: &str, at: usize) -> &str {
    &source[start(source, at)..at]
}

/// What stands before a byte on its line, if that is only white space. A line
/// can be the whole file, so it is not looked at further than that.
pub(crate) fn indent(source: &str, at: usize) -> Option<&str> {
    let before = source[..at].trim_end_matches([' ', '\t']);
    let starts = before.is_empty() || before.ends_with('\n');
    starts.then(|| &source[before.len()..at])
}

/// The bytes of every scalar and alias of a tree, in order.
pub(crate) fn leaves(node: &Node, out: &mut Vec<Range<usize>>) {
    match &node.kind {
        Kind::Scalar { .. } | Kind::Alias(_) => out.push(node.span.clone()),
        Kind::List(_) | Kind::Map(_) => {
            for child in node.children() {
                leaves(child, out);
            }
        }
    }
}

/// The comments within a part of the text: what begins with `#` outside the
/// leaves.
pub(crate) fn comments(
    source: &str,
    part: Range<usize>,
    leaves: &[Range<usize>],
) -> Vec<Range<usize>> {
    let mut out = Vec::new();
    let mut at = part.start;
    let end_of_part = part.end..part.end;
    for leaf in leaves.iter().chain([&end_of_part]) {
        while at < leaf.start {
            let Some(found) = source[at..leaf.start].find('#') else {
                break;
            };
            let start = at + found;
            let end = end(source, start);
            out.push(start..end);
            at = end;
        }
        at = at.max(leaf.end);
    }
    out
}
