//! What a guarded component carries.

use wasmparser::{Parser, Payload};

use crate::{Guards, RuleSource, constant, guard};

/// A component in which there is a rule of guards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guarded {
    /// The rule.
    pub source: RuleSource,
    /// The program, if the whole is byte for byte what [`guard`] makes of it with
    /// these guards and this rule. Nothing, and the rule may hold nobody: another
    /// version made it, or somebody changed it.
    pub program: Option<Vec<u8>>,
}

/// Reads it. Nothing if no part of the component is a rule.
#[must_use]
pub fn read(component: &[u8], guards: &Guards<'_>) -> Option<Guarded> {
    let parts = parts(component)?;
    let rule = |part: &&[u8]| {
        if *part == guards.environment {
            return Some(RuleSource::Environment);
        }
        Some(match constant::read(part)? {
            Ok(rule) => RuleSource::Fixed(rule),
            Err(why) => RuleSource::None(why),
        })
    };
    let source = parts.iter().find_map(rule)?;
    let is_ours =
        |part: &&&[u8]| **part == guards.endpoint || **part == guards.file || rule(part).is_some();
    let program = parts
        .iter()
        .filter(|part| !is_ours(part))
        .find(|program| guard(program, &source, guards).is_ok_and(|again| again == component))
        .map(|program| program.to_vec());
    Some(Guarded { source, program })
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
