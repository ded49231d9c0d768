//! Another scope than the one that is granted.

use crate::message::exchange;
use crate::outcome::Outcome;
use crate::pod::Pod;

pub(crate) fn run(pod: &Pod) -> Outcome {
    exchange(pod, |message| {
        message.set("scope", "https://vault.azure.net/.default")
    })
}
