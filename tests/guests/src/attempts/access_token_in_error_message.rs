//! The access token in the text that a person reads.

use crate::message::exchange;
use crate::outcome::{Outcome, gave_up};
use crate::pod::Pod;

pub(crate) fn run(pod: &Pod) -> Outcome {
    let result = exchange(pod, |_| {})?;
    Err(gave_up(&result.token))
}
