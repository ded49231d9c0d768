//! The federated token file.

use alloc::string::String;
use alloc::vec::Vec;

use keyhole_exchange::exchange::{FileFault, FileFaultKind};
use zeroize::Zeroizing;

use crate::bindings::wasi::filesystem::preopens;
use crate::bindings::wasi::filesystem::types::{
    Descriptor, DescriptorFlags, ErrorCode, OpenFlags, PathFlags,
};

/// What is read of the file, in bytes: what the host's grant serves.
const FILE_BYTES: usize = 1024 * 1024;
/// How much is read at once, in bytes: a token as a rule.
const CHUNK_BYTES: u64 = 16 * 1024;

/// Reads the file at `path`.
pub(crate) fn read(path: &str) -> Result<Zeroizing<Vec<u8>>, FileFault> {
    read_all(&open(path)?)
}

/// Opens the file below the preopen that is the longest prefix of its path; jco's
/// shim can also give the file itself as one, which the empty path opens. Links
/// are followed: kubelet's projected volumes are made of them.
fn open(path: &str) -> Result<Descriptor, FileFault> {
    let directories = preopens::get_directories();
    let mut nearest: Option<(&Descriptor, &str, usize)> = None;
    for (directory, name) in &directories {
        if let Some(rest) = below(name, path)
            && nearest.is_none_or(|(_, _, length)| length <= name.len())
        {
            nearest = Some((directory, rest, name.len()));
        }
    }
    let Some((directory, rest, _)) = nearest else {
        let mut detail = String::from("no directory that was granted holds it: ");
        if directories.is_empty() {
            detail.push_str("none was");
        }
        for (index, (_, name)) in directories.iter().enumerate() {
            detail.push_str(if index == 0 { "" } else { ", " });
            detail.push_str(name);
        }
        return Err(FileFault::new(FileFaultKind::NotFound, &detail));
    };
    directory
        .open_at(
            PathFlags::SYMLINK_FOLLOW,
            rest,
            OpenFlags::empty(),
            DescriptorFlags::READ,
        )
        .map_err(fault)
}

/// `path` relative to a preopen of that name, if it is that or lies below it.
fn below<'p>(preopen: &str, path: &'p str) -> Option<&'p str> {
    let rest = match preopen.trim_end_matches('/') {
        "" => path.strip_prefix('/')?,
        "." if !path.starts_with('/') => path.strip_prefix("./").unwrap_or(path),
        name => match path.strip_prefix(name)? {
            "" => return Some(""),
            rest => rest.strip_prefix('/')?,
        },
    };
    let rest = rest.trim_start_matches('/');
    (!rest.is_empty()).then_some(rest)
}

fn read_all(file: &Descriptor) -> Result<Zeroizing<Vec<u8>>, FileFault> {
    let mut content = Zeroizing::new(Vec::new());
    loop {
        let offset = u64::try_from(content.len()).unwrap_or(u64::MAX);
        let (chunk, end) = file.read(CHUNK_BYTES, offset).map_err(fault)?;
        if content.len() + chunk.len() > FILE_BYTES {
            return Err(FileFault::new(FileFaultKind::TooLarge, ""));
        }
        content.extend_from_slice(&chunk);
        if end || chunk.is_empty() {
            return Ok(content);
        }
    }
}

fn fault(code: ErrorCode) -> FileFault {
    let kind = match code {
        ErrorCode::NoEntry => FileFaultKind::NotFound,
        ErrorCode::Access | ErrorCode::NotPermitted | ErrorCode::ReadOnly => {
            FileFaultKind::NotPermitted
        }
        ErrorCode::IsDirectory | ErrorCode::NotDirectory | ErrorCode::Loop => {
            FileFaultKind::NotAFile
        }
        ErrorCode::FileTooLarge | ErrorCode::Overflow => FileFaultKind::TooLarge,
        ErrorCode::IllegalByteSequence => FileFaultKind::NotAToken,
        other => return FileFault::new(FileFaultKind::Other, other.name()),
    };
    FileFault::new(kind, "")
}
