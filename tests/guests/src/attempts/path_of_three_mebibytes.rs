//! A path that is larger than what the host copies in a call.

use crate::outcome::Outcome;
use crate::pod::Pod;

pub(crate) fn run(_: &Pod) -> Outcome {
    Pod::try_to_read(&"../".repeat(1 << 20))
}
