//! A call in a call in a call.

use alloc::string::ToString;
use core::hint::black_box;

use crate::outcome::{Outcome, got_in};
use crate::pod::Pod;

pub(crate) fn run(_: &Pod) -> Outcome {
    Err(got_in(&deeper(0).to_string()))
}

#[inline(never)]
fn deeper(depth: u64) -> u64 {
    match black_box(depth) {
        u64::MAX => 0,
        depth => black_box(deeper(depth + 1)) + 1,
    }
}
