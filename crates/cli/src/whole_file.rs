//! A file that is there as a whole or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt as _};
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
        let mode = match self.readers {
            Readers::Owner => 0o600,
            #[cfg(feature = "compiler")]
            Readers::Umask => 0o666,
        };
        let create = |number: u8| {
            let name = format!(".keyhole.{}.{number}.tmp", std::process::id());
            let path = self.target.with_file_name(name);
            let mut options = OpenOptions::new();
            let file = options
                .write(true)
                .create_new(true)
                .mode(mode)
                .open(&path)?;
            io::Result::Ok((path, file))
        };
        // A process of this number may have left one, in another container for example.
        let mut number = 0;
        loop {
            match create(number) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists && number < 99 => {
                    number += 1;
                }
                made => return made,
            }
        }
    }
}

/// The file itself: a link stays one, what it leads to is replaced. A link is read once,
/// and what it was then is what counts: who may change it meanwhile changes nothing.
fn target(name: &Path) -> io::Result<PathBuf> {
    let found = match fs::symlink_metadata(name) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        seen => Some(seen?),
    };
    let is_link = found.as_ref().is_some_and(fs::Metadata::is_symlink);
    let target = match is_link {
        true => {
            let link = found.as_ref().map_or(0, MetadataExt::uid);
            if ![0, rustix::process::geteuid().as_raw()].contains(&link) {
                return Err(io::Error::other("it is a link of another user"));
            }
            let folder = name.parent().unwrap_or(Path::new(""));
            in_its_folder(&folder.join(fs::read_link(name)?))?
        }
        false => in_its_folder(name)?,
    };
    let seen = match fs::symlink_metadata(&target) {
        // A link to nowhere is refused.
        Err(error) if error.kind() == io::ErrorKind::NotFound && !is_link => return Ok(target),
        seen => seen?,
    };
    if !seen.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    if seen.permissions().readonly() {
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    Ok(target)
}

/// A path whose folder is without links, and whose last name is as it stands.
fn in_its_folder(path: &Path) -> io::Result<PathBuf> {
    let name = path.file_name().ok_or(io::ErrorKind::IsADirectory)?;
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    Ok(fs::canonicalize(folder)?.join(name))
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
    fn what_a_process_of_the_same_number_left_is_not_in_the_way() {
        let folder = tempfile::tempdir().expect("a folder");
        let left = format!(".keyhole.{}.0.tmp", std::process::id());
        fs::write(folder.path().join(&left), "left").expect("a file");
        // As long as names may be.
        let file = folder.path().join("n".repeat(255));
        let place = WholeFile::new(&file, Readers::Owner).expect("a place");
        place.write(b"new").expect("it is written");
        let text = |name: &Path| fs::read_to_string(name).expect("a file");
        assert_eq!(text(&file), "new");
        assert_eq!(text(&folder.path().join(left)), "left");
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
