//! The rule, asked for once.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::{String, ToString as _};

use keyhole_policy::Rule;
use keyhole_policy::guard::GuardRule;
use once_cell::race::OnceBox;

use crate::bindings::keyhole::guard::{rule, witness};

static RULE: OnceBox<Result<GuardRule, String>> = OnceBox::new();

/// The rule; or why there is none.
pub(crate) fn granted() -> Result<&'static GuardRule, &'static str> {
    let rule = RULE.get_or_init(|| {
        let fields = |rule: rule::Rule| GuardRule {
            scheme: rule.scheme,
            authority: rule.authority,
            path: rule.path,
            client_id: rule.client_id,
            scope: rule.scope,
            token_file: rule.token_file,
        };
        let check = |rule| fields(rule).checked().map_err(|fault| fault.to_string());
        Box::new(rule::get().and_then(check))
    });
    rule.as_ref().map_err(String::as_str)
}

/// Says what was refused and what would have been allowed. What was asked for is
/// not quoted: a secret may be in it.
pub(crate) fn refuse(broken: Rule) {
    let (name, asks) = (broken.name(), broken.asks());
    witness::refused(&match granted() {
        Ok(rule) => format!(
            "a file was refused ({name}): {asks}. Allowed is reading {}",
            rule.token_file
        ),
        Err(why) => format!("a file was refused: there is no rule, so nothing is allowed. {why}"),
    });
}
