//! A whole body that is never finished.

use crate::message::{Message, hand_over, wait, write};
use crate::outcome::{Outcome, got_in};
use crate::pod::Pod;

pub(crate) fn run(pod: &Pod) -> Outcome {
    let message = Message::honest(pod)?;
    let (head, body) = message.prepare()?;
    let answer = hand_over(head)?;
    let _ = write(&body, &message.body());
    let reply = wait(&answer)?;
    drop(body);
    Err(got_in(&reply.body))
}
