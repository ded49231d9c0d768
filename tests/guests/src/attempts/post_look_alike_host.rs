//! A name that looks like the authority's.

use crate::message::exchange;
use crate::outcome::Outcome;
use crate::pod::Pod;

pub(crate) fn run(pod: &Pod) -> Outcome {
    exchange(pod, |message| {
        message.authority = "xn--loclhost-fza.example".into()
    })
}
