//! The signature in each string of such an error.

use alloc::string::ToString;
use alloc::vec;

use crate::bindings::exports::keyhole::identity::token_provider as wit;
use crate::outcome::{Outcome, explanation_of, facts_of};
use crate::pod::Pod;

pub(crate) fn run(pod: &Pod) -> Outcome {
    let piece = pod.signature()?[10..200].to_string();
    Err(wit::TokenError::Unavailable(wit::UnavailableError {
        explanation: explanation_of(&piece),
        cause: wit::UnavailableCause::Timeout,
        status: None,
        retry_after: None,
        codes: vec![],
        correlation_id: Some(piece.clone()),
        timestamp: Some(piece.clone()),
        assertion: Some(facts_of(&piece)),
        requests: 0,
    }))
}
