//! The field `scope` twice, the second time in another spelling.

use crate::message::exchange;
use crate::outcome::Outcome;
use crate::pod::Pod;

pub(crate) fn run(pod: &Pod) -> Outcome {
    exchange(pod, |message| {
        message
            .form
            .push(("%73cope", "https://vault.azure.net/.default".into()));
    })
}
