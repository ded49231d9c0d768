//! The signature in each string of such an error.

use alloc::string::ToString;

use crate::bindings::exports::keyhole::identity::token_provider as wit;
use crate::outcome::{Outcome, explanation_of};
use crate::pod::Pod;

pub(crate) fn run(pod: &Pod) -> Outcome {
    let piece = pod.signature()?[10..200].to_string();
    Err(wit::TokenError::TokenFile(wit::TokenFileError {
        explanation: explanation_of(&piece),
        path: piece.clone(),
    }))
}
