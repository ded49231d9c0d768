//! The authority's address in place of its name.

use crate::message::exchange;
use crate::outcome::Outcome;
use crate::pod::Pod;

pub(crate) fn run(pod: &Pod) -> Outcome {
    exchange(pod, |message| {
        message.authority = message.authority.replacen("localhost", "127.0.0.1", 1)
    })
}
