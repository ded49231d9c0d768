//! A listed header with a kilobyte to say.

use crate::message::{exchange, header};
use crate::outcome::Outcome;
use crate::pod::Pod;

pub(crate) fn run(pod: &Pod) -> Outcome {
    exchange(pod, |message| {
        message
            .headers
            .push(header("user-agent", &"x".repeat(1024)))
    })
}
