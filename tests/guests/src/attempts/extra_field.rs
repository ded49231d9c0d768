//! A field of its own.

use crate::message::exchange;
use crate::outcome::Outcome;
use crate::pod::Pod;

pub(crate) fn run(pod: &Pod) -> Outcome {
    exchange(pod, |message| {
        message
            .form
            .push(("redirect_uri", "https://evil.example/".into()))
    })
}
