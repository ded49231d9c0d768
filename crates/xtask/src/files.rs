//! Writing files so that a reader sees the old one or the new one, and a
//! build sees a change only where there is one.

use std::fs;
use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;

/// Writes `bytes` to `path` by a temporary file beside it. A file that already
/// holds them is left alone, its time included. Returns whether it changed.
///
/// # Errors
///
/// The folder or the file cannot be written; the error names it.
pub(crate) fn put(path: &Path, bytes: &[u8]) -> Result<bool> {
    if fs::read(path).is_ok_and(|old| old == bytes) {
        return Ok(false);
    }
    place(path, bytes, 0o644)?;
    Ok(true)
}

/// Copies a program the same way.
///
/// # Errors
///
/// As [`put`], and `from` cannot be read.
pub(crate) fn put_program(from: &Path, to: &Path) -> Result<()> {
    place(to, &read(from)?, 0o755)
}

/// The bytes of a file.
///
/// # Errors
///
/// It cannot be read; the error names it.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

fn place(path: &Path, bytes: &[u8], mode: u32) -> Result<()> {
    let written = || format!("cannot write {}", path.display());
    let folder = path.parent().with_context(written)?;
    fs::create_dir_all(folder).with_context(written)?;
    let mut file = NamedTempFile::new_in(folder).with_context(written)?;
    file.write_all(bytes).with_context(written)?;
    set_mode(file.as_file(), mode).with_context(written)?;
    file.persist(path).with_context(written)?;
    Ok(())
}

#[cfg(unix)]
fn set_mode(file: &fs::File, mode: u32) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
fn set_mode(_: &fs::File, _: u32) -> std::io::Result<()> {
    Ok(())
}

/// SHA-256 in lower-case hexadecimal digits.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_would_not_change_keeps_its_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/file");
        assert!(put(&path, b"one").unwrap());
        let before = fs::metadata(&path).unwrap().modified().unwrap();
        assert!(!put(&path, b"one").unwrap());
        assert_eq!(before, fs::metadata(&path).unwrap().modified().unwrap());
        assert!(put(&path, b"two").unwrap());
        assert_eq!(fs::read(&path).unwrap(), b"two");
    }

    #[test]
    fn nothing_is_left_beside_a_written_file() {
        let folder = tempfile::tempdir().unwrap();
        put(&folder.path().join("file"), b"one").unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn digests_are_lower_case_hexadecimal() {
        // FIPS 180-4, the empty message.
        assert_eq!(
            sha256(b""),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
    }
}
