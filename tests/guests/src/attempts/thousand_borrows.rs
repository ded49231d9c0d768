//! One handle, lent a thousand times in one call.

use alloc::vec;

use crate::bindings::wasi::clocks::monotonic_clock;
use crate::bindings::wasi::io::poll;
use crate::outcome::{Outcome, got_in};
use crate::pod::Pod;

pub(crate) fn run(_: &Pod) -> Outcome {
    let soon = monotonic_clock::subscribe_duration(1);
    poll::poll(&vec![&soon; 1_000]);
    Err(got_in("a thousand borrows"))
}
