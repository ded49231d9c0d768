//! What a guarded component carries.

use wasmparser::{Parser, Payload};

use crate::{GuardRule, Guards, RuleSource, constant, guard};

/// A component in which there are guards or a rule of guards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guarded {
    /// The rule; nothing if there is none that can be read.
    pub source: Option<RuleSource>,
    /// The program, if the whole is byte for byte what [`guard`] makes of it with
    /// these guards and this rule. Nothing, and the rule may hold nobody: another
    /// version made it, or somebody changed it.
    pub program: Option<Vec<u8>>,
}

/// How many parts [`guard`] joins: the rule, two guards and the program.
const PARTS: usize = 4;

/// How many parts are looked at for a rule: others than [`guard`] may add some.
const LOOKED_AT: usize = 16;

/// Reads it. Nothing if no part of it is one of these guards or speaks with guards. A
/// rule that no settings ask for is told as none: the guards refuse it too.
///
/// # Panics
/// The library that reads components panics on some odd ones; whoever has bytes from
/// others calls this where that, and a long time, do no harm.
#[must_use]
pub fn read(component: &[u8], guards: &Guards<'_>) -> Option<Guarded> {
    let parts = parts(component)?;
    let is_guard = |part: &[u8]| [guards.endpoint, guards.file].contains(&part);
    let rule = |part: &[u8]| {
        if part == guards.environment {
            return Some(RuleSource::Environment);
        }
        Some(match constant::read(part)?.map(GuardRule::checked) {
            Ok(Ok(rule)) => RuleSource::Fixed(rule),
            Ok(Err(forged)) => RuleSource::None(forged.to_string()),
            Err(why) => RuleSource::None(why),
        })
    };
    let found = parts
        .iter()
        .take(LOOKED_AT)
        .enumerate()
        .find_map(|(index, part)| rule(part).map(|rule| (index, rule)));
    let Some((rule_at, source)) = found else {
        let is_of_guards = |part: &&[u8]| is_guard(part) || speaks_with_guards(part);
        return parts.iter().any(is_of_guards).then_some(Guarded {
            source: None,
            program: None,
        });
    };
    let program = parts
        .iter()
        .enumerate()
        .filter(|(index, part)| parts.len() == PARTS && *index != rule_at && !is_guard(part))
        .find(|(_, program)| guard(program, &source, guards).is_ok_and(|again| again == component))
        .map(|(_, program)| program.to_vec());
    Some(Guarded {
        source: Some(source),
        program,
    })
}

/// Whether a part imports or exports what is between guards.
fn speaks_with_guards(part: &[u8]) -> bool {
    let is_ours = |name: &str| name.starts_with("keyhole:guard/");
    Parser::new(0)
        .parse_all(part)
        .map_while(Result::ok)
        .any(|payload| match payload {
            Payload::ComponentImportSection(names) => names
                .into_iter()
                .flatten()
                .any(|import| is_ours(import.name.name)),
            Payload::ComponentExportSection(names) => names
                .into_iter()
                .flatten()
                .any(|export| is_ours(export.name.name)),
            _ => false,
        })
}

/// The components that lie in a component, without those that lie in them.
fn parts(component: &[u8]) -> Option<Vec<&[u8]>> {
    let mut parts = Vec::new();
    let mut end = 0;
    for payload in Parser::new(0).parse_all(component) {
        if let Payload::ComponentSection {
            unchecked_range, ..
        } = payload.ok()?
            && unchecked_range.start >= end
        {
            end = unchecked_range.end;
            parts.push(component.get(unchecked_range)?);
        }
    }
    Some(parts)
}
