//! The one file.

use crate::Rule;

/// The preopen under which a guest sees the one file.
pub const PREOPEN: &str = "/keyhole";

/// The only entry of [`PREOPEN`].
pub const ENTRY: &str = "federated-token";

/// At most this many bytes are read: projected tokens have 1 to 2 KiB, and a
/// file of a megabyte is none.
pub const MAX_SIZE: u64 = 1024 * 1024;

/// How a guest wants to open a path.
#[derive(Clone, Copy, Debug, Default)]
pub struct Access {
    /// Asked for reading.
    pub read: bool,
    /// Asked for anything that writes, syncs or mutates a directory.
    pub write: bool,
    /// Asked to create, to truncate, to fail if it exists, or for a directory.
    pub create_or_directory: bool,
}

/// Whether a guest may open `path` below the preopen.
///
/// # Errors
/// [`Rule::FileName`] for any other spelling of any other path,
/// [`Rule::FileFlags`] for anything but reading.
pub fn judge_open(entry: &str, path: &str, access: Access) -> Result<(), Rule> {
    if path != entry {
        return Err(Rule::FileName);
    }
    if access.write || access.create_or_directory || !access.read {
        return Err(Rule::FileFlags);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const READ: Access = Access {
        read: true,
        write: false,
        create_or_directory: false,
    };

    #[test]
    fn the_entry_opens_for_reading() {
        assert_eq!(judge_open(ENTRY, ENTRY, READ), Ok(()));
    }

    #[test]
    fn every_other_path_is_refused() {
        for path in [
            "",
            ".",
            "..",
            "/",
            "./federated-token",
            "federated-token/",
            "federated-token/.",
            "/federated-token",
            "../keyhole/federated-token",
            "..data/federated-token",
            "..data",
            "FEDERATED-TOKEN",
            "federated-token\0",
            "/etc/passwd",
            "token",
        ] {
            assert_eq!(
                judge_open(ENTRY, path, READ),
                Err(Rule::FileName),
                "{path:?}"
            );
        }
    }

    #[test]
    fn nothing_but_reading_is_allowed() {
        for access in [
            Access {
                write: true,
                ..READ
            },
            Access {
                create_or_directory: true,
                ..READ
            },
            Access::default(),
        ] {
            assert_eq!(
                judge_open(ENTRY, ENTRY, access),
                Err(Rule::FileFlags),
                "{access:?}"
            );
        }
    }
}
