//! A message of one byte more than it may have.

use crate::outcome::{Outcome, gave_up};
use crate::pod::Pod;

pub(crate) fn run(_: &Pod) -> Outcome {
    Err(gave_up(&"x".repeat((4 << 10) + 1)))
}
