//! Six answers of a mebibyte, all `a`, and in each string that an error has
//! what begins like them everywhere and is nowhere in them.

use alloc::string::String;
use alloc::vec;

use crate::bindings::exports::keyhole::identity::token_provider as wit;
use crate::message::Message;
use crate::outcome::{Outcome, explanation_of, facts_of};
use crate::pod::Pod;

pub(crate) fn run(pod: &Pod) -> Outcome {
    let message = Message::honest(pod)?;
    for _ in 0..6 {
        message.send()?;
    }
    // Sixteen blocks of twelve: as many as are searched for to the end.
    let text = "aaaaaaaaaaab".repeat(16);
    let mut facts = facts_of(&text);
    facts.audiences = vec![text.clone(); 32];
    let some = || Some(String::from(text.as_str()));
    Err(wit::TokenError::Refused(wit::RefusedError {
        explanation: explanation_of(&text),
        status: 401,
        error: text.clone(),
        codes: vec![],
        description: text.clone(),
        correlation_id: some(),
        trace_id: some(),
        timestamp: some(),
        claims: some(),
        assertion: Some(facts),
        requests: 0,
    }))
}
