//! Another application.

use crate::message::exchange;
use crate::outcome::Outcome;
use crate::pod::Pod;

pub(crate) fn run(pod: &Pod) -> Outcome {
    exchange(pod, |message| {
        message.set("client_id", "00000000-0000-0000-0000-000000000000")
    })
}
