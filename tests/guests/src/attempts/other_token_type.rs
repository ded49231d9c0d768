//! The authority's token as one of another type.

use crate::message::exchange;
use crate::outcome::Outcome;
use crate::pod::Pod;

pub(crate) fn run(pod: &Pod) -> Outcome {
    let mut result = exchange(pod, |_| {})?;
    result.token_type = "pop".into();
    Ok(result)
}
