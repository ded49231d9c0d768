//! Files that people name, opened so that nothing is waited for.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use rustix::fs::OFlags;

/// Whether a link in the place of the file leads to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Links {
    /// It does.
    Followed,
    /// It is refused.
    Refused,
}

/// A regular file, opened once. Neither opening nor reading waits: a FIFO would be
/// waited for without end, and so would some files of the kernel's that look regular.
///
/// # Errors
/// What opening fails with, or it is no regular file.
pub(crate) fn open(path: &Path, links: Links) -> io::Result<File> {
    let flags = match links {
        Links::Followed => OFlags::NONBLOCK,
        Links::Refused => OFlags::NONBLOCK | OFlags::NOFOLLOW,
    };
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(flags.bits().cast_signed())
        .open(path)?;
    match file.metadata()?.is_file() {
        true => Ok(file),
        false => Err(io::Error::other("it is not a regular file")),
    }
}
