//! The access token as the name of a file, which the audit log would keep.

use crate::message::exchange;
use crate::outcome::Outcome;
use crate::pod::Pod;

pub(crate) fn run(pod: &Pod) -> Outcome {
    Pod::try_to_read(&exchange(pod, |_| {})?.token)
}
