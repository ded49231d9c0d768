//! A piece of the signature in each string that an error has.

use alloc::string::ToString;
use alloc::vec;

use crate::bindings::exports::keyhole::identity::token_provider as wit;
use crate::outcome::{Outcome, no_facts};
use crate::pod::Pod;

pub(crate) fn run(pod: &Pod) -> Outcome {
    let piece = pod.signature()?[10..200].to_string();
    let mut facts = no_facts();
    facts.issuer = Some(piece.clone());
    facts.subject = Some(piece.clone());
    facts.audiences = vec![piece.clone()];
    Err(wit::TokenError::Refused(wit::RefusedError {
        explanation: wit::Explanation {
            message: piece.clone(),
            next_step: piece.clone(),
        },
        status: 401,
        error: piece.clone(),
        codes: vec![],
        description: piece.clone(),
        correlation_id: Some(piece.clone()),
        trace_id: Some(piece.clone()),
        timestamp: Some(piece.clone()),
        claims: Some(piece),
        assertion: Some(facts),
        requests: 0,
    }))
}
