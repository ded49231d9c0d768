//! The authority in upper case.

use crate::message::exchange;
use crate::outcome::Outcome;
use crate::pod::Pod;

pub(crate) fn run(pod: &Pod) -> Outcome {
    exchange(pod, |message| {
        message.authority = message.authority.to_uppercase()
    })
}
