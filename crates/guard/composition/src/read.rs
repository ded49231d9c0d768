//! What a guarded component carries.

use wasmparser::{Parser, Payload};

use crate::{GuardRule, Guards, RuleSource, constant, guard};

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

/// How many parts [`guard`] joins: the rule, two guards and the program.
const PARTS: usize = 4;

/// Reads it. Nothing if it is not made of as many parts as [`guard`] joins, or none of
/// them is a rule. A rule that no settings ask for is told as none: the guards refuse
/// it too.
#[must_use]
pub fn read(component: &[u8], guards: &Guards<'_>) -> Option<Guarded> {
    let parts: [&[u8]; PARTS] = parts(component)?.try_into().ok()?;
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
    let (rule_at, source) = parts
        .iter()
        .enumerate()
        .find_map(|(index, part)| rule(part).map(|rule| (index, rule)))?;
    let program = parts
        .iter()
        .enumerate()
        .filter(|(index, part)| {
            *index != rule_at && **part != guards.endpoint && **part != guards.file
        })
        .find(|(_, program)| guard(program, &source, guards).is_ok_and(|again| again == component))
        .map(|(_, program)| program.to_vec());
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
