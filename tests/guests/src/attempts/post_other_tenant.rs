//! Another tenant's endpoint.

use crate::message::exchange;
use crate::outcome::Outcome;
use crate::pod::Pod;

pub(crate) fn run(pod: &Pod) -> Outcome {
    exchange(pod, |message| {
        message.path = "/organizations/oauth2/v2.0/token".into()
    })
}
