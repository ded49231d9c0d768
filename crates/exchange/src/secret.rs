//! Strings that must not be seen: wiped on drop, absent from every output.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use zeroize::Zeroizing;

/// How many consecutive bytes of a secret make a leak (DESIGN 4, result).
pub const LEAK_BYTES: usize = 24;
/// A secret shorter than this cannot be told from ordinary text.
const SHORTEST: usize = 8;
/// What stands in place of a secret.
pub const REDACTED: &str = "[redacted]";

/// A string that is wiped on drop and that neither `Debug` nor `Display`
/// shows.
#[derive(Clone, Default)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes the string over; nothing else keeps it.
    #[must_use]
    pub fn new(secret: String) -> Self {
        Self(Zeroizing::new(secret))
    }

    /// The secret itself. Every caller is a place to look at in a review.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<Zeroizing<String>> for Secret {
    fn from(secret: Zeroizing<String>) -> Self {
        Self(secret)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({REDACTED}, {} bytes)", self.0.len())
    }
}

/// `text` with each part of `secret` that is [`LEAK_BYTES`] or longer replaced
/// by `[redacted]`. Used with the signature of the federated token: without
/// it the rest of the token is worth nothing. The result is never longer than
/// the text. A secret shorter than [`LEAK_BYTES`] is looked for as a whole,
/// one shorter than eight bytes not at all.
#[must_use]
pub fn redact<'t>(text: &'t str, secret: &str) -> Cow<'t, str> {
    let leaks = leaks(text.as_bytes(), secret.as_bytes());
    if leaks.is_empty() {
        return Cow::Borrowed(text);
    }
    let mut clean = String::with_capacity(text.len());
    let mut end_of_last = 0;
    for (start, end) in leaks {
        clean.push_str(text.get(end_of_last..start).unwrap_or(""));
        clean.push_str(REDACTED);
        end_of_last = end;
    }
    clean.push_str(text.get(end_of_last..).unwrap_or(""));
    Cow::Owned(clean)
}

/// Where `text` repeats `secret`, as sorted ranges that do not touch.
///
/// A run of [`LEAK_BYTES`] holds at least one whole block of half that size
/// at a multiple of it, so only those blocks are looked up.
fn leaks(text: &[u8], secret: &[u8]) -> Vec<(usize, usize)> {
    let shortest = LEAK_BYTES.min(secret.len());
    let mut found: Vec<(usize, usize)> = Vec::new();
    if secret.len() < SHORTEST {
        return found;
    }
    let block = shortest.div_ceil(2);
    // A short secret has an odd block now and then; one byte less makes sure
    // that a whole block fits wherever the run starts.
    let block = if block * 2 > shortest {
        block - 1
    } else {
        block
    };
    for (index, piece) in text.chunks_exact(block).enumerate() {
        let at = index * block;
        for (secret_at, _) in secret
            .windows(block)
            .enumerate()
            .filter(|(_, window)| *window == piece)
        {
            let before = equal_before(text, at, secret, secret_at);
            let after = equal_after(text, at + block, secret, secret_at + block);
            if before + block + after >= shortest {
                add(&mut found, at - before, at + block + after);
            }
        }
    }
    found
}

fn equal_before(a: &[u8], a_end: usize, b: &[u8], b_end: usize) -> usize {
    let a = a.get(..a_end).unwrap_or(&[]);
    let b = b.get(..b_end).unwrap_or(&[]);
    a.iter()
        .rev()
        .zip(b.iter().rev())
        .take_while(|(a, b)| a == b)
        .count()
}

fn equal_after(a: &[u8], a_start: usize, b: &[u8], b_start: usize) -> usize {
    let a = a.get(a_start..).unwrap_or(&[]);
    let b = b.get(b_start..).unwrap_or(&[]);
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}

/// Adds a range, joined with those it touches.
fn add(found: &mut Vec<(usize, usize)>, mut start: usize, mut end: usize) {
    while let Some(&(last_start, last_end)) = found.last() {
        if last_end < start {
            break;
        }
        start = start.min(last_start);
        end = end.max(last_end);
        found.pop();
    }
    found.push((start, end));
}
