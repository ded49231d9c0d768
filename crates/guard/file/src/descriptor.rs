//! `wasi:filesystem/types` with one file in it: opening and reading pass, everything
//! else is refused.

use alloc::string::String;
use alloc::vec::Vec;

use keyhole_policy::Rule;
use keyhole_policy::file::{self, Access};
use zeroize::Zeroizing;

use crate::bindings::exports::wasi::filesystem::types as wit;
use crate::bindings::keyhole::guard::witness;
use crate::{Guard, outside, rule};
use wit::{
    DescriptorBorrow, DescriptorFlags, DescriptorStat, DescriptorType, ErrorCode, NewTimestamp,
    OpenFlags, PathFlags,
};

/// One chunk of a read at most, in bytes: WASI allows short reads.
const CHUNK_BYTES: usize = 64 * 1024;

/// What a descriptor stands for.
pub(crate) enum File {
    /// The preopen.
    Folder,
    /// The content as it was when it was opened.
    Snapshot(Zeroizing<Vec<u8>>),
}

/// No directory can be listed, so there is no stream of entries.
pub(crate) enum NoEntries {}

impl wit::Guest for Guard {
    type Descriptor = File;
    type DirectoryEntryStream = NoEntries;

    fn filesystem_error_code(_: &wit::Error) -> Option<ErrorCode> {
        None
    }
}

impl wit::GuestDirectoryEntryStream for NoEntries {
    fn read_directory_entry(&self) -> Result<Option<wit::DirectoryEntry>, ErrorCode> {
        match *self {}
    }
}

fn refuse<T>(broken: Rule, code: ErrorCode) -> Result<T, ErrorCode> {
    rule::refuse(broken);
    Err(code)
}

/// Anything but opening and reading.
fn refuse_operation<T>() -> Result<T, ErrorCode> {
    refuse(Rule::FileOperation, ErrorCode::NotPermitted)
}

fn open() -> Result<wit::Descriptor, ErrorCode> {
    let Ok(granted) = rule::granted() else {
        return refuse_operation();
    };
    let content = outside::read(&granted.token_file)?;
    if let Ok(token) = core::str::from_utf8(content.trim_ascii_end()) {
        witness::served(token);
    }
    Ok(wit::Descriptor::new(File::Snapshot(content)))
}

impl wit::GuestDescriptor for File {
    fn open_at(
        &self,
        _: PathFlags,
        path: String,
        how: OpenFlags,
        flags: DescriptorFlags,
    ) -> Result<wit::Descriptor, ErrorCode> {
        let Ok(granted) = rule::granted() else {
            return refuse_operation();
        };
        if let File::Snapshot(_) = self {
            return refuse(Rule::FileName, ErrorCode::NotDirectory);
        }
        let (_, entry) = granted.folder_and_entry();
        let access = Access {
            read: flags.contains(DescriptorFlags::READ),
            write: flags != DescriptorFlags::READ && !flags.is_empty(),
            create_or_directory: !how.is_empty(),
        };
        match file::judge_open(entry, &path, access) {
            Ok(()) => open(),
            Err(Rule::FileName) => refuse(Rule::FileName, ErrorCode::NoEntry),
            Err(broken) => refuse(broken, ErrorCode::ReadOnly),
        }
    }

    fn read(&self, length: u64, offset: u64) -> Result<(Vec<u8>, bool), ErrorCode> {
        let File::Snapshot(bytes) = self else {
            return refuse_operation();
        };
        let number = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        let start = number(offset).min(bytes.len());
        let length = number(length).min(CHUNK_BYTES);
        let end = start.saturating_add(length).min(bytes.len());
        let chunk = bytes.get(start..end).unwrap_or_default();
        Ok((chunk.to_vec(), end == bytes.len()))
    }

    fn get_flags(&self) -> Result<DescriptorFlags, ErrorCode> {
        Ok(DescriptorFlags::READ)
    }

    fn get_type(&self) -> Result<DescriptorType, ErrorCode> {
        Ok(match self {
            File::Folder => DescriptorType::Directory,
            File::Snapshot(_) => DescriptorType::RegularFile,
        })
    }

    fn stat(&self) -> Result<DescriptorStat, ErrorCode> {
        let File::Snapshot(bytes) = self else {
            return refuse_operation();
        };
        Ok(DescriptorStat {
            type_: DescriptorType::RegularFile,
            link_count: 1,
            size: bytes.len() as u64,
            data_access_timestamp: None,
            data_modification_timestamp: None,
            status_change_timestamp: None,
        })
    }

    fn is_same_object(&self, other: DescriptorBorrow<'_>) -> bool {
        core::ptr::eq(self, other.get::<File>())
    }

    /// The streams are the other guard's, so there is none here: what is read comes
    /// by `read`.
    fn read_via_stream(&self, _: u64) -> Result<wit::InputStream, ErrorCode> {
        refuse(Rule::FileOperation, ErrorCode::Unsupported)
    }

    fn write_via_stream(&self, _: u64) -> Result<wit::OutputStream, ErrorCode> {
        refuse_operation()
    }

    fn append_via_stream(&self) -> Result<wit::OutputStream, ErrorCode> {
        refuse_operation()
    }

    fn advise(&self, _: u64, _: u64, _: wit::Advice) -> Result<(), ErrorCode> {
        refuse_operation()
    }

    fn sync_data(&self) -> Result<(), ErrorCode> {
        refuse_operation()
    }

    fn set_size(&self, _: u64) -> Result<(), ErrorCode> {
        refuse_operation()
    }

    fn set_times(&self, _: NewTimestamp, _: NewTimestamp) -> Result<(), ErrorCode> {
        refuse_operation()
    }

    fn write(&self, _: Vec<u8>, _: u64) -> Result<u64, ErrorCode> {
        refuse_operation()
    }

    fn read_directory(&self) -> Result<wit::DirectoryEntryStream, ErrorCode> {
        refuse_operation()
    }

    fn sync(&self) -> Result<(), ErrorCode> {
        refuse_operation()
    }

    fn create_directory_at(&self, _: String) -> Result<(), ErrorCode> {
        refuse_operation()
    }

    fn stat_at(&self, _: PathFlags, _: String) -> Result<DescriptorStat, ErrorCode> {
        refuse_operation()
    }

    fn set_times_at(
        &self,
        _: PathFlags,
        _: String,
        _: NewTimestamp,
        _: NewTimestamp,
    ) -> Result<(), ErrorCode> {
        refuse_operation()
    }

    fn link_at(
        &self,
        _: PathFlags,
        _: String,
        _: DescriptorBorrow<'_>,
        _: String,
    ) -> Result<(), ErrorCode> {
        refuse_operation()
    }

    fn readlink_at(&self, _: String) -> Result<String, ErrorCode> {
        refuse_operation()
    }

    fn remove_directory_at(&self, _: String) -> Result<(), ErrorCode> {
        refuse_operation()
    }

    fn rename_at(&self, _: String, _: DescriptorBorrow<'_>, _: String) -> Result<(), ErrorCode> {
        refuse_operation()
    }

    fn symlink_at(&self, _: String, _: String) -> Result<(), ErrorCode> {
        refuse_operation()
    }

    fn unlink_file_at(&self, _: String) -> Result<(), ErrorCode> {
        refuse_operation()
    }

    fn metadata_hash(&self) -> Result<wit::MetadataHashValue, ErrorCode> {
        refuse_operation()
    }

    fn metadata_hash_at(
        &self,
        _: PathFlags,
        _: String,
    ) -> Result<wit::MetadataHashValue, ErrorCode> {
        refuse_operation()
    }
}
