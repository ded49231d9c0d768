//! One request more than a call has.

use crate::message::Message;
use crate::outcome::{Outcome, got_in};
use crate::pod::Pod;

pub(crate) fn run(pod: &Pod) -> Outcome {
    let message = Message::honest(pod)?;
    for _ in 0..6 {
        message.send()?;
    }
    let reply = message.send()?;
    Err(got_in(&reply.body))
}
