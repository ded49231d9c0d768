//! The folder for what is got once a machine, not once a checkout:
//! `$XDG_CACHE_HOME/keyhole/NAME-VERSION` (XDG Base Directory Specification).

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The user's cache of tools.
pub(crate) struct Cache {
    folder: PathBuf,
}

impl Cache {
    /// The one of the variables.
    ///
    /// # Errors
    ///
    /// No home folder is known.
    pub(crate) fn find() -> Result<Self> {
        let given = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
        // What is not absolute is to be ignored (the same specification).
        let cache = given
            .filter(|path| path.is_absolute())
            .or_else(|| Some(std::env::home_dir()?.join(".cache")))
            .context("neither XDG_CACHE_HOME nor a home folder is known")?;
        Ok(Self {
            folder: cache.join("keyhole"),
        })
    }

    /// What was kept under this name and version, if anything was.
    pub(crate) fn kept(&self, name: &str, version: &str) -> Option<PathBuf> {
        Some(self.place(name, version)).filter(|path| path.is_dir())
    }

    /// What was kept, or what `make` leaves in the empty folder it is given. A
    /// folder of this name is whole: it gets the name when it is made.
    ///
    /// # Errors
    ///
    /// That of `make`, or the cache cannot be written.
    pub(crate) fn keep(
        &self,
        name: &str,
        version: &str,
        make: impl FnOnce(&Path) -> Result<()>,
    ) -> Result<PathBuf> {
        if let Some(kept) = self.kept(name, version) {
            return Ok(kept);
        }
        let unwritable = || format!("cannot write to {}", self.folder.display());
        fs::create_dir_all(&self.folder).with_context(unwritable)?;
        let made = tempfile::tempdir_in(&self.folder).with_context(unwritable)?;
        make(made.path())?;
        let place = self.place(name, version);
        match fs::rename(made.path(), &place) {
            // Somebody else was quicker.
            Err(_) if place.is_dir() => {}
            renamed => {
                renamed.with_context(unwritable)?;
                // It lies elsewhere now.
                let _ = made.keep();
            }
        }
        Ok(place)
    }

    fn place(&self, name: &str, version: &str) -> PathBuf {
        self.folder.join(format!("{name}-{version}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_made_is_kept_and_what_failed_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache {
            folder: folder.path().join("keyhole"),
        };
        let failed = cache.keep("tool", "1", |to| {
            fs::write(to.join("half"), "")?;
            anyhow::bail!("no network")
        });
        assert!(failed.is_err());
        assert_eq!(fs::read_dir(&cache.folder).unwrap().count(), 0);

        let make = |to: &Path| Ok(fs::write(to.join("program"), "whole")?);
        let kept = cache.keep("tool", "1", make).unwrap();
        assert_eq!(fs::read(kept.join("program")).unwrap(), b"whole");
        let again = cache.keep("tool", "1", |_| anyhow::bail!("made twice"));
        assert_eq!(again.unwrap(), kept);
        assert_eq!(fs::read_dir(&cache.folder).unwrap().count(), 1);
    }
}
