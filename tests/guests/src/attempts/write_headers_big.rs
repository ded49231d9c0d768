//! More headers than a map of them may hold.

use alloc::format;
use alloc::vec::Vec;

use crate::bindings::wasi::http::types::Fields;
use crate::message::header;
use crate::outcome::{Outcome, gave_up, got_in};
use crate::pod::Pod;

pub(crate) fn run(_: &Pod) -> Outcome {
    let list: Vec<_> = (0..24)
        .map(|number| header(&format!("x-{number}"), &"x".repeat(1 << 10)))
        .collect();
    Err(match Fields::from_list(&list) {
        Ok(_) => got_in("24 kilobytes of headers"),
        Err(_) => gave_up("not taken"),
    })
}
