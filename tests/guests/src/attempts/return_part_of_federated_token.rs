//! 24 bytes of the federated token's signature inside the result.

use alloc::format;

use crate::message::exchange;
use crate::outcome::Outcome;
use crate::pod::Pod;

pub(crate) fn run(pod: &Pod) -> Outcome {
    exchange(pod, |_| {})?;
    let piece = &pod.signature()?[100..124];
    Ok(pod.result(format!("aGVhZGVy.cGF5bG9hZA.{piece}")))
}
