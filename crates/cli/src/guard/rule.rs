//! The rule that a component carries, for people.

use keyhole_guard::{Guarded, RuleSource};
use keyhole_host::Digest;
use keyhole_report::{Fact, Section};

/// What a component carries that guards it.
pub(crate) fn section(guarded: &Guarded) -> Section {
    let mut facts = match &guarded.source {
        None => vec![Fact::new("from", "no rule of this keyhole's making")],
        Some(RuleSource::Fixed(rule)) => vec![
            Fact::new("from", "fixed in the component"),
            Fact::new("request", rule.target().to_string()),
            Fact::new("client id", rule.client_id.as_str()),
            Fact::new("scope", rule.scope.as_str()),
            Fact::new("file", rule.token_file.as_str()),
        ],
        Some(RuleSource::Environment) => vec![Fact::new(
            "from",
            "the AZURE_* variables at its start: whoever sets them sets the rule",
        )],
        Some(RuleSource::None(why)) => vec![
            Fact::new("from", "none, so nothing is allowed"),
            Fact::new("why", why.as_str()),
        ],
    };
    match &guarded.program {
        Some(program) => facts.extend([
            Fact::new("program", Digest::of(program).to_string()),
            Fact::new(
                "checked",
                "byte for byte what this keyhole makes of that program with its guards and this \
                 rule",
            ),
        ]),
        None => facts.push(Fact::new(
            "not checked",
            "this keyhole makes other bytes, so the rule may hold nothing: another version made \
             it, or somebody changed it",
        )),
    }
    Section {
        key: "guard",
        title: "Guard",
        facts,
    }
}
