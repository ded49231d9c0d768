//! The granted file by another spelling of its path.

use crate::outcome::Outcome;
use crate::pod::Pod;

pub(crate) fn run(_: &Pod) -> Outcome {
    Pod::try_to_read("../keyhole/federated-token")
}
