//! The file: one preopen with one entry, read-only, whatever the path outside.
//!
//! WASI grants directories. This module implements `wasi:filesystem` so that a
//! guest finds a directory with a single file in it and nothing around it:
//! opening reads the real path afresh (kubelet rotates projected tokens by
//! swapping a `..data` link), the guest's descriptor is the snapshot that was
//! read, and every other operation is refused and logged.

mod filesystem;

pub use filesystem::{Descriptor, NoDirectoryStream};

use super::{GrantsView, HasGrants};
use crate::bindings::wasi::filesystem::{preopens, types};
use keyhole_exchange::assertion;
use keyhole_policy::{Rule, file as policy};
use rustix::fs::{FileType, Mode, OFlags, Stat};
use serde::Serialize;
use std::fmt;
use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use wasmtime::component::Linker;
use zeroize::Zeroizing;

/// kubelet replaces the `..data` link by a rename, but a file that is not
/// projected may be replaced by other means: one that is missing while its
/// folder exists is looked for again for this long.
const MISSING_PATIENCE: Duration = Duration::from_millis(50);

/// One that is empty or changes while it is read is being written, as by a
/// shell's `>`, and is read again for this long.
const WRITING_PATIENCE: Duration = Duration::from_millis(250);

/// How often it is read.
const INTERVAL: Duration = Duration::from_millis(5);

/// The grant of one file, read-only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SingleFile {
    path: PathBuf,
    preopen: String,
    entry: String,
    content: Content,
    max_size: u64,
    #[serde(skip)]
    source: Source,
}

/// Where the content is from.
#[derive(Clone, PartialEq, Eq)]
enum Source {
    /// The real path, read afresh each time.
    Path,
    /// Memory: nothing is read, and the path is a name for people alone.
    Memory(Arc<Zeroizing<Vec<u8>>>),
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Source::Path => "Path",
            Source::Memory(_) => "Memory([redacted])",
        })
    }
}

/// What the content of a granted file must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Content {
    Any,
    /// A federated token: anything else is not handed over, so that a wrong
    /// path does not make the grant a reader of other files.
    CompactJws,
}

impl SingleFile {
    /// Grants the file at `path`, of any content up to 1 MiB, as the entry
    /// `federated-token` of the preopen `/keyhole`.
    pub fn read_only(path: impl Into<PathBuf>) -> Self {
        SingleFile {
            path: path.into(),
            preopen: policy::PREOPEN.into(),
            entry: policy::ENTRY.into(),
            content: Content::Any,
            max_size: policy::MAX_SIZE,
            source: Source::Path,
        }
    }

    /// The same grant with this content, which is on no disk. The path is what
    /// the log and errors call it.
    pub(crate) fn holding(mut self, content: Zeroizing<Vec<u8>>) -> Self {
        self.source = Source::Memory(Arc::new(content));
        self
    }

    /// Shows the file to the guest as `entry` below `preopen` instead.
    #[must_use]
    pub fn shown_as(mut self, preopen: impl Into<String>, entry: impl Into<String>) -> Self {
        self.preopen = preopen.into();
        self.entry = entry.into();
        self
    }

    /// Hands the content over only if it is a compact JWS (RFC 7515, section
    /// 3.1), which a federated token is.
    #[must_use]
    pub fn only_jws(mut self) -> Self {
        self.content = Content::CompactJws;
        self
    }

    /// The real path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The path as the guest sees it.
    #[must_use]
    pub fn guest_path(&self) -> String {
        format!("{}/{}", self.preopen, self.entry)
    }

    /// Adds `wasi:filesystem/types` and `preopens` to a linker. Without a
    /// file in the `GrantsCtx` there is no preopen.
    ///
    /// # Errors
    /// If the linker has one of the interfaces already.
    pub fn add_to_linker<T: GrantsView + 'static>(linker: &mut Linker<T>) -> wasmtime::Result<()> {
        types::add_to_linker::<T, HasGrants>(linker, T::grants)?;
        preopens::add_to_linker::<T, HasGrants>(linker, T::grants)
    }

    /// Reads the file as a guest's `open` does.
    async fn read(&self) -> Result<Arc<Zeroizing<Vec<u8>>>, FileFault> {
        if let Source::Memory(bytes) = &self.source {
            return self.judge_content(bytes).map(|()| Arc::clone(bytes));
        }
        let start = Instant::now();
        loop {
            let path = self.path.clone();
            let max = self.max_size;
            let read = tokio::task::spawn_blocking(move || read_regular_file(&path, max))
                .await
                .map_err(|_| FileFault::Unreadable {
                    kind: io::ErrorKind::Interrupted,
                })?;
            let read = read.and_then(|bytes| self.judge_content(&bytes).map(|()| bytes));
            match read {
                Err(fault) if start.elapsed() < self.patience(&fault) => {
                    tokio::time::sleep(INTERVAL).await;
                }
                read => return read.map(Arc::new),
            }
        }
    }

    /// How long a fault may be what a swap of the file looks like.
    fn patience(&self, fault: &FileFault) -> Duration {
        match fault {
            FileFault::Missing if self.path.parent().is_none_or(Path::is_dir) => MISSING_PATIENCE,
            FileFault::Empty | FileFault::Changing => WRITING_PATIENCE,
            _ => Duration::ZERO,
        }
    }

    fn judge_content(&self, bytes: &[u8]) -> Result<(), FileFault> {
        match self.content {
            Content::Any => Ok(()),
            Content::CompactJws if bytes.trim_ascii_end().is_empty() => Err(FileFault::Empty),
            Content::CompactJws if assertion::is_compact_jws(bytes) => Ok(()),
            Content::CompactJws => Err(FileFault::NotAToken),
        }
    }
}

impl fmt::Display for SingleFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} as {}, read-only",
            self.path.display(),
            self.guest_path()
        )
    }
}

/// Why a granted file could not be handed over.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FileFault {
    /// Nothing is there.
    #[error("no such file")]
    Missing,
    /// A directory, FIFO, socket or device.
    #[error("it is a {kind}, not a regular file")]
    NotRegular {
        /// What it is.
        kind: &'static str,
    },
    /// Links lead in a circle.
    #[error("its symbolic links lead in a circle")]
    LinkLoop,
    /// The process may not read it.
    #[error("permission denied")]
    Permission,
    /// It is larger than the grant.
    #[error("it is larger than {max} bytes")]
    TooLarge {
        /// The grant in bytes.
        max: u64,
    },
    /// It holds nothing but white space.
    #[error("it is empty")]
    Empty,
    /// It was written to while it was read, again and again.
    #[error("it changes while it is read")]
    Changing,
    /// It is not three base64url parts.
    #[error("its content is not a JWT (three base64url parts separated by dots)")]
    NotAToken,
    /// Reading failed otherwise.
    #[error("it cannot be read: {kind}")]
    Unreadable {
        /// What the system said.
        kind: io::ErrorKind,
    },
}

impl FileFault {
    /// What to do next.
    #[must_use]
    pub fn next_step(&self) -> &'static str {
        match self {
            FileFault::Missing => {
                "check AZURE_FEDERATED_TOKEN_FILE or --federated-token-file; in a pod, check that \
                 the label azure.workload.identity/use: \"true\" was set before it started, so that \
                 the webhook mounts the token"
            }
            FileFault::NotRegular { .. } => {
                "name the token file itself, as a rule \
                 /var/run/secrets/azure/wi/token/azure-identity-token"
            }
            FileFault::LinkLoop => "mount the projected token again: its links are broken",
            FileFault::Permission => {
                "run as the user the token is projected for, or set fsGroup in the pod's \
                 securityContext"
            }
            FileFault::TooLarge { .. } | FileFault::NotAToken => {
                "name the file of the projected service account token; it holds the JWT alone, \
                 without quotes"
            }
            FileFault::Empty | FileFault::Changing => {
                "wait for kubelet to write the token, or check what else writes this file"
            }
            FileFault::Unreadable { .. } => "check the volume the file is on",
        }
    }

    fn rule(&self) -> Option<Rule> {
        match self {
            FileFault::NotRegular { .. } => Some(Rule::FileKind),
            FileFault::TooLarge { .. } => Some(Rule::FileSize),
            FileFault::Empty | FileFault::NotAToken => Some(Rule::FileContent),
            _ => None,
        }
    }
}

/// Room for a file that does not say its size, in bytes.
const SIZE_UNKNOWN: usize = 64 * 1024;

/// Opens without waiting (a FIFO has no writer) and judges the descriptor, not
/// the path, so that nothing can be swapped in between.
pub(crate) fn read_regular_file(path: &Path, max: u64) -> Result<Zeroizing<Vec<u8>>, FileFault> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    let descriptor = rustix::fs::open(path, flags, Mode::empty())
        .map_err(|error| fault(&io::Error::from(error)))?;
    let stat = |descriptor: &OwnedFd| {
        rustix::fs::fstat(descriptor).map_err(|error| fault(&io::Error::from(error)))
    };
    let before = stat(&descriptor)?;
    let kind = FileType::from_raw_mode(before.st_mode);
    if kind != FileType::RegularFile {
        return Err(FileFault::NotRegular { kind: name(kind) });
    }
    // A sparse file of a terabyte is refused by its size, before it is read.
    if u64::try_from(before.st_size).unwrap_or(u64::MAX) > max {
        return Err(FileFault::TooLarge { max });
    }
    // Room for all of it at once, and for the byte that would be too many: a
    // buffer that grows leaves copies behind. Files in /proc say 0 and are read
    // up to the limit nevertheless.
    let size = usize::try_from(before.st_size).unwrap_or_default();
    let room = if size == 0 { SIZE_UNKNOWN } else { size };
    let mut bytes = Zeroizing::new(Vec::with_capacity(room + 1));
    let mut file = std::fs::File::from(descriptor).take(max + 1);
    file.read_to_end(&mut bytes)
        .map_err(|error| fault(&error))?;
    if bytes.len() as u64 > max {
        return Err(FileFault::TooLarge { max });
    }
    // What was written over meanwhile may be half the old and half the new.
    let after = stat(&file.into_inner().into())?;
    let version = |stat: &Stat| (stat.st_size, stat.st_mtime, stat.st_mtime_nsec);
    if version(&before) != version(&after) {
        return Err(FileFault::Changing);
    }
    Ok(bytes)
}

fn fault(error: &io::Error) -> FileFault {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => FileFault::Missing,
        io::ErrorKind::PermissionDenied => FileFault::Permission,
        _ if error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error()) => {
            FileFault::LinkLoop
        }
        _ if error.raw_os_error() == Some(rustix::io::Errno::NXIO.raw_os_error()) => {
            FileFault::NotRegular { kind: "socket" }
        }
        kind => FileFault::Unreadable { kind },
    }
}

pub(crate) fn name(kind: FileType) -> &'static str {
    match kind {
        FileType::Directory => "directory",
        FileType::Fifo => "FIFO",
        FileType::Socket => "socket",
        FileType::CharacterDevice | FileType::BlockDevice => "device",
        _ => "special file",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;

    const JWT: &str = "aGVhZGVy.cGF5bG9hZA.c2lnbmF0dXJl";

    fn read(path: impl Into<PathBuf>) -> Result<Arc<Zeroizing<Vec<u8>>>, FileFault> {
        tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .expect("a runtime")
            .block_on(SingleFile::read_only(path).only_jws().read())
    }

    fn written(content: &[u8]) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("token");
        fs::write(&path, content).expect("a file");
        (folder, path)
    }

    #[test]
    fn a_token_is_read_whole_and_with_its_white_space() {
        let (_folder, path) = written(format!("{JWT}\n").as_bytes());
        assert_eq!(
            read(path).expect("the token").as_slice(),
            format!("{JWT}\n").as_bytes()
        );
    }

    #[test]
    fn each_reading_follows_the_links_afresh() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        for (version, token) in [("..1", "b25l.b25l.b25l"), ("..2", "dHdv.dHdv.dHdv")] {
            fs::create_dir(at(version)).expect("a version");
            fs::write(at(version).join("token"), token).expect("a token");
        }
        symlink("..1", at("..data")).expect("a link");
        symlink("..data/token", at("token")).expect("a link");
        assert_eq!(
            read(at("token")).expect("one").as_slice(),
            b"b25l.b25l.b25l"
        );

        symlink("..2", at("..data_tmp")).expect("a link");
        fs::rename(at("..data_tmp"), at("..data")).expect("the swap of kubelet");
        assert_eq!(
            read(at("token")).expect("two").as_slice(),
            b"dHdv.dHdv.dHdv"
        );
    }

    #[test]
    fn what_is_not_a_token_is_not_handed_over() {
        for (content, fault) in [
            (&b""[..], FileFault::Empty),
            (b" \n\t\n", FileFault::Empty),
            (b"root:x:0:0:root:/root:/bin/bash\n", FileFault::NotAToken),
            (b"-----BEGIN PRIVATE KEY-----", FileFault::NotAToken),
            (b"{\"a\":1}", FileFault::NotAToken),
            (b"a.b", FileFault::NotAToken),
            (b"a.b.c.d", FileFault::NotAToken),
            (
                b"\"aGVhZGVy.cGF5bG9hZA.c2lnbmF0dXJl\"",
                FileFault::NotAToken,
            ),
            (b"a.b.\xff", FileFault::NotAToken),
        ] {
            let (_folder, path) = written(content);
            assert_eq!(read(path).map(|_| ()), Err(fault), "{content:?}");
        }
    }

    #[test]
    fn only_a_regular_file_is_read_and_nothing_is_waited_for() {
        let folder = tempfile::tempdir().expect("a folder");
        assert_eq!(
            read(folder.path()).map(|_| ()),
            Err(FileFault::NotRegular { kind: "directory" })
        );
        assert_eq!(
            read("/dev/null").map(|_| ()),
            Err(FileFault::NotRegular { kind: "device" })
        );
        let fifo = folder.path().join("fifo");
        let made = std::process::Command::new("mkfifo").arg(&fifo).status();
        assert!(made.expect("mkfifo runs").success());
        assert_eq!(
            read(fifo).map(|_| ()),
            Err(FileFault::NotRegular { kind: "FIFO" })
        );
        let socket = folder.path().join("socket");
        let _listener = std::os::unix::net::UnixListener::bind(&socket).expect("a socket");
        assert_eq!(
            read(socket).map(|_| ()),
            Err(FileFault::NotRegular { kind: "socket" })
        );
    }

    #[test]
    fn a_file_over_the_limit_is_refused_by_its_size() {
        let (_folder, path) = written(b"");
        let file = fs::File::options().write(true).open(&path).expect("a file");
        file.set_len(1 << 40).expect("a sparse terabyte");
        let max = policy::MAX_SIZE;
        assert_eq!(read(&path).map(|_| ()), Err(FileFault::TooLarge { max }));
        file.set_len(max + 1).expect("a byte too many");
        assert_eq!(read(&path).map(|_| ()), Err(FileFault::TooLarge { max }));
    }

    #[test]
    fn a_circle_of_links_and_a_missing_file_are_told_apart() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("token");
        symlink("token", &path).expect("a link");
        assert_eq!(read(&path).map(|_| ()), Err(FileFault::LinkLoop));
        assert_eq!(
            read(folder.path().join("none")).map(|_| ()),
            Err(FileFault::Missing)
        );
        assert_eq!(
            read(folder.path().join("none/none")).map(|_| ()),
            Err(FileFault::Missing)
        );
    }

    #[test]
    fn a_file_that_appears_while_it_is_looked_for_is_read() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("token");
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .expect("a runtime");
        let file = SingleFile::read_only(&path).only_jws();
        let found = runtime.block_on(async {
            let (found, ()) = tokio::join!(file.read(), async {
                // The first look has to come before the file does.
                tokio::time::sleep(INTERVAL).await;
                fs::write(&path, JWT).expect("a file");
            });
            found
        });
        assert_eq!(found.expect("the token").as_slice(), JWT.as_bytes());
    }
}
