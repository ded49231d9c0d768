//! 24 bytes of the signature in the text that a person reads.

use alloc::format;

use crate::outcome::{Outcome, gave_up};
use crate::pod::Pod;

pub(crate) fn run(pod: &Pod) -> Outcome {
    let signature = pod.signature()?;
    Err(gave_up(&format!("look: {}!", &signature[51..75])))
}
