//! One refused attempt after another, to fill the log.

use crate::outcome::{Outcome, got_in};
use crate::pod::Pod;

pub(crate) fn run(_: &Pod) -> Outcome {
    for _ in 0..1_000 {
        let _ = Pod::try_to_read("../etc/passwd");
    }
    Err(got_in("a thousand refusals"))
}
