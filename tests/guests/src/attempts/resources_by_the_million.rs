//! Handles that are never given back.

use crate::bindings::wasi::http::types::Fields;
use crate::outcome::{Outcome, got_in};
use crate::pod::Pod;

pub(crate) fn run(_: &Pod) -> Outcome {
    for _ in 0..1_000_000 {
        core::mem::forget(Fields::from_list(&[]));
    }
    Err(got_in("a million handles"))
}
