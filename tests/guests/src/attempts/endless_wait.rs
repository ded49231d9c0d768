//! Waiting for 584 years.

use crate::bindings::wasi::clocks::monotonic_clock;
use crate::bindings::wasi::io::poll;
use crate::outcome::{Outcome, got_in};
use crate::pod::Pod;

pub(crate) fn run(_: &Pod) -> Outcome {
    poll::poll(&[&monotonic_clock::subscribe_duration(u64::MAX)]);
    Err(got_in("the end of time"))
}
