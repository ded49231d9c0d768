//! `wasi:filesystem` with one file in it: opening and reading are granted,
//! everything else is refused and logged.

use super::super::{GrantsCtx, limits};
use super::{Content, FileFault};
use crate::audit::{AuditEvent, Capability};
use crate::bindings::wasi::filesystem::{preopens, types};
use keyhole_policy::{Rule, file as policy};
use std::sync::Arc;
use std::time::Instant;
use types::{DescriptorFlags, DescriptorStat, DescriptorType, ErrorCode, OpenFlags, PathFlags};
use wasmtime::component::Resource;
use wasmtime_wasi_io::streams::{DynInputStream, DynOutputStream, Error as IoError};
use zeroize::Zeroizing;

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
        self.call.begin_read()?;
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
                let code = code(&fault);
                let mut event = event.since(start).detail(fault.to_string());
                event.rule = fault.rule().map(Rule::name);
                self.call.log(event);
                self.file_fault = Some(fault);
                Ok(Err(code))
            }
        }
    }
}

/// The error code that a guest sees for a fault.
fn code(fault: &FileFault) -> ErrorCode {
    match fault {
        FileFault::Missing => ErrorCode::NoEntry,
        FileFault::NotRegular { .. } => ErrorCode::IsDirectory,
        FileFault::LinkLoop => ErrorCode::Loop,
        FileFault::Permission => ErrorCode::Access,
        FileFault::TooLarge { .. } => ErrorCode::FileTooLarge,
        FileFault::Empty | FileFault::NotAToken => ErrorCode::IllegalByteSequence,
        FileFault::Changing | FileFault::Unreadable { .. } => ErrorCode::Io,
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
            return self
                .refuse_file(&path, Rule::FileName, ErrorCode::NotDirectory)
                .map(Err);
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
            return self.refuse_operation("read of the folder");
        };
        // One chunk of a body at most: WASI allows short reads.
        let length = usize::try_from(length)
            .unwrap_or(usize::MAX)
            .min(limits::BODY_CHUNK);
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
