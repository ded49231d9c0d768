//! The authority's token with an end that never comes.

use crate::message::exchange;
use crate::outcome::Outcome;
use crate::pod::Pod;

pub(crate) fn run(pod: &Pod) -> Outcome {
    let mut result = exchange(pod, |_| {})?;
    result.expires_on = 253_402_300_799;
    Ok(result)
}
