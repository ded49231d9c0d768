//! A panic, which is a trap.

use crate::outcome::Outcome;
use crate::pod::Pod;

pub(crate) fn run(pod: &Pod) -> Outcome {
    panic!("{}", pod.scope());
}
