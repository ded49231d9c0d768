//! The same path in another spelling.

use crate::message::exchange;
use crate::outcome::Outcome;
use crate::pod::Pod;

pub(crate) fn run(pod: &Pod) -> Outcome {
    exchange(pod, |message| {
        message.path = message.path.replace("oauth2", "%6fauth2");
    })
}
