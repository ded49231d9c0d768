//! As many full maps of headers as there are handles.

use alloc::vec::Vec;

use crate::bindings::wasi::http::types::Fields;
use crate::message::header;
use crate::outcome::{Outcome, gave_up, got_in};
use crate::pod::Pod;

pub(crate) fn run(_: &Pod) -> Outcome {
    let list: Vec<_> = [header("x-full", &"x".repeat(15 << 10))].into();
    for _ in 0..300 {
        match Fields::from_list(&list) {
            Ok(map) => core::mem::forget(map),
            Err(_) => return Err(gave_up("not taken")),
        }
    }
    Err(got_in("300 full maps"))
}
