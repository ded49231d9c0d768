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
/// the text, unless that is shorter than the mark. A secret shorter than
/// [`LEAK_BYTES`] is looked for as a whole, one shorter than eight bytes not
/// at all. A text so alike to the secret that the search would take long is
/// replaced as a whole.
#[must_use]
pub fn redact<'t>(text: &'t str, secret: &str) -> Cow<'t, str> {
    redact_within(text, secret.as_bytes(), &mut Patience::default())
}

/// As [`redact`], for many texts or secrets that share one [`Patience`]: what
/// is left to be searched when it is used up is replaced as a whole.
#[must_use]
pub fn redact_within<'t>(text: &'t str, secret: &[u8], patience: &mut Patience) -> Cow<'t, str> {
    let leaks = leaks(text.as_bytes(), secret, patience);
    if leaks.is_empty() {
        return Cow::Borrowed(text);
    }
    let mut clean = String::with_capacity(text.len());
    let mut end_of_last = 0;
    while let Some((start, end)) = first_from(&leaks, end_of_last) {
        clean.push_str(text.get(end_of_last..start).unwrap_or(""));
        clean.push_str(REDACTED);
        end_of_last = end;
    }
    clean.push_str(text.get(end_of_last..).unwrap_or(""));
    Cow::Owned(clean)
}

/// Bytes of a text, from the first up to, not including, the second.
type Range = (usize, usize);

/// How many places are looked at before a search is given up. One for a few
/// strings of a usual answer takes some thousand, for those of an answer of a
/// mebibyte ten million; as many as the default take a fraction of a second.
#[derive(Clone, Debug)]
pub struct Patience(usize);

impl Default for Patience {
    fn default() -> Self {
        Self(32 * 1024 * 1024)
    }
}

impl Patience {
    fn spend(&mut self, places: usize) {
        self.0 = self.0.saturating_sub(places);
    }

    fn is_at_its_end(&self) -> bool {
        self.0 == 0
    }
}

/// Where `text` repeats `secret`, as ranges that do not touch, in any order.
///
/// A run of [`LEAK_BYTES`] holds a whole block of half that size that starts
/// at a multiple of it, so only those blocks of the text are looked for; and
/// a filter of how they begin tells most places of the secret apart at once.
fn leaks(text: &[u8], secret: &[u8], patience: &mut Patience) -> Vec<Range> {
    let shortest = LEAK_BYTES.min(secret.len());
    let block = shortest / 2;
    let mut found = Vec::new();
    if secret.len() < SHORTEST || text.len() < shortest {
        return found;
    }
    let filter = Filter::of(text.chunks_exact(block));
    for (secret_at, window) in secret.windows(block).enumerate() {
        patience.spend(1);
        if patience.is_at_its_end() {
            return alloc::vec![(0, text.len())];
        }
        if !filter.may_have(window) {
            continue;
        }
        for (index, piece) in text.chunks_exact(block).enumerate() {
            patience.spend(1);
            if piece != window {
                continue;
            }
            let at = index * block;
            let before = equal_before(text, at, secret, secret_at, shortest);
            let after = equal_after(text, at + block, secret, secret_at + block, shortest);
            patience.spend(before + after + found.len());
            if before + block + after >= shortest {
                add(&mut found, at - before, at + block + after);
            }
        }
    }
    found
}

/// Which beginnings of three bytes occur; it may say yes too often.
struct Filter(Vec<u64>);

impl Filter {
    /// 2^6 words of 2^6 bits: as many as a hash of twelve bits tells apart.
    const WORDS: usize = 1 << 6;

    fn of<'b>(blocks: impl Iterator<Item = &'b [u8]>) -> Self {
        let mut bits = alloc::vec![0; Self::WORDS];
        for block in blocks {
            let (word, bit) = Self::place(block);
            if let Some(word) = bits.get_mut(word) {
                *word |= bit;
            }
        }
        Self(bits)
    }

    fn may_have(&self, block: &[u8]) -> bool {
        let (word, bit) = Self::place(block);
        self.0.get(word).is_some_and(|word| word & bit != 0)
    }

    fn place(block: &[u8]) -> (usize, u64) {
        let start = block
            .iter()
            .take(3)
            .fold(0_u32, |sum, byte| sum << 8 | u32::from(*byte));
        // Fibonacci hashing: the upper bits of the product are well mixed.
        let hash = start.wrapping_mul(0x9e37_79b1);
        let bit = 1 << (hash >> 20 & 63);
        (usize::try_from(hash >> 26).unwrap_or(0), bit)
    }
}

fn equal_before(a: &[u8], a_end: usize, b: &[u8], b_end: usize, most: usize) -> usize {
    let a = a.get(..a_end).unwrap_or(&[]);
    let b = b.get(..b_end).unwrap_or(&[]);
    let pairs = a.iter().rev().zip(b.iter().rev()).take(most);
    pairs.take_while(|(a, b)| a == b).count()
}

fn equal_after(a: &[u8], a_start: usize, b: &[u8], b_start: usize, most: usize) -> usize {
    let a = a.get(a_start..).unwrap_or(&[]);
    let b = b.get(b_start..).unwrap_or(&[]);
    let pairs = a.iter().zip(b).take(most);
    pairs.take_while(|(a, b)| a == b).count()
}

/// Adds a range, joined with those it touches.
fn add(found: &mut Vec<Range>, mut start: usize, mut end: usize) {
    found.retain(|&(other_start, other_end)| {
        let apart = other_end < start || end < other_start;
        if !apart {
            start = start.min(other_start);
            end = end.max(other_end);
        }
        apart
    });
    found.push((start, end));
}

/// The first range that starts at `from` or later.
fn first_from(ranges: &[Range], from: usize) -> Option<Range> {
    ranges
        .iter()
        .copied()
        .filter(|(start, _)| *start >= from)
        .min()
}
