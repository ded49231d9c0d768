//! The federated token as the result.

use crate::message::exchange;
use crate::outcome::Outcome;
use crate::pod::Pod;

pub(crate) fn run(pod: &Pod) -> Outcome {
    exchange(pod, |_| {})?;
    Ok(pod.result(pod.token()?))
}
