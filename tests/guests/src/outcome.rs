//! What an attempt ends with.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::bindings::exports::keyhole::identity::token_provider as wit;

/// What an attempt ends with, as the host gets it.
pub(crate) type Outcome = Result<wit::AccessToken, wit::TokenError>;

/// The host said no, and this is how that looked from inside.
pub(crate) fn gave_up(text: &str) -> wit::TokenError {
    wit::TokenError::BadResponse(wit::BadResponseError {
        explanation: explanation(text),
        status: 0,
        requests: 0,
    })
}

/// The host let something through; a test that sees this text fails.
pub(crate) fn got_in(what: &str) -> wit::TokenError {
    gave_up(&format!("GOT IN: {what}"))
}

/// A message without a next step.
pub(crate) fn explanation(text: &str) -> wit::Explanation {
    wit::Explanation {
        message: text.to_string(),
        next_step: String::new(),
    }
}

/// The same text wherever an explanation has one.
pub(crate) fn explanation_of(text: &str) -> wit::Explanation {
    wit::Explanation {
        message: text.to_string(),
        next_step: text.to_string(),
    }
}

/// The same text wherever facts have one.
pub(crate) fn facts_of(text: &str) -> wit::AssertionFacts {
    wit::AssertionFacts {
        issuer: Some(text.to_string()),
        subject: Some(text.to_string()),
        audiences: Vec::from([text.to_string()]),
        ..no_facts()
    }
}

/// Facts that say nothing.
pub(crate) fn no_facts() -> wit::AssertionFacts {
    wit::AssertionFacts {
        issuer: None,
        subject: None,
        audiences: Vec::new(),
        issued_at: None,
        not_before: None,
        expires_on: None,
        size: 0,
    }
}
