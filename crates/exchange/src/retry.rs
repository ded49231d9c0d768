//! When to ask again, and when not.

use crate::bounds::number;
use crate::http_date;

/// Nanoseconds of a second.
pub const SECOND: u64 = 1_000_000_000;

/// Most retries after connection faults, timeouts, 408, 429, 5xx and
/// `temporarily_unavailable`.
pub const MAX_RETRIES: u32 = 3;

/// The first wait; each further one is twice as long (azcore's base).
pub const BASE_NANOS: u64 = 800_000_000;

/// Most requests of one exchange without retry for propagation: the first,
/// three retries, one for a federated token read again, and one to spare.
pub const MAX_REQUESTS: u32 = 6;

/// A `Retry-After` beyond this is not waited for where there is no deadline
/// (azcore's limit).
pub const LONGEST_WAIT_SECONDS: u64 = 60;

/// The waits while a new federated credential spreads, in seconds: five
/// minutes in all. Microsoft Learn says that it takes "a few minutes" and asks
/// for retries (workload-identity-federation-considerations).
pub const PROPAGATION_SECONDS: [u64; 10] = [2, 4, 8, 16, 30, 30, 30, 60, 60, 60];

/// The codes seen while a federated credential spreads, or while Entra ID
/// cannot reach the issuer's keys (azure-workload-identity issues 605, 642,
/// 1130, 1200).
pub const PROPAGATION_CODES: [u32; 6] = [70021, 700_211, 700_213, 90061, 50166, 501_661];

/// Most requests that one exchange sends: what a host has to grant.
/// `retry_propagation` in nanoseconds.
#[must_use]
pub const fn max_requests(retry_propagation: u64) -> u32 {
    if retry_propagation == 0 {
        MAX_REQUESTS
    } else {
        MAX_REQUESTS + PROPAGATION_WAITS
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "the length of the constant above"
)]
const PROPAGATION_WAITS: u32 = PROPAGATION_SECONDS.len() as u32;

/// Whether a status asks for another try.
#[must_use]
pub const fn is_transient(status: u16) -> bool {
    matches!(status, 408 | 429 | 500..=599)
}

/// Whether one of the codes may go away while a credential spreads.
#[must_use]
pub fn is_propagation(codes: &[u32]) -> bool {
    codes.iter().any(|code| PROPAGATION_CODES.contains(code))
}

/// Seconds that a `Retry-After` asks for: a number, or a date (RFC 9110,
/// section 10.2.3) seen from the authority's own `Date`, else from `now`
/// (Unix seconds). A date that has passed is 0.
#[must_use]
pub fn retry_after(value: &str, date: Option<i64>, now: i64) -> Option<u64> {
    let value = value.trim_ascii();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(number(value.as_bytes()).unwrap_or(u64::MAX));
    }
    let until = http_date::parse(value)?;
    Some(u64::try_from(until.saturating_sub(date.unwrap_or(now))).unwrap_or(0))
}

/// A small generator, so that clients that failed together do not come back
/// together. Not for secrets: SplitMix64, seeded by the shell.
#[derive(Clone, Debug)]
pub struct Jitter(u64);

impl Jitter {
    /// A generator with that seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// `nanos` times 0.8 to 1.3 (azcore's range).
    #[must_use]
    pub const fn spread(&mut self, nanos: u64) -> u64 {
        let per_mille = 800 + self.next() % 500;
        (nanos / 1000).saturating_mul(per_mille)
    }

    /// A number below `bound`; 0 if that is 0.
    #[must_use]
    pub const fn below(&mut self, bound: u64) -> u64 {
        if bound == 0 { 0 } else { self.next() % bound }
    }

    const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

/// The wait before a retry, in nanoseconds; the first retry is number 0.
#[must_use]
pub const fn backoff(retry: u32, jitter: &mut Jitter) -> u64 {
    let factor = 1_u64 << if retry < 16 { retry } else { 16 };
    jitter.spread(BASE_NANOS * factor)
}

/// The wait before the next try while a credential spreads, in nanoseconds;
/// `None` when the schedule ends.
#[must_use]
pub fn propagation_wait(tries: u32, jitter: &mut Jitter) -> Option<u64> {
    let seconds = PROPAGATION_SECONDS.get(usize::try_from(tries).ok()?)?;
    Some(jitter.spread(seconds * SECOND))
}
