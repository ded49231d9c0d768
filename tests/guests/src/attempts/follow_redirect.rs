//! Goes where a redirect could lead, once the authority has sent one.

use alloc::format;

use crate::message::Message;
use crate::outcome::{Outcome, gave_up};
use crate::pod::Pod;

pub(crate) fn run(pod: &Pod) -> Outcome {
    let mut message = Message::honest(pod)?;
    let status = message.send()?.status;
    message.path = "/elsewhere".into();
    let same_host = message.send().is_ok();
    message.authority = "elsewhere.invalid".into();
    let other_host = message.send().is_ok();
    Err(gave_up(&format!("{status} {same_host} {other_host}")))
}
