//! The file: one preopen with one entry, read-only, whatever the path outside.
//!
//! WASI grants directories. This module implements `wasi:filesystem` so that a
//! guest finds a directory with a single file in it and nothing around it:
//! opening reads the real path afresh (kubelet rotates projected tokens by
//! swapping a `..data` link), the guest's descriptor is the snapshot that was
//! read, and every other operation is refused and logged.

use super::{GrantsCtx, GrantsView, HasGrants};
use crate::audit::{AuditEvent, Capability};
use crate::bindings::wasi::filesystem::{preopens, types};
use keyhole_exchange::assertion;
use keyhole_policy::{Rule, file as policy};
use rustix::fs::{FileType, Mode, OFlags};
use serde::Serialize;
use std::fmt;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use types::{DescriptorFlags, DescriptorStat, DescriptorType, ErrorCode, OpenFlags, PathFlags};
use wasmtime::component::{Linker, Resource};
use wasmtime_wasi_io::streams::{DynInputStream, DynOutputStream, Error as IoError};
use zeroize::Zeroizing;

/// kubelet replaces the `..data` link by a rename, but a file that is not
/// projected may be written by other means: a missing file whose folder exists
/// is looked for again for this long.
const MISSING_FILE_PATIENCE: Duration = Duration::from_millis(50);

/// How often it is looked for.
const MISSING_FILE_INTERVAL: Duration = Duration::from_millis(5);

/// The grant of one file, read-only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SingleFile {
    path: PathBuf,
    preopen: String,
    entry: String,
    content: Content,
    max_size: u64,
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
        }
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
    /// file in the [`GrantsCtx`] there is no preopen.
    ///
    /// # Errors
    /// If the linker has one of the interfaces already.
    pub fn add_to_linker<T: GrantsView + 'static>(linker: &mut Linker<T>) -> wasmtime::Result<()> {
        types::add_to_linker::<T, HasGrants>(linker, T::grants)?;
        preopens::add_to_linker::<T, HasGrants>(linker, T::grants)
    }

    /// Reads the file as a guest's `open` does.
    async fn read(&self) -> Result<Arc<Zeroizing<Vec<u8>>>, FileFault> {
        let start = Instant::now();
        loop {
            let path = self.path.clone();
            let max = self.max_size;
            let read = tokio::task::spawn_blocking(move || read_regular_file(&path, max))
                .await
                .map_err(|_| FileFault::Unreadable {
                    kind: io::ErrorKind::Interrupted,
                })?;
            match read {
                Err(FileFault::Missing) if start.elapsed() < MISSING_FILE_PATIENCE => {
                    if self.path.parent().is_some_and(|folder| !folder.is_dir()) {
                        return Err(FileFault::Missing);
                    }
                    tokio::time::sleep(MISSING_FILE_INTERVAL).await;
                }
                Err(fault) => return Err(fault),
                Ok(bytes) => {
                    self.judge_content(&bytes)?;
                    return Ok(Arc::new(bytes));
                }
            }
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
    #[error("it is larger than {max} bytes, which no federated token is")]
    TooLarge {
        /// The grant in bytes.
        max: u64,
    },
    /// It holds nothing but white space.
    #[error("it is empty")]
    Empty,
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
            FileFault::Empty => {
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

    fn code(&self) -> ErrorCode {
        match self {
            FileFault::Missing => ErrorCode::NoEntry,
            FileFault::NotRegular { .. } => ErrorCode::IsDirectory,
            FileFault::LinkLoop => ErrorCode::Loop,
            FileFault::Permission => ErrorCode::Access,
            FileFault::TooLarge { .. } => ErrorCode::FileTooLarge,
            FileFault::Empty | FileFault::NotAToken => ErrorCode::IllegalByteSequence,
            FileFault::Unreadable { .. } => ErrorCode::Io,
        }
    }
}

/// Opens without waiting (a FIFO has no writer) and judges the descriptor, not
/// the path, so that nothing can be swapped in between.
fn read_regular_file(path: &Path, max: u64) -> Result<Zeroizing<Vec<u8>>, FileFault> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    let descriptor = rustix::fs::open(path, flags, Mode::empty())
        .map_err(|error| fault(&io::Error::from(error)))?;
    let stat = rustix::fs::fstat(&descriptor).map_err(|error| fault(&io::Error::from(error)))?;
    let kind = FileType::from_raw_mode(stat.st_mode);
    if kind != FileType::RegularFile {
        return Err(FileFault::NotRegular { kind: name(kind) });
    }
    // A sparse file of a terabyte is refused by its size, before it is read.
    if u64::try_from(stat.st_size).unwrap_or(u64::MAX) > max {
        return Err(FileFault::TooLarge { max });
    }
    // Room for all of it at once: a buffer that grows leaves copies behind.
    // /proc files say 0 and are read up to the limit nevertheless.
    let mut bytes = Zeroizing::new(Vec::with_capacity(
        usize::try_from(max)
            .unwrap_or(usize::MAX)
            .saturating_add(1)
            .min(
                usize::try_from(stat.st_size)
                    .unwrap_or(0)
                    .max(64 * 1024)
                    .saturating_add(1),
            ),
    ));
    std::fs::File::from(descriptor)
        .take(max + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| fault(&error))?;
    if bytes.len() as u64 > max {
        return Err(FileFault::TooLarge { max });
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

fn name(kind: FileType) -> &'static str {
    match kind {
        FileType::Directory => "directory",
        FileType::Fifo => "FIFO",
        FileType::Socket => "socket",
        FileType::CharacterDevice | FileType::BlockDevice => "device",
        _ => "special file",
    }
}

/// What a guest's descriptor stands for.
pub enum Descriptor {
    /// The preopen.
    Root,
    /// The content as it was when it was opened.
    Snapshot(Arc<Zeroizing<Vec<u8>>>),
}

/// No directory can be listed, so there is no stream of entries.
pub enum NoDirectoryStream {}

impl GrantsCtx {
    fn refuse_file(&mut self, what: &str, rule: Rule, code: ErrorCode) -> Refused {
        self.call.refuse(Capability::File, what, rule)?;
        Ok(code)
    }

    fn refuse_operation<T>(&mut self, operation: &str) -> wasmtime::Result<Result<T, ErrorCode>> {
        self.refuse_file(operation, Rule::FileOperation, ErrorCode::NotPermitted)
            .map(Err)
    }

    fn snapshot(
        &self,
        descriptor: &Resource<Descriptor>,
    ) -> wasmtime::Result<Option<Arc<Zeroizing<Vec<u8>>>>> {
        Ok(match self.table.get(descriptor)? {
            Descriptor::Root => None,
            Descriptor::Snapshot(bytes) => Some(bytes.clone()),
        })
    }

    async fn open(&mut self) -> wasmtime::Result<Result<Resource<Descriptor>, ErrorCode>> {
        let Some(file) = self.file.clone() else {
            return self.refuse_operation("open-at");
        };
        let start = Instant::now();
        let event = AuditEvent::allowed(Capability::File, file.path.display().to_string());
        match file.read().await {
            Ok(bytes) => {
                self.call.log(event.bytes(bytes.len()).since(start));
                if file.content == Content::CompactJws
                    && let Ok(token) = std::str::from_utf8(bytes.trim_ascii_end())
                {
                    self.call.serve(Arc::new(Zeroizing::new(token.to_owned())));
                }
                self.file_fault = None;
                Ok(Ok(self.table.push(Descriptor::Snapshot(bytes))?))
            }
            Err(fault) => {
                let code = fault.code();
                let mut event = event.since(start).detail(fault.to_string());
                event.rule = fault.rule().map(Rule::name);
                self.call.log(event);
                self.file_fault = Some(fault);
                Ok(Err(code))
            }
        }
    }
}

type Refused = wasmtime::Result<ErrorCode>;
type Answer<T> = wasmtime::Result<Result<T, ErrorCode>>;

impl preopens::Host for GrantsCtx {
    fn get_directories(&mut self) -> wasmtime::Result<Vec<(Resource<Descriptor>, String)>> {
        let Some(preopen) = self.file.as_ref().map(|file| file.preopen.clone()) else {
            return Ok(Vec::new());
        };
        Ok(vec![(self.table.push(Descriptor::Root)?, preopen)])
    }
}

impl types::Host for GrantsCtx {
    fn filesystem_error_code(
        &mut self,
        _error: Resource<IoError>,
    ) -> wasmtime::Result<Option<ErrorCode>> {
        Ok(None)
    }
}

impl types::HostDirectoryEntryStream for GrantsCtx {
    fn read_directory_entry(
        &mut self,
        stream: Resource<NoDirectoryStream>,
    ) -> Answer<Option<types::DirectoryEntry>> {
        match *self.table.get(&stream)? {}
    }

    fn drop(&mut self, stream: Resource<NoDirectoryStream>) -> wasmtime::Result<()> {
        match self.table.delete(stream)? {}
    }
}

impl types::HostDescriptor for GrantsCtx {
    async fn open_at(
        &mut self,
        directory: Resource<Descriptor>,
        _path_flags: PathFlags,
        path: String,
        open_flags: OpenFlags,
        flags: DescriptorFlags,
    ) -> Answer<Resource<Descriptor>> {
        if self.snapshot(&directory)?.is_some() {
            return Ok(Err(ErrorCode::NotDirectory));
        }
        let entry = self.file.as_ref().map_or("", |file| file.entry.as_str());
        let access = policy::Access {
            read: flags.contains(DescriptorFlags::READ),
            write: flags != DescriptorFlags::READ && flags != DescriptorFlags::empty(),
            create_or_directory: open_flags != OpenFlags::empty(),
        };
        match policy::judge_open(entry, &path, access) {
            Ok(()) => self.open().await,
            Err(rule) => {
                let code = match rule {
                    Rule::FileName => ErrorCode::NoEntry,
                    _ => ErrorCode::ReadOnly,
                };
                self.refuse_file(&path, rule, code).map(Err)
            }
        }
    }

    fn read(
        &mut self,
        descriptor: Resource<Descriptor>,
        length: u64,
        offset: u64,
    ) -> Answer<(Vec<u8>, bool)> {
        let Some(bytes) = self.snapshot(&descriptor)? else {
            return Ok(Err(ErrorCode::IsDirectory));
        };
        // One chunk of a body at most: WASI allows short reads.
        let length = usize::try_from(length)
            .unwrap_or(usize::MAX)
            .min(super::limits::BODY_CHUNK);
        let start = usize::try_from(offset)
            .unwrap_or(usize::MAX)
            .min(bytes.len());
        let end = start.saturating_add(length).min(bytes.len());
        Ok(Ok((bytes[start..end].to_vec(), end == bytes.len())))
    }

    fn read_via_stream(
        &mut self,
        descriptor: Resource<Descriptor>,
        offset: u64,
    ) -> Answer<Resource<DynInputStream>> {
        let Some(bytes) = self.snapshot(&descriptor)? else {
            return Ok(Err(ErrorCode::IsDirectory));
        };
        let start = usize::try_from(offset)
            .unwrap_or(usize::MAX)
            .min(bytes.len());
        let pipe = wasmtime_wasi::p2::pipe::MemoryInputPipe::new(bytes[start..].to_vec());
        let stream: DynInputStream = Box::new(pipe);
        Ok(Ok(self.table.push(stream)?))
    }

    fn get_flags(&mut self, descriptor: Resource<Descriptor>) -> Answer<DescriptorFlags> {
        self.table.get(&descriptor)?;
        Ok(Ok(DescriptorFlags::READ))
    }

    fn get_type(&mut self, descriptor: Resource<Descriptor>) -> Answer<DescriptorType> {
        Ok(Ok(match self.snapshot(&descriptor)? {
            None => DescriptorType::Directory,
            Some(_) => DescriptorType::RegularFile,
        }))
    }

    fn stat(&mut self, descriptor: Resource<Descriptor>) -> Answer<DescriptorStat> {
        let Some(bytes) = self.snapshot(&descriptor)? else {
            return self.refuse_operation("stat");
        };
        Ok(Ok(DescriptorStat {
            type_: DescriptorType::RegularFile,
            link_count: 1,
            size: bytes.len() as u64,
            data_access_timestamp: None,
            data_modification_timestamp: None,
            status_change_timestamp: None,
        }))
    }

    fn is_same_object(
        &mut self,
        descriptor: Resource<Descriptor>,
        other: Resource<Descriptor>,
    ) -> wasmtime::Result<bool> {
        self.table.get(&other)?;
        self.table.get(&descriptor)?;
        Ok(descriptor.rep() == other.rep())
    }

    fn drop(&mut self, descriptor: Resource<Descriptor>) -> wasmtime::Result<()> {
        self.table.delete(descriptor)?;
        Ok(())
    }

    fn write_via_stream(
        &mut self,
        _: Resource<Descriptor>,
        _: u64,
    ) -> Answer<Resource<DynOutputStream>> {
        self.refuse_operation("write-via-stream")
    }

    fn append_via_stream(&mut self, _: Resource<Descriptor>) -> Answer<Resource<DynOutputStream>> {
        self.refuse_operation("append-via-stream")
    }

    fn advise(&mut self, _: Resource<Descriptor>, _: u64, _: u64, _: types::Advice) -> Answer<()> {
        self.refuse_operation("advise")
    }

    fn sync_data(&mut self, _: Resource<Descriptor>) -> Answer<()> {
        self.refuse_operation("sync-data")
    }

    fn set_size(&mut self, _: Resource<Descriptor>, _: u64) -> Answer<()> {
        self.refuse_operation("set-size")
    }

    fn set_times(
        &mut self,
        _: Resource<Descriptor>,
        _: types::NewTimestamp,
        _: types::NewTimestamp,
    ) -> Answer<()> {
        self.refuse_operation("set-times")
    }

    fn write(&mut self, _: Resource<Descriptor>, _: Vec<u8>, _: u64) -> Answer<u64> {
        self.refuse_operation("write")
    }

    fn read_directory(&mut self, _: Resource<Descriptor>) -> Answer<Resource<NoDirectoryStream>> {
        self.refuse_operation("read-directory")
    }

    fn sync(&mut self, _: Resource<Descriptor>) -> Answer<()> {
        self.refuse_operation("sync")
    }

    fn create_directory_at(&mut self, _: Resource<Descriptor>, path: String) -> Answer<()> {
        self.refuse_operation(&format!("create-directory-at {path}"))
    }

    fn stat_at(
        &mut self,
        _: Resource<Descriptor>,
        _: PathFlags,
        path: String,
    ) -> Answer<DescriptorStat> {
        self.refuse_operation(&format!("stat-at {path}"))
    }

    fn set_times_at(
        &mut self,
        _: Resource<Descriptor>,
        _: PathFlags,
        path: String,
        _: types::NewTimestamp,
        _: types::NewTimestamp,
    ) -> Answer<()> {
        self.refuse_operation(&format!("set-times-at {path}"))
    }

    fn link_at(
        &mut self,
        _: Resource<Descriptor>,
        _: PathFlags,
        path: String,
        _: Resource<Descriptor>,
        _: String,
    ) -> Answer<()> {
        self.refuse_operation(&format!("link-at {path}"))
    }

    fn readlink_at(&mut self, _: Resource<Descriptor>, path: String) -> Answer<String> {
        self.refuse_operation(&format!("readlink-at {path}"))
    }

    fn remove_directory_at(&mut self, _: Resource<Descriptor>, path: String) -> Answer<()> {
        self.refuse_operation(&format!("remove-directory-at {path}"))
    }

    fn rename_at(
        &mut self,
        _: Resource<Descriptor>,
        path: String,
        _: Resource<Descriptor>,
        _: String,
    ) -> Answer<()> {
        self.refuse_operation(&format!("rename-at {path}"))
    }

    fn symlink_at(&mut self, _: Resource<Descriptor>, path: String, _: String) -> Answer<()> {
        self.refuse_operation(&format!("symlink-at {path}"))
    }

    fn unlink_file_at(&mut self, _: Resource<Descriptor>, path: String) -> Answer<()> {
        self.refuse_operation(&format!("unlink-file-at {path}"))
    }

    fn metadata_hash(&mut self, _: Resource<Descriptor>) -> Answer<types::MetadataHashValue> {
        self.refuse_operation("metadata-hash")
    }

    fn metadata_hash_at(
        &mut self,
        _: Resource<Descriptor>,
        _: PathFlags,
        path: String,
    ) -> Answer<types::MetadataHashValue> {
        self.refuse_operation(&format!("metadata-hash-at {path}"))
    }
}
