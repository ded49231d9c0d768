//! Another grant.

use crate::message::exchange;
use crate::outcome::Outcome;
use crate::pod::Pod;

pub(crate) fn run(pod: &Pod) -> Outcome {
    exchange(pod, |message| {
        message.set("grant_type", "urn:ietf:params:oauth:grant-type:device_code")
    })
}
