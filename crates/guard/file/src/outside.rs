//! The file as the runtime shows it.

use alloc::vec::Vec;

use keyhole_exchange::assertion;
use keyhole_policy::Rule;
use keyhole_policy::file::MAX_SIZE;
use zeroize::Zeroizing;

use crate::bindings::wasi::filesystem::preopens;
use crate::bindings::wasi::filesystem::types::{
    Descriptor, DescriptorFlags, ErrorCode, OpenFlags, PathFlags,
};
use crate::rule;

/// How much is read at once, in bytes: a token as a rule.
const CHUNK_BYTES: u64 = 16 * 1024;

/// Reads the file at `path`, and hands it over only if it is a compact JWS, which a
/// federated token is.
pub(crate) fn read(path: &str) -> Result<Zeroizing<Vec<u8>>, ErrorCode> {
    let content = read_all(&open(path)?)?;
    if !assertion::is_compact_jws(&content) {
        rule::refuse(Rule::FileContent);
        return Err(ErrorCode::IllegalByteSequence);
    }
    Ok(content)
}

/// Opens the file below the preopen that is the longest prefix of its path. Links
/// are followed: kubelet's projected volumes are made of them.
fn open(path: &str) -> Result<Descriptor, ErrorCode> {
    let directories = preopens::get_directories();
    let below = |name: &str| below(name, path).map(|rest| (name.len(), rest));
    let nearest = directories
        .iter()
        .filter_map(|(directory, name)| below(name).map(|(length, rest)| (length, directory, rest)))
        .max_by_key(|(length, ..)| *length);
    let (_, directory, rest) = nearest.ok_or(ErrorCode::NoEntry)?;
    directory.open_at(
        PathFlags::SYMLINK_FOLLOW,
        rest,
        OpenFlags::empty(),
        DescriptorFlags::READ,
    )
}

/// `path` relative to a preopen of that name, if it lies below it. A preopen that is
/// the file itself has the empty path below it.
fn below<'p>(preopen: &str, path: &'p str) -> Option<&'p str> {
    if preopen == path {
        return Some("");
    }
    let rest = match preopen.trim_end_matches('/') {
        "" => path.strip_prefix('/')?,
        "." if !path.starts_with('/') => path.strip_prefix("./").unwrap_or(path),
        name => path.strip_prefix(name)?.strip_prefix('/')?,
    };
    let rest = rest.trim_start_matches('/');
    (!rest.is_empty()).then_some(rest)
}

fn read_all(file: &Descriptor) -> Result<Zeroizing<Vec<u8>>, ErrorCode> {
    let mut content = Zeroizing::new(Vec::new());
    loop {
        let offset = content.len() as u64;
        let (chunk, end) = file.read(CHUNK_BYTES, offset)?;
        content.extend_from_slice(&chunk);
        if content.len() as u64 > MAX_SIZE {
            rule::refuse(Rule::FileSize);
            return Err(ErrorCode::FileTooLarge);
        }
        if end || chunk.is_empty() {
            return Ok(content);
        }
    }
}
