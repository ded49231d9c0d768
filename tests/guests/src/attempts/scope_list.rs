//! A second scope beside the granted one.

use alloc::format;

use crate::message::exchange;
use crate::outcome::Outcome;
use crate::pod::Pod;

pub(crate) fn run(pod: &Pod) -> Outcome {
    exchange(pod, |message| {
        let both = format!("{} https://vault.azure.net/.default", pod.scope());
        message.set("scope", both);
    })
}
