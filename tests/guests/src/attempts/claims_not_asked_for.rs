//! Claims that nobody asked for.

use crate::message::exchange;
use crate::outcome::Outcome;
use crate::pod::Pod;

pub(crate) fn run(pod: &Pod) -> Outcome {
    exchange(pod, |message| message.form.push(("claims", "{}".into())))
}
