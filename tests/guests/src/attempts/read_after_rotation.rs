//! Reads what it opened before the file was replaced, and opens it again.
//! Between the two the honest request is sent, so that a test can rotate.

use alloc::format;

use crate::bindings::wasi::filesystem::types::{DescriptorFlags, OpenFlags};
use crate::message::Message;
use crate::outcome::{Outcome, gave_up};
use crate::pod::{ENTRY, Pod};

pub(crate) fn run(pod: &Pod) -> Outcome {
    let open = || {
        Pod::open(ENTRY, OpenFlags::empty(), DescriptorFlags::READ)
            .map_err(|code| gave_up(code.name()))
    };
    let file = open()?;
    let read = |file: &crate::bindings::wasi::filesystem::types::Descriptor| {
        file.read(1 << 20, 0).map_err(|code| gave_up(code.name()))
    };
    let before = read(&file)?;
    Message::honest(pod)?.send()?;
    let old = read(&file)? == before;
    let new = read(&open()?)? != before;
    Err(gave_up(&format!("old {old}, new {new}")))
}
