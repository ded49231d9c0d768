//! The rule, asked for once.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::{String, ToString as _};

use keyhole_policy::Rule;
use keyhole_policy::form::FormRule;
use keyhole_policy::guard::GuardRule;
use keyhole_policy::target::Target;
use once_cell::race::OnceBox;

use crate::bindings::keyhole::guard::rule;
use crate::terminal;

/// What passes.
pub(crate) struct Granted {
    pub(crate) target: Target,
    pub(crate) form: FormRule,
}

static RULE: OnceBox<Result<Granted, String>> = OnceBox::new();

/// The rule; or why there is none.
pub(crate) fn granted() -> Result<&'static Granted, &'static str> {
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
        Box::new(rule::get().and_then(check).map(|rule| Granted {
            target: rule.target(),
            form: rule.form(),
        }))
    });
    rule.as_ref().map_err(String::as_str)
}

/// Says on standard error what was refused and what would have passed. What was
/// asked for is not quoted: a secret may be in it.
pub(crate) fn refuse(broken: Rule) {
    let (name, asks) = (broken.name(), broken.asks());
    let line = match granted() {
        Ok(Granted { target, form }) => format!(
            "a request was refused ({name}): {asks}. Allowed is {target} with client_id={} and \
             scope={}",
            form.client_id(),
            form.scope()
        ),
        Err(why) => {
            format!("a request was refused: there is no rule, so nothing is allowed. {why}")
        }
    };
    terminal::say(&line);
}
