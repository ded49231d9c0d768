//! A Host other than the authority.

use crate::message::{exchange, header};
use crate::outcome::Outcome;
use crate::pod::Pod;

pub(crate) fn run(pod: &Pod) -> Outcome {
    exchange(pod, |message| {
        message.headers.push(header("host", "evil.example"))
    })
}
