//! A refused attempt, then the honest exchange as if nothing had been.

use crate::message::exchange;
use crate::outcome::Outcome;
use crate::pod::Pod;

pub(crate) fn run(pod: &Pod) -> Outcome {
    let _ = Pod::try_to_read("..");
    exchange(pod, |_| {})
}
