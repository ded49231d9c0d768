//! A file that is there as a whole or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// Who may read a file that was not there before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Readers {
    /// Its owner alone.
    Owner,
    /// Whoever the process's umask lets.
    #[cfg(feature = "compiler")]
    Umask,
}

/// A place for a file.
#[derive(Debug)]
pub(crate) struct WholeFile {
    /// Where it is, links followed.
    target: PathBuf,
    readers: Readers,
}

impl WholeFile {
    /// Sees whether a file can be written there, and leaves nothing behind.
    ///
    /// # Errors
    /// What is there is no regular file, may not be written, or its folder may not.
    pub(crate) fn new(name: &Path, readers: Readers) -> io::Result<Self> {
        let target = target(name)?;
        let place = Self { target, readers };
        let (path, _) = place.temporary()?;
        fs::remove_file(path)?;
        Ok(place)
    }

    /// Writes the file beside its place and moves it there.
    ///
    /// # Errors
    /// The disk is full, for example; what was there before is still there.
    pub(crate) fn write(&self, bytes: &[u8]) -> io::Result<()> {
        let (path, mut file) = self.temporary()?;
        // A file that is there already keeps its mode.
        let mode = match fs::metadata(&self.target) {
            Ok(old) => file.set_permissions(old.permissions()),
            Err(_) => Ok(()),
        };
        let written = mode
            .and_then(|()| file.write_all(bytes))
            .and_then(|()| file.sync_all())
            .and_then(|()| fs::rename(&path, &self.target));
        if written.is_err() {
            // What cannot be written can often be removed still.
            let _ = fs::remove_file(&path);
        }
        written
    }

    /// A new file in the target's folder.
    fn temporary(&self) -> io::Result<(PathBuf, File)> {
        let name = self.target.file_name().unwrap_or_default();
        let mut hidden = std::ffi::OsString::from(".");
        hidden.push(name);
        hidden.push(format!(".{}.tmp", std::process::id()));
        let path = self.target.with_file_name(hidden);
        let mode = match self.readers {
            Readers::Owner => 0o600,
            #[cfg(feature = "compiler")]
            Readers::Umask => 0o666,
        };
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(mode)
            .open(&path)?;
        Ok((path, file))
    }
}

/// The file itself: a link stays one, what it leads to is replaced.
fn target(name: &Path) -> io::Result<PathBuf> {
    let seen = match fs::metadata(name) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            // A link to nowhere is refused with the name of the link.
            return match fs::symlink_metadata(name) {
                Ok(_) => Err(error),
                Err(_) => Ok(name.to_owned()),
            };
        }
        seen => seen?,
    };
    let link = fs::symlink_metadata(name)?;
    if link.is_symlink() && ![0, rustix::process::geteuid().as_raw()].contains(&link.uid()) {
        return Err(io::Error::other("it is a link of another user"));
    }
    if !seen.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    if seen.permissions().readonly() {
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    fs::canonicalize(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_replaces_a_file_at_once_and_leaves_nothing_else() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("report.html");
        let link = folder.path().join("link.html");
        fs::write(&file, "before").expect("a file");
        std::os::unix::fs::symlink("report.html", &link).expect("a link");
        let page = WholeFile::new(&link, Readers::Owner).expect("a place");
        assert_eq!(fs::read_to_string(&file).expect("the file"), "before");
        page.write(b"after").expect("it is written");
        assert_eq!(fs::read_to_string(&file).expect("the file"), "after");
        assert!(fs::symlink_metadata(&link).expect("the link").is_symlink());
        assert_eq!(fs::read_dir(folder.path()).expect("the folder").count(), 2);
    }

    #[test]
    fn it_is_its_owner_s_alone_unless_it_was_not_before() {
        use std::os::unix::fs::PermissionsExt as _;

        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("report.html");
        let mode = || fs::metadata(&file).expect("a file").mode() & 0o777;
        WholeFile::new(&file, Readers::Owner)
            .expect("a place")
            .write(b"")
            .expect("it is written");
        assert_eq!(mode(), 0o600);
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).expect("a mode");
        WholeFile::new(&file, Readers::Owner)
            .expect("a place")
            .write(b"")
            .expect("it is written");
        assert_eq!(mode(), 0o644);
    }

    #[test]
    fn a_folder_a_device_and_a_link_to_nowhere_are_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let link = folder.path().join("link");
        std::os::unix::fs::symlink("nowhere", &link).expect("a link");
        for path in [folder.path(), Path::new("/dev/null"), &link] {
            assert!(WholeFile::new(path, Readers::Owner).is_err(), "{path:?}");
        }
    }
}
