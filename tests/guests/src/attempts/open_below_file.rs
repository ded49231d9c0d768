//! A path below the granted file.

use crate::bindings::wasi::filesystem::types::{DescriptorFlags, OpenFlags, PathFlags};
use crate::outcome::{Outcome, gave_up, got_in};
use crate::pod::{ENTRY, Pod};

pub(crate) fn run(_: &Pod) -> Outcome {
    let (read, plain) = (DescriptorFlags::READ, OpenFlags::empty());
    let file = Pod::open(ENTRY, plain, read).map_err(|code| gave_up(code.name()))?;
    Err(
        match file.open_at(PathFlags::empty(), "../../etc/passwd", plain, read) {
            Ok(_) => got_in("opened below a file"),
            Err(code) => gave_up(code.name()),
        },
    )
}
