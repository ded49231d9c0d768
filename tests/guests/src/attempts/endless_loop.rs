//! Work without end.

use crate::outcome::Outcome;
use crate::pod::Pod;

pub(crate) fn run(_: &Pod) -> Outcome {
    loop {
        core::hint::black_box(());
    }
}
