//! A colon and no port.

use alloc::format;

use crate::message::exchange;
use crate::outcome::Outcome;
use crate::pod::Pod;

pub(crate) fn run(pod: &Pod) -> Outcome {
    exchange(pod, |message| {
        let host = message.authority.split(':').next().unwrap_or_default();
        message.authority = format!("{host}:");
    })
}
