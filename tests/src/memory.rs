//! What another process has in its memory.

use crate::leaks::Secret;
use std::fs::{self, File};
use std::os::unix::fs::FileExt as _;

/// How much is read at a time; pieces overlap by [`OVERLAP`].
const PIECE: usize = 1 << 20;

/// Longer than what a search looks for.
const OVERLAP: usize = 64;

/// The writable mappings of a process that hold a secret, as the system names
/// them.
///
/// # Panics
/// If the process has no readable memory: then nothing could be found.
#[must_use]
pub fn writable_mappings_with(process: u32, secret: &Secret) -> Vec<String> {
    let maps = fs::read_to_string(format!("/proc/{process}/maps")).expect("the mappings");
    let memory = File::open(format!("/proc/{process}/mem")).expect("the memory");
    let mut searched = 0;
    let mut found = Vec::new();
    for mapping in maps.lines() {
        let mut parts = mapping.split_whitespace();
        let (Some(range), Some(access)) = (parts.next(), parts.next()) else {
            continue;
        };
        if !access.starts_with("rw") {
            continue;
        }
        let (start, end) = range.split_once('-').expect("a range");
        let address = |text| u64::from_str_radix(text, 16).expect("an address");
        let (mut at, end) = (address(start), address(end));
        let mut piece = vec![0; PIECE];
        while at < end {
            let length = usize::try_from(end - at).map_or(PIECE, |left| left.min(PIECE));
            // Kernel pages that are mapped but cannot be read hold nothing of ours.
            let Ok(read) = memory.read_at(&mut piece[..length], at) else {
                break;
            };
            searched += read;
            if secret.is_plain_in(&piece[..read]) {
                found.push(mapping.to_owned());
                break;
            }
            at += match read {
                0 => break,
                read if read > OVERLAP && (at + read as u64) < end => (read - OVERLAP) as u64,
                read => read as u64,
            };
        }
    }
    assert!(
        searched > 100_000,
        "{searched} bytes could be read:\n{maps}"
    );
    found
}
