//! The authority's token, and a kilobyte among the facts.

use crate::message::exchange;
use crate::outcome::Outcome;
use crate::pod::Pod;

pub(crate) fn run(pod: &Pod) -> Outcome {
    let mut result = exchange(pod, |_| {})?;
    result.assertion.issuer = Some("x".repeat(1024));
    Ok(result)
}
