//! A kept access token: whose it is ([`CacheKey`]), how it is written
//! ([`Entry`]), and whether it may be used ([`judge`]).

mod entry;
mod key;

pub use entry::{Entry, EntryFault, MAX_ENTRY};
pub use key::{CacheKey, Owner};

/// A token is not used in its last five minutes: what azidentity and
/// azure-identity for Python do (their `_DEFAULT_REFRESH_OFFSET` is 300 s).
pub const LAST_SECONDS: i64 = 5 * 60;

/// No authority grants more than 24 hours; twice that bears a wrong clock. The
/// host takes no token that lives longer, so an entry that says so is not its.
pub const MAX_LIFETIME_SECONDS: i64 = 48 * 60 * 60;

/// A clock may be that far behind the one by which an entry was written: less
/// than what is left of a token when it is no longer used.
const SKEW_SECONDS: i64 = LAST_SECONDS;

/// What may be done with a kept token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// It is used.
    Fresh,
    /// It is used if no newer one can be had: the authority suggested to renew
    /// it (`refresh_in`).
    Renew,
    /// It ends within [`LAST_SECONDS`], or has ended.
    Ending,
    /// By its own times it is from the future: a clock was set back.
    Future,
}

/// What may be done with an entry at `now` (Unix seconds).
#[must_use]
pub fn judge(entry: &Entry, now: i64) -> Use {
    if entry.written_on > now.saturating_add(SKEW_SECONDS)
        || entry.expires_on > now.saturating_add(MAX_LIFETIME_SECONDS)
    {
        return Use::Future;
    }
    if entry.expires_on.saturating_sub(now) <= LAST_SECONDS {
        return Use::Ending;
    }
    match entry.refresh_on {
        Some(when) if when <= now => Use::Renew,
        _ => Use::Fresh,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::String;
    use zeroize::Zeroizing;

    const NOW: i64 = 1_800_000_000;

    fn entry(written_on: i64, expires_on: i64, refresh_on: Option<i64>) -> Entry {
        Entry {
            token: Zeroizing::new(String::from("token")),
            written_on: NOW + written_on,
            expires_on: NOW + expires_on,
            refresh_on: refresh_on.map(|when| NOW + when),
        }
    }

    #[test]
    fn a_token_is_used_until_five_minutes_before_its_end() {
        for (written_on, expires_on, refresh_on, may) in [
            (-60, 3600, None, Use::Fresh),
            (0, 301, None, Use::Fresh),
            (0, 300, None, Use::Ending),
            (-3600, -1, None, Use::Ending),
            (-60, 3600, Some(1), Use::Fresh),
            (-60, 3600, Some(0), Use::Renew),
            (-60, 300, Some(0), Use::Ending),
            (300, 3600, None, Use::Fresh),
            (301, 3600, None, Use::Future),
            (0, 48 * 3600, None, Use::Fresh),
            (0, 48 * 3600 + 1, None, Use::Future),
        ] {
            let entry = entry(written_on, expires_on, refresh_on);
            assert_eq!(judge(&entry, NOW), may, "{entry:?}");
        }
    }

    #[test]
    fn no_time_is_too_far_away_to_be_judged() {
        for far in [i64::MIN, i64::MAX] {
            let mut entry = entry(0, 0, None);
            entry.written_on = far;
            entry.expires_on = far;
            for now in [i64::MIN, 0, i64::MAX] {
                let _ = judge(&entry, now);
            }
        }
    }
}
