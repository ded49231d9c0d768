//! The bytes that change: a plan as replacements in the text.

mod block;
mod exec;
mod flow;
mod provider;

use std::ops::Range;

use crate::error::Error;
use crate::kubeconfig::{At, Kubeconfig, entry};
use crate::plan::Plan;

/// A part of the text, and what it becomes.
#[derive(Clone)]
pub(crate) struct Splice {
    pub(crate) range: Range<usize>,
    pub(crate) text: String,
}

/// What changes for one user.
pub(crate) fn splices(kubeconfig: &Kubeconfig, plan: &Plan<'_>) -> Result<Vec<Splice>, Error> {
    let source = &kubeconfig.source;
    let at = At::ROOT.of("users").item(plan.index).of("user");
    let exec = entry(plan.user, "exec", &at)?;
    let provider = entry(plan.user, "auth-provider", &at)?;
    match (exec, provider) {
        (Some(exec), _) if !exec.value.is_null() => exec::splices(source, plan, &exec.value),
        (None, Some(provider)) => Ok(vec![provider::splice(source, plan, provider)?]),
        (Some(exec), _) => Err(form(plan, exec.key.line, "exec")),
        (None, None) => Err(form(plan, plan.line, "user")),
    }
}

/// Applies replacements, which become sorted by place.
pub(crate) fn apply(source: &str, splices: &mut [Splice]) -> String {
    splices.sort_by_key(|splice| splice.range.start);
    let mut out = String::with_capacity(source.len());
    let mut at = 0;
    for splice in splices {
        // Replacements that overlap would be a bug; the result then does not
        // pass the comparison with what was meant.
        out += source.get(at..splice.range.start).unwrap_or_default();
        out += &splice.text;
        at = splice.range.end;
    }
    out += source.get(at..).unwrap_or_default();
    out
}

fn form(plan: &Plan<'_>, line: usize, what: &'static str) -> Error {
    Error::Form {
        user: plan.name.to_owned(),
        line,
        what,
    }
}
