//! More error codes than an authority has.

use alloc::vec;

use crate::bindings::exports::keyhole::identity::token_provider as wit;
use crate::outcome::{Outcome, explanation};
use crate::pod::Pod;

pub(crate) fn run(_: &Pod) -> Outcome {
    Err(wit::TokenError::Unavailable(wit::UnavailableError {
        explanation: explanation("many"),
        cause: wit::UnavailableCause::ServerError,
        status: None,
        retry_after: None,
        codes: vec![7; 10_000],
        correlation_id: None,
        timestamp: None,
        assertion: None,
        requests: 0,
    }))
}
