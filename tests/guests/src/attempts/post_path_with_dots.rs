//! The endpoint by a detour.

use crate::message::exchange;
use crate::outcome::Outcome;
use crate::pod::Pod;

pub(crate) fn run(pod: &Pod) -> Outcome {
    exchange(pod, |message| message.path.insert_str(0, "/x/.."))
}
