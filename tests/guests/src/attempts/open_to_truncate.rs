//! The granted file, emptied.

use crate::bindings::wasi::filesystem::types::{DescriptorFlags, OpenFlags};
use crate::outcome::Outcome;
use crate::pod::{ENTRY, Pod};

pub(crate) fn run(_: &Pod) -> Outcome {
    Pod::try_to_open(ENTRY, OpenFlags::TRUNCATE, DescriptorFlags::READ)
}
