//! `--save-report`: a page that is there as a whole or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use keyhole_report::{ExitClass, Failure};

/// A file that a page can be saved in.
#[derive(Debug)]
pub(crate) struct Page<'a> {
    /// As it was given.
    name: &'a Path,
    /// Where it is, links followed.
    target: PathBuf,
}

impl<'a> Page<'a> {
    /// Sees whether a page can be saved there, and leaves nothing behind.
    ///
    /// # Errors
    /// It is no regular file, may not be written, or its folder may not.
    pub(crate) fn new(name: &'a Path) -> Result<Self, Failure> {
        let target = target(name).map_err(|error| unsaved(name, &error))?;
        let page = Page { name, target };
        let tried = page.temporary().and_then(|(path, _)| fs::remove_file(path));
        tried.map_err(|error| unsaved(name, &error))?;
        Ok(page)
    }

    /// Writes the page beside its place and moves it there.
    ///
    /// # Errors
    /// The disk is full, for example; what was there before is still there.
    pub(crate) fn save(&self, html: &str) -> Result<(), Failure> {
        self.replace(html)
            .map_err(|error| unsaved(self.name, &error))
    }

    fn replace(&self, html: &str) -> io::Result<()> {
        let (path, mut file) = self.temporary()?;
        // A page that is there already keeps its mode.
        let mode = match fs::metadata(&self.target) {
            Ok(old) => file.set_permissions(old.permissions()),
            Err(_) => Ok(()),
        };
        let written = mode
            .and_then(|()| file.write_all(html.as_bytes()))
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
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
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

fn unsaved(path: &Path, error: &io::Error) -> Failure {
    Failure::new(
        ExitClass::Configuration,
        format!("the report {} cannot be saved: {error}", path.display()),
        "Give --save-report a file that can be written.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_replaces_a_file_at_once_and_leaves_nothing_else() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("report.html");
        let link = folder.path().join("link.html");
        fs::write(&file, "before").expect("a file");
        std::os::unix::fs::symlink("report.html", &link).expect("a link");
        let page = Page::new(&link).expect("a page");
        assert_eq!(fs::read_to_string(&file).expect("the file"), "before");
        page.save("after").expect("it is saved");
        assert_eq!(fs::read_to_string(&file).expect("the file"), "after");
        assert!(fs::symlink_metadata(&link).expect("the link").is_symlink());
        assert_eq!(fs::read_dir(folder.path()).expect("the folder").count(), 2);
    }

    #[test]
    fn a_page_is_its_owner_s_alone_unless_it_was_not_before() {
        use std::os::unix::fs::PermissionsExt as _;

        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("report.html");
        let mode = || fs::metadata(&file).expect("a page").mode() & 0o777;
        Page::new(&file)
            .expect("a page")
            .save("")
            .expect("it is saved");
        assert_eq!(mode(), 0o600);
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).expect("a mode");
        Page::new(&file)
            .expect("a page")
            .save("")
            .expect("it is saved");
        assert_eq!(mode(), 0o644);
    }

    #[test]
    fn a_folder_a_device_and_a_link_to_nowhere_are_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let link = folder.path().join("link");
        std::os::unix::fs::symlink("nowhere", &link).expect("a link");
        for path in [folder.path(), Path::new("/dev/null"), &link] {
            let failure = Page::new(path).expect_err("refused");
            assert_eq!(failure.class, ExitClass::Configuration, "{path:?}");
        }
    }
}
