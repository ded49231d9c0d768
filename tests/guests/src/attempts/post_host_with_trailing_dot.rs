//! The authority with DNS's trailing dot.

use crate::message::exchange;
use crate::outcome::Outcome;
use crate::pod::Pod;

pub(crate) fn run(pod: &Pod) -> Outcome {
    exchange(pod, |message| {
        message.authority = message.authority.replacen("localhost", "localhost.", 1)
    })
}
