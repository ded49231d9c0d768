//! A length other than the body's, the other start of smuggling.

use crate::message::{exchange, header};
use crate::outcome::Outcome;
use crate::pod::Pod;

pub(crate) fn run(pod: &Pod) -> Outcome {
    exchange(pod, |message| {
        message.headers.push(header("content-length", "7"))
    })
}
