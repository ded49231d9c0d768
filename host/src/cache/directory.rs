//! Tokens in files that processes share: `KEY.token`, with `KEY.lock` held over
//! an exchange and `KEY.new` while a token is written.
//!
//! Everything is opened relative to the directory's descriptor and without
//! following links, and judged by its own descriptor. What is not a file of
//! this user's alone is refused: somebody else put it there. What cannot be
//! written is not: the token matters more than keeping it.

use super::CacheFault;
use crate::grants::file;
use keyhole_policy::cache::{CacheKey, Entry, EntryFault, MAX_ENTRY};
use rustix::fs::{AtFlags, FileType, Mode, OFlags, Stat};
use rustix::io::Errno;
use std::fs::{DirBuilder, File, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};
use zeroize::Zeroizing;

/// What a file is named behind its key.
const TOKEN: &str = "token";
const LOCK: &str = "lock";
const NEW: &str = "new";

/// Flags of every opening: no link is followed and nothing is waited for.
const SAFE: OFlags = OFlags::NOFOLLOW
    .union(OFlags::CLOEXEC)
    .union(OFlags::NONBLOCK)
    .union(OFlags::NOCTTY);

/// A directory of this user's alone.
#[derive(Debug)]
pub(super) struct Directory {
    path: PathBuf,
    descriptor: OwnedFd,
}

/// The lock on a key; the system takes it from a process that ends.
#[derive(Debug)]
pub(super) struct FilePlace {
    /// None where no lock can be had: nothing is kept then.
    lock: Option<File>,
    /// When the last exchange failed, if it did.
    last_failure: Option<SystemTime>,
    /// Whether an exchange failed while this one waited for it.
    pub(super) seen_failure: bool,
}

impl Directory {
    pub(super) fn open(path: &Path) -> Result<Self, CacheFault> {
        // What is there is judged below, links and files included.
        match DirBuilder::new().recursive(true).mode(0o700).create(path) {
            Err(error) if path.symlink_metadata().is_err() => {
                return Err(CacheFault::unavailable(path, error));
            }
            _ => {}
        }
        let directory = open_directory(path)?;
        let stat = stat(&directory.descriptor, path)?;
        if stat.st_mode & 0o077 != 0 {
            let mode = stat.st_mode & 0o7777;
            return Err(CacheFault::is_unsafe(
                path,
                format!("others may use the directory (mode {mode:04o}, it must be 0700)"),
            ));
        }
        Ok(directory)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The file that a key's token is in.
    pub(super) fn path_of(&self, key: &CacheKey) -> PathBuf {
        self.path.join(name(key, TOKEN))
    }

    /// What is kept; none if nothing is. The inner error is of a file that is
    /// this user's and holds no entry.
    pub(super) fn read(
        &self,
        key: &CacheKey,
    ) -> Result<Result<Option<Entry>, EntryFault>, CacheFault> {
        let Some(file) = self.open_file(&name(key, TOKEN), OFlags::RDONLY)? else {
            return Ok(Ok(None));
        };
        // Room for all of it at once: a buffer that grows leaves copies behind.
        let mut content = Zeroizing::new(Vec::with_capacity(MAX_ENTRY + 1));
        let most = u64::try_from(MAX_ENTRY + 1).unwrap_or(u64::MAX);
        if let Err(error) = file.take(most).read_to_end(&mut content) {
            warn(&CacheFault::unavailable(&self.path_of(key), error));
            return Ok(Ok(None));
        }
        Ok(Entry::decode(&content, key).map(Some))
    }

    /// The lock on a key, as soon as nobody has it; none if that takes longer
    /// than `within`.
    pub(super) async fn wait(
        &self,
        key: &CacheKey,
        within: Duration,
    ) -> Result<Option<FilePlace>, CacheFault> {
        let Some(lock) = self.open_lock(key)? else {
            return Ok(Some(FilePlace::NONE));
        };
        let before = changed(&lock);
        let lock = match lock.try_lock() {
            Ok(()) => lock,
            Err(TryLockError::Error(error)) => {
                warn(&CacheFault::unavailable(&self.path, error));
                return Ok(Some(FilePlace::NONE));
            }
            Err(TryLockError::WouldBlock) => {
                // A thread of its own waits in the kernel, so nobody has to ask
                // again and again. If time is up first, it lets go of the lock
                // as soon as it gets it.
                let waiting = tokio::task::spawn_blocking(move || {
                    loop {
                        match lock.lock() {
                            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                            locked => return locked.map(|()| lock),
                        }
                    }
                });
                match tokio::time::timeout(within, waiting).await {
                    Err(_) => return Ok(None),
                    Ok(Ok(Ok(lock))) => lock,
                    Ok(_) => return Ok(Some(FilePlace::NONE)),
                }
            }
        };
        Ok(Some(FilePlace {
            seen_failure: changed(&lock) != before,
            last_failure: last_failure(&lock),
            lock: Some(lock),
        }))
    }

    /// The lock on a key, if nobody has it.
    pub(super) fn try_now(&self, key: &CacheKey) -> Result<Option<FilePlace>, CacheFault> {
        let Some(lock) = self.open_lock(key)? else {
            return Ok(None);
        };
        Ok(lock.try_lock().is_ok().then(|| FilePlace {
            seen_failure: false,
            last_failure: last_failure(&lock),
            lock: Some(lock),
        }))
    }

    /// Puts an entry in the place of what is kept, at once: a reader sees the
    /// old file or the new one.
    pub(super) fn write(
        &self,
        place: &FilePlace,
        key: &CacheKey,
        entry: &Entry,
    ) -> Result<(), CacheFault> {
        if place.lock.is_none() {
            return Ok(());
        }
        let (new, kept) = (name(key, NEW), name(key, TOKEN));
        let write = || -> io::Result<()> {
            // Left behind by a process that was ended while it wrote.
            match rustix::fs::unlinkat(&self.descriptor, &new, AtFlags::empty()) {
                Err(Errno::NOENT) | Ok(()) => {}
                Err(error) => return Err(error.into()),
            }
            let flags = SAFE | OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL;
            let file = rustix::fs::openat(&self.descriptor, &new, flags, owner_only())?;
            File::from(file).write_all(&entry.encode(key))?;
            rustix::fs::renameat(&self.descriptor, &new, &self.descriptor, &kept)?;
            place.succeed();
            Ok(())
        };
        write().map_err(|error| {
            // What is half written is of no use to anybody.
            let _ = rustix::fs::unlinkat(&self.descriptor, &new, AtFlags::empty());
            CacheFault::unavailable(&self.path.join(&kept), error)
        })
    }

    /// Opens a key's lock; none, with a warning, where that is not possible.
    fn open_lock(&self, key: &CacheKey) -> Result<Option<File>, CacheFault> {
        let flags = OFlags::RDWR | OFlags::CREATE;
        match self.open_file(&name(key, LOCK), flags) {
            Err(fault @ CacheFault::Unavailable { .. }) => {
                warn(&fault);
                Ok(None)
            }
            opened => opened,
        }
    }

    /// Opens a file of this user's alone; none if it is not there.
    fn open_file(&self, name: &str, flags: OFlags) -> Result<Option<File>, CacheFault> {
        let path = self.path.join(name);
        let opened = rustix::fs::openat(&self.descriptor, name, SAFE | flags, owner_only());
        let descriptor = match opened {
            Ok(descriptor) => descriptor,
            Err(Errno::NOENT) if !flags.contains(OFlags::CREATE) => return Ok(None),
            Err(Errno::LOOP) => {
                return Err(CacheFault::is_unsafe(&path, "it is a symbolic link"));
            }
            Err(Errno::ISDIR | Errno::NXIO) => {
                return Err(CacheFault::is_unsafe(&path, "it is not a regular file"));
            }
            Err(error) => return Err(CacheFault::unavailable(&path, error)),
        };
        let stat = stat(&descriptor, &path)?;
        let kind = FileType::from_raw_mode(stat.st_mode);
        let reason = if kind != FileType::RegularFile {
            format!("it is a {}, not a regular file", file::name(kind))
        } else if stat.st_uid != user() {
            owned_by_another(&stat)
        } else if stat.st_mode & 0o077 != 0 {
            let mode = stat.st_mode & 0o7777;
            format!("others may use the file (mode {mode:04o}, it must be 0600)")
        } else if stat.st_nlink > 1 {
            "it has a second name (a hard link)".to_owned()
        } else {
            return Ok(Some(descriptor.into()));
        };
        Err(CacheFault::is_unsafe(&path, reason))
    }
}

impl FilePlace {
    const NONE: Self = FilePlace {
        lock: None,
        last_failure: None,
        seen_failure: false,
    };

    pub(super) fn failed_within(&self, time: Duration) -> bool {
        let ago = self.last_failure.and_then(|when| when.elapsed().ok());
        ago.is_some_and(|ago| ago < time)
    }

    /// Those who wait look at the time of the lock's last change, and those who
    /// come later at its length too: a lock of no length has seen no failure.
    pub(super) fn fail(&self) {
        if let Some(lock) = &self.lock {
            // If that is not possible they try one after the other.
            let _ = lock.set_len(1);
            let _ = lock.set_modified(SystemTime::now());
        }
    }

    fn succeed(&self) {
        if self.last_failure.is_some()
            && let Some(lock) = &self.lock
        {
            // If that is not possible the next renewal is a little late.
            let _ = lock.set_len(0);
        }
    }
}

/// Removes what Keyhole keeps in a directory, by name.
pub(super) fn clean(path: &Path) -> Result<Vec<String>, CacheFault> {
    if let Err(error) = path.symlink_metadata()
        && error.kind() == io::ErrorKind::NotFound
    {
        return Ok(Vec::new());
    }
    let directory = open_directory(path)?;
    let fault = |error| CacheFault::unavailable(path, error);
    let mut removed = Vec::new();
    for entry in rustix::fs::Dir::read_from(&directory.descriptor).map_err(fault)? {
        let entry = entry.map_err(fault)?;
        let Ok(name) = entry.file_name().to_str() else {
            continue;
        };
        if !is_ours(name) {
            continue;
        }
        match rustix::fs::unlinkat(&directory.descriptor, name, AtFlags::empty()) {
            Ok(()) => removed.push(name.to_owned()),
            Err(Errno::NOENT) => {}
            Err(error) => return Err(CacheFault::unavailable(&path.join(name), error)),
        }
    }
    removed.sort();
    Ok(removed)
}

/// Whether Keyhole makes files of this name.
fn is_ours(name: &str) -> bool {
    let is_key = |key: &str| {
        key.len() == 64
            && key
                .bytes()
                .all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
    };
    name.split_once('.')
        .is_some_and(|(key, kind)| is_key(key) && [TOKEN, LOCK, NEW].contains(&kind))
}

fn name(key: &CacheKey, kind: &str) -> String {
    format!("{}.{kind}", key.to_hex())
}

/// Opens a directory of this user's.
fn open_directory(path: &Path) -> Result<Directory, CacheFault> {
    let flags = SAFE | OFlags::RDONLY | OFlags::DIRECTORY;
    let descriptor = rustix::fs::open(path, flags, Mode::empty()).map_err(|error| {
        let is_link = path.is_symlink();
        match error {
            Errno::LOOP | Errno::NOTDIR if is_link => {
                CacheFault::is_unsafe(path, "it is a symbolic link")
            }
            Errno::NOTDIR => CacheFault::is_unsafe(path, "it is not a directory"),
            error => CacheFault::unavailable(path, error),
        }
    })?;
    let stat = stat(&descriptor, path)?;
    if stat.st_uid != user() {
        return Err(CacheFault::is_unsafe(path, owned_by_another(&stat)));
    }
    Ok(Directory {
        path: path.to_owned(),
        descriptor,
    })
}

fn owned_by_another(stat: &Stat) -> String {
    format!("it belongs to user {}, not to user {}", stat.st_uid, user())
}

fn user() -> u32 {
    rustix::process::geteuid().as_raw()
}

fn owner_only() -> Mode {
    Mode::RUSR | Mode::WUSR
}

fn stat(descriptor: impl AsFd, path: &Path) -> Result<Stat, CacheFault> {
    rustix::fs::fstat(descriptor).map_err(|error| CacheFault::unavailable(path, error))
}

fn last_failure(lock: &File) -> Option<SystemTime> {
    let has_length = lock.metadata().is_ok_and(|data| data.len() > 0);
    has_length.then(|| changed(lock)).flatten()
}

fn changed(lock: &File) -> Option<SystemTime> {
    lock.metadata().and_then(|data| data.modified()).ok()
}

/// Says why a token is not kept or not taken from what is kept.
pub(super) fn warn(fault: &CacheFault) {
    tracing::warn!(target: "keyhole", "{fault}; the exchange goes on without it");
}
