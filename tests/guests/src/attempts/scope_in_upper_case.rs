//! The granted scope in capitals.

use crate::message::exchange;
use crate::outcome::Outcome;
use crate::pod::Pod;

pub(crate) fn run(pod: &Pod) -> Outcome {
    exchange(pod, |message| {
        message.set("scope", pod.scope().to_uppercase());
    })
}
