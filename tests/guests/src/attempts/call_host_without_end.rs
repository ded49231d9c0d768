//! Calls of the host without end, which burn next to no fuel.

use alloc::string::String;

use crate::message::Message;
use crate::outcome::Outcome;
use crate::pod::Pod;

pub(crate) fn run(pod: &Pod) -> Outcome {
    let (head, _body) = Message::honest(pod)?.prepare()?;
    let long: String = "a".repeat(100 * 1024);
    loop {
        let _ = head.set_authority(Some(&long));
    }
}
