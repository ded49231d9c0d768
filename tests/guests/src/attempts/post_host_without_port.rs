//! An authority whose port is left to the host.

use crate::message::exchange;
use crate::outcome::Outcome;
use crate::pod::Pod;

pub(crate) fn run(pod: &Pod) -> Outcome {
    exchange(pod, |message| {
        let host = message.authority.split(':').next().unwrap_or_default();
        message.authority = host.into();
    })
}
