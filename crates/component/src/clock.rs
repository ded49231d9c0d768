//! Both clocks, and waiting by them.

use alloc::vec::Vec;

use keyhole_exchange::Now;

use crate::bindings::wasi::clocks::{monotonic_clock, wall_clock};
use crate::bindings::wasi::io::poll::{self, Pollable};

/// Both clocks now.
pub(crate) fn now() -> Now {
    Now {
        unix_seconds: i64::try_from(wall_clock::now().seconds).unwrap_or(i64::MAX),
        monotonic_nanos: monotonic_clock::now(),
    }
}

/// A number that differs from call to call, for the jitter of retries.
pub(crate) fn seed() -> u64 {
    u64::from(wall_clock::now().nanoseconds) ^ monotonic_clock::now().rotate_left(32)
}

/// Waits until the monotonic clock shows `until` (nanoseconds).
pub(crate) fn wait_until(until: u64) {
    poll::poll(&[&timer(until)]);
}

/// Waits until `ready` is, and says whether it was: not if the monotonic clock
/// came to `deadline` (nanoseconds) first. So a wait ends on runtimes too that
/// know no deadline.
pub(crate) fn ready_before(ready: &Pollable, deadline: Option<u64>) -> bool {
    let Some(deadline) = deadline else {
        poll::poll(&[ready]);
        return true;
    };
    let indices: Vec<u32> = poll::poll(&[ready, &timer(deadline)]);
    indices.contains(&0)
}

fn timer(until: u64) -> Pollable {
    monotonic_clock::subscribe_duration(until.saturating_sub(monotonic_clock::now()))
}
