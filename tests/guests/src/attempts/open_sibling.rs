//! The token's real name, which stands beside it in the pod.

use crate::outcome::Outcome;
use crate::pod::Pod;

pub(crate) fn run(_: &Pod) -> Outcome {
    Pod::try_to_read("azure-identity-token")
}
