//! The granted file with a slash at its end.

use crate::outcome::Outcome;
use crate::pod::Pod;

pub(crate) fn run(_: &Pod) -> Outcome {
    Pod::try_to_read("federated-token/")
}
