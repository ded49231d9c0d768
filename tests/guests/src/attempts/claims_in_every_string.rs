//! What the caller's `claims` say, in each string that a refusal has.

use alloc::borrow::ToOwned as _;
use alloc::vec;

use crate::bindings::exports::keyhole::identity::token_provider as wit;
use crate::outcome::{Outcome, explanation_of, facts_of};
use crate::pod::Pod;

pub(crate) fn run(pod: &Pod) -> Outcome {
    let claims = pod.claims().to_owned();
    Err(wit::TokenError::Refused(wit::RefusedError {
        explanation: explanation_of(&claims),
        status: 401,
        error: claims.clone(),
        codes: vec![],
        description: claims.clone(),
        correlation_id: Some(claims.clone()),
        trace_id: Some(claims.clone()),
        timestamp: Some(claims.clone()),
        claims: None,
        assertion: Some(facts_of(&claims)),
        requests: 0,
    }))
}
