//! The token and what follows it in the authority's answer.

use alloc::format;

use crate::message::exchange;
use crate::outcome::Outcome;
use crate::pod::Pod;

pub(crate) fn run(pod: &Pod) -> Outcome {
    let mut result = exchange(pod, |_| {})?;
    result.token = format!("{}\",\"expires_in", result.token);
    Ok(result)
}
