//! Bytes after the file's last, as many as there are numbers.

use alloc::format;

use crate::bindings::wasi::filesystem::types::{DescriptorFlags, OpenFlags};
use crate::outcome::{Outcome, gave_up};
use crate::pod::{ENTRY, Pod};

pub(crate) fn run(_: &Pod) -> Outcome {
    let file = Pod::open(ENTRY, OpenFlags::empty(), DescriptorFlags::READ)
        .map_err(|code| gave_up(code.name()))?;
    let size = |length, offset| {
        file.read(length, offset)
            .map(|(bytes, end)| (bytes.len(), end))
            .map_err(|code| gave_up(code.name()))
    };
    let (whole, _) = size(u64::MAX, 0)?;
    Err(gave_up(&format!(
        "{:?} {:?} {:?} {}",
        size(u64::MAX, u64::MAX)?,
        size(1, 1 << 40)?,
        size(0, 0)?,
        whole > 500
    )))
}
