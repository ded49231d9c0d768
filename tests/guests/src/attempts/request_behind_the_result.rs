//! The honest exchange, and behind its back a request for another scope that
//! nobody waits for.

use crate::message::{Message, exchange, hand_over};
use crate::outcome::Outcome;
use crate::pod::Pod;

pub(crate) fn run(pod: &Pod) -> Outcome {
    let result = exchange(pod, |_| {})?;
    let mut other = Message::honest(pod)?;
    other.set("scope", "https://graph.microsoft.com/.default");
    let (head, _body) = other.prepare()?;
    let _unawaited = hand_over(head)?;
    Ok(result)
}
