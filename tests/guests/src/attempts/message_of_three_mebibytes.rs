//! A message that is larger than what the host copies in a call.

use crate::outcome::{Outcome, gave_up};
use crate::pod::Pod;

pub(crate) fn run(_: &Pod) -> Outcome {
    Err(gave_up(&"x".repeat(3 << 20)))
}
