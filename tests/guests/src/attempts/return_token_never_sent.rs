//! A token that the authority never sent.

use crate::message::exchange;
use crate::outcome::Outcome;
use crate::pod::Pod;

pub(crate) fn run(pod: &Pod) -> Outcome {
    exchange(pod, |_| {})?;
    Ok(pod.result("a-token-that-nobody-sent".into()))
}
