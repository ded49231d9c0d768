//! Headers after the body.

use crate::bindings::wasi::http::types::{Fields, OutgoingBody};
use crate::message::{Message, hand_over, header, wait, write};
use crate::outcome::{Outcome, got_in};
use crate::pod::Pod;

pub(crate) fn run(pod: &Pod) -> Outcome {
    let message = Message::honest(pod)?;
    let (head, body) = message.prepare()?;
    let answer = hand_over(head)?;
    let _ = write(&body, &message.body());
    let trailers = Fields::from_list(&[header("x-from-inside", "data")]).ok();
    let _ = OutgoingBody::finish(body, trailers);
    let reply = wait(&answer)?;
    Err(got_in(&reply.body))
}
