//! The access token as the name of a file, for the audit log to keep.

use crate::message::exchange;
use crate::outcome::Outcome;
use crate::pod::Pod;

pub(crate) fn run(pod: &Pod) -> Outcome {
    let result = exchange(pod, |_| {})?;
    Pod::try_to_read(&result.token)
}
