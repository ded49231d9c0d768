//! A request for another scope, dropped before the host has looked at it; then
//! the honest exchange as if nothing had been.

use crate::bindings::wasi::clocks::monotonic_clock;
use crate::bindings::wasi::http::types::OutgoingBody;
use crate::bindings::wasi::io::poll;
use crate::message::{Message, exchange, hand_over, write};
use crate::outcome::Outcome;
use crate::pod::Pod;

pub(crate) fn run(pod: &Pod) -> Outcome {
    let mut other = Message::honest(pod)?;
    other.set("scope", "https://graph.microsoft.com/.default");
    let (head, body) = other.prepare()?;
    let answer = hand_over(head)?;
    let _ = write(&body, &other.body());
    let _ = OutgoingBody::finish(body, None);
    drop(answer);
    // Until the host has taken it back.
    poll::poll(&[&monotonic_clock::subscribe_duration(1_000_000)]);
    exchange(pod, |_| {})
}
