//! A second request while the first is under way.

use crate::bindings::wasi::http::types::OutgoingBody;
use crate::message::{Message, hand_over, wait, write};
use crate::outcome::{Outcome, got_in};
use crate::pod::Pod;

pub(crate) fn run(pod: &Pod) -> Outcome {
    let message = Message::honest(pod)?;
    let (head, body) = message.prepare()?;
    let first = hand_over(head)?;
    let (second, _body) = message.prepare()?;
    let second = hand_over(second);
    let _ = write(&body, &message.body());
    let _ = OutgoingBody::finish(body, None);
    wait(&first)?;
    Err(match second {
        Ok(_) => got_in("two at once"),
        Err(error) => error,
    })
}
