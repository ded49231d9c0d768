//! Terminal escapes and markup in each string that an error has.

use alloc::string::ToString;
use alloc::vec;

use crate::bindings::exports::keyhole::identity::token_provider as wit;
use crate::outcome::{Outcome, no_facts};
use crate::pod::Pod;

const ESCAPES: &str = "AADSTS\u{1b}[2J\u{1b}]0;title\u{7}\u{9b}31m\r\u{8}\u{202e}\0<script>\n";

pub(crate) fn run(_: &Pod) -> Outcome {
    let text = ESCAPES.to_string();
    let mut facts = no_facts();
    facts.issuer = Some(text.clone());
    facts.subject = Some(text.clone());
    facts.audiences = vec![text.clone()];
    Err(wit::TokenError::Refused(wit::RefusedError {
        explanation: wit::Explanation {
            message: text.clone(),
            next_step: text.clone(),
        },
        status: 401,
        error: text.clone(),
        codes: vec![700_213],
        description: text.clone(),
        correlation_id: Some(text.clone()),
        trace_id: Some(text.clone()),
        timestamp: Some(text),
        claims: None,
        assertion: Some(facts),
        requests: 0,
    }))
}
