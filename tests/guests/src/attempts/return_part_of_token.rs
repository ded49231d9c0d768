//! The authority's token without its last character.

use crate::message::exchange;
use crate::outcome::Outcome;
use crate::pod::Pod;

pub(crate) fn run(pod: &Pod) -> Outcome {
    let mut result = exchange(pod, |_| {})?;
    result.token.pop();
    Ok(result)
}
