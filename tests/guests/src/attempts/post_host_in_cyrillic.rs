//! A name that looks like the authority's, not in ASCII.

use crate::message::exchange;
use crate::outcome::Outcome;
use crate::pod::Pod;

pub(crate) fn run(pod: &Pod) -> Outcome {
    exchange(pod, |message| {
        message.authority = "l\u{43e}calhost.example".into();
    })
}
