//! The authority's token and a header for whoever sends it on.

use crate::message::exchange;
use crate::outcome::Outcome;
use crate::pod::Pod;

pub(crate) fn run(pod: &Pod) -> Outcome {
    let mut result = exchange(pod, |_| {})?;
    result.token += "\r\nx-from-inside: data";
    Ok(result)
}
