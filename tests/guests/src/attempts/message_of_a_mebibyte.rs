//! An output of a mebibyte.

use crate::outcome::{Outcome, gave_up};
use crate::pod::Pod;

pub(crate) fn run(_: &Pod) -> Outcome {
    Err(gave_up(&"x".repeat(1 << 20)))
}
