//! A token without having asked for one.

use crate::outcome::Outcome;
use crate::pod::Pod;

pub(crate) fn run(pod: &Pod) -> Outcome {
    let mut result = pod.result("a-token-that-nobody-sent".into());
    result.requests = 0;
    Ok(result)
}
