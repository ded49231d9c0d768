//! A head and half a body, then nothing.

use crate::message::{Message, hand_over, wait, write};
use crate::outcome::{Outcome, got_in};
use crate::pod::Pod;

pub(crate) fn run(pod: &Pod) -> Outcome {
    let message = Message::honest(pod)?;
    let (head, body) = message.prepare()?;
    let answer = hand_over(head)?;
    let form = message.body();
    let _ = write(&body, &form[..form.len() / 2]);
    drop(body);
    let reply = wait(&answer)?;
    Err(got_in(&reply.body))
}
