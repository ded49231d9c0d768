//! The caller's `claims` as the name of a file, which the audit log would keep.

use crate::outcome::Outcome;
use crate::pod::Pod;

pub(crate) fn run(pod: &Pod) -> Outcome {
    Pod::try_to_read(pod.claims())
}
