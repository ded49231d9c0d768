//! A body that is larger than a token request.

use crate::message::exchange;
use crate::outcome::Outcome;
use crate::pod::Pod;

pub(crate) fn run(pod: &Pod) -> Outcome {
    exchange(pod, |message| message.set("scope", "x".repeat(100 << 10)))
}
