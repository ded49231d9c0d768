//! The granted file with a NUL, where C ends the name.

use crate::outcome::Outcome;
use crate::pod::Pod;

pub(crate) fn run(_: &Pod) -> Outcome {
    Pod::try_to_read("federated-token\0.txt")
}
