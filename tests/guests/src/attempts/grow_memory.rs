//! All the memory there is.

use alloc::vec;

use crate::outcome::{Outcome, got_in};
use crate::pod::Pod;

pub(crate) fn run(_: &Pod) -> Outcome {
    for _ in 0..4096 {
        core::mem::forget(core::hint::black_box(vec![1_u8; 1 << 20]));
    }
    Err(got_in("four gigabytes"))
}
