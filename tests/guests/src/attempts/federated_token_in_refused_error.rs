//! A piece of the signature in each string that a refusal has.

use alloc::string::ToString;
use alloc::vec;

use crate::bindings::exports::keyhole::identity::token_provider as wit;
use crate::outcome::{Outcome, explanation_of, facts_of};
use crate::pod::Pod;

pub(crate) fn run(pod: &Pod) -> Outcome {
    let piece = pod.signature()?[10..200].to_string();
    Err(wit::TokenError::Refused(wit::RefusedError {
        explanation: explanation_of(&piece),
        status: 401,
        error: piece.clone(),
        codes: vec![],
        description: piece.clone(),
        correlation_id: Some(piece.clone()),
        trace_id: Some(piece.clone()),
        timestamp: Some(piece.clone()),
        claims: Some(piece.clone()),
        assertion: Some(facts_of(&piece)),
        requests: 0,
    }))
}
