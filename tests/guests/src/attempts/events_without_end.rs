//! Something granted, asked for without end: each time is a line in the log.

use crate::bindings::wasi::cli::environment;
use crate::outcome::Outcome;
use crate::pod::Pod;

pub(crate) fn run(_: &Pod) -> Outcome {
    loop {
        core::hint::black_box(environment::get_environment());
    }
}
