//! The export: finds the attempt and makes it.

use alloc::format;

use crate::attempts;
use crate::bindings::exports::keyhole::identity::token_provider as wit;
use crate::outcome::gave_up;
use crate::pod::Pod;

pub(crate) struct Hostile;

impl wit::Guest for Hostile {
    fn get_token(asked: wit::TokenRequest) -> Result<wit::AccessToken, wit::TokenError> {
        let pod = Pod::new(asked.scope, asked.claims);
        let name = attempt(pod.scope());
        // The tests compare this list with theirs.
        if name == "list" {
            return Err(gave_up(&attempts::NAMES.join(" ")));
        }
        match attempts::find(name) {
            Some(run) => run(&pod),
            None => Err(gave_up(&format!("there is no attempt {name:?}"))),
        }
    }

    /// The attempt of the settings' scope: nothing may be sent in this call.
    fn inspect_token() -> Result<wit::AssertionFacts, wit::TokenError> {
        Self::get_token(wit::TokenRequest {
            scope: None,
            claims: None,
            deadline: None,
            retry_propagation: 0,
            skip_assertion_checks: false,
        })
        .map(|token| token.assertion)
    }
}

/// `open_sibling` of `api://attempt/open_sibling/.default`.
fn attempt(scope: &str) -> &str {
    let name = scope.rsplit_once("attempt/").map_or("", |(_, name)| name);
    name.strip_suffix("/.default").unwrap_or(name)
}
