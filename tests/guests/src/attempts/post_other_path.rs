//! Another endpoint of the authority.

use crate::message::exchange;
use crate::outcome::Outcome;
use crate::pod::Pod;

pub(crate) fn run(pod: &Pod) -> Outcome {
    exchange(pod, |message| {
        message.path = "/common/oauth2/v2.0/devicecode".into()
    })
}
