//! A line break in a header that is allowed.

use crate::message::{exchange, header};
use crate::outcome::Outcome;
use crate::pod::Pod;

pub(crate) fn run(pod: &Pod) -> Outcome {
    exchange(pod, |message| {
        let value = "keyhole\r\nhost: evil.example";
        message.headers.push(header("user-agent", value));
    })
}
