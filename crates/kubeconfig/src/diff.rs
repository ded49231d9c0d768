//! A unified diff, made from the replacements and printed from redacted texts.

use std::ops::Range;

use crate::align::{Step, align};
use crate::edit::Splice;
use crate::kubeconfig::Kubeconfig;
use crate::redact;

/// Lines that are printed around a change, as `diff -u` does.
const CONTEXT: usize = 3;

/// Lines that go and lines that come, by number from 0.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Change {
    old: Range<usize>,
    new: Range<usize>,
}

/// The hunks, line by line.
pub(crate) fn unified(old: &Kubeconfig, new: &Kubeconfig, splices: &[Splice]) -> Vec<String> {
    let (old_lines, new_lines) = (split(&old.source), split(&new.source));
    let changes = changes(&old.source, splices, &old_lines, &new_lines);
    let (old_shown, new_shown) = (redact::redacted(old), redact::redacted(new));
    let (old_shown, new_shown) = (split(&old_shown), split(&new_shown));
    let mut out = Vec::new();
    for hunk in hunks(&changes) {
        let (first, last) = (&hunk[0], &hunk[hunk.len() - 1]);
        let before = first.old.start.min(CONTEXT);
        let after = (old_shown.len() - last.old.end).min(CONTEXT);
        let old = first.old.start - before..last.old.end + after;
        let new = first.new.start - before..last.new.end + after;
        out.push(format!("@@ -{} +{} @@", place(&old), place(&new)));
        let mut at = old.start;
        for change in hunk {
            out.extend(
                old_shown[at..change.old.start]
                    .iter()
                    .map(|line| format!(" {line}")),
            );
            out.extend(
                old_shown[change.old.clone()]
                    .iter()
                    .map(|line| format!("-{line}")),
            );
            out.extend(
                new_shown[change.new.clone()]
                    .iter()
                    .map(|line| format!("+{line}")),
            );
            at = change.old.end;
        }
        out.extend(old_shown[at..old.end].iter().map(|line| format!(" {line}")));
    }
    out
}

fn place(lines: &Range<usize>) -> String {
    // A range without lines names the line before it.
    let first = lines.start + usize::from(!lines.is_empty());
    match lines.len() {
        1 => first.to_string(),
        count => format!("{first},{count}"),
    }
}

fn split(text: &str) -> Vec<&str> {
    text.lines().collect()
}

/// What changes, line by line: the lines that the replacements touch, without
/// those that come out the same.
fn changes(source: &str, splices: &[Splice], old: &[&str], new: &[&str]) -> Vec<Change> {
    let mut out = Vec::new();
    // Lines before `at`, and how many more there are in the new text.
    let (mut at, mut line, mut more) = (0, 0, 0_isize);
    let mut regions: Vec<(Range<usize>, isize)> = Vec::new();
    for splice in splices {
        line += newlines(&source[at..splice.range.start]);
        let removed = newlines(&source[splice.range.clone()]);
        let region = line..line + removed + 1;
        let grown = newlines(&splice.text).cast_signed() - removed.cast_signed();
        match regions.last_mut() {
            Some((last, last_grown)) if region.start < last.end => {
                last.end = last.end.max(region.end);
                *last_grown += grown;
            }
            _ => regions.push((region, grown)),
        }
        line += removed;
        at = splice.range.end;
    }
    for (region, grown) in regions {
        let old_region = region.start.min(old.len())..region.end.min(old.len());
        let start = region.start.saturating_add_signed(more).min(new.len());
        more += grown;
        let end = region.end.saturating_add_signed(more).min(new.len());
        let steps = align(&old[old_region.clone()], &new[start..end]);
        let (mut i, mut j) = (old_region.start, start);
        for step in steps {
            let (old_step, new_step) = match step {
                Step::Keep(_) => {
                    (i, j) = (i + 1, j + 1);
                    continue;
                }
                Step::Remove(_) => (i..i + 1, j..j),
                Step::Insert(_) => (i..i, j..j + 1),
            };
            (i, j) = (old_step.end, new_step.end);
            match out.last_mut() {
                Some(Change { old, new })
                    if old.end == old_step.start && new.end == new_step.start =>
                {
                    (old.end, new.end) = (i, j);
                }
                _ => out.push(Change {
                    old: old_step,
                    new: new_step,
                }),
            }
        }
    }
    out
}

fn newlines(text: &str) -> usize {
    text.bytes().filter(|byte| *byte == b'\n').count()
}

/// Changes whose contexts touch, together.
fn hunks(changes: &[Change]) -> Vec<&[Change]> {
    changes
        .chunk_by(|one, next| next.old.start - one.old.end <= 2 * CONTEXT)
        .collect()
}
