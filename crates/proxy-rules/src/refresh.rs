//! When a token is renewed, and until when it is used.

use keyhole_exchange::retry::Jitter;

/// A token is not sent in its last seconds: the clocks of three machines differ,
/// and a request takes a while.
pub const LAST_SECONDS: i64 = 10;

/// How long before its end a token is renewed at the latest, in seconds, if the
/// authority suggests nothing: azidentity's and azure-identity's five minutes.
const AHEAD_SECONDS: i64 = 300;

/// Between two tries to renew, in seconds, at first and at most.
const FIRST_WAIT: u64 = 1;
const LONGEST_WAIT: u64 = 60;

/// An authority that asks for more patience than this gets this, in seconds:
/// what it says of one moment should not silence a proxy for a day.
const LONGEST_RETRY_AFTER: u64 = 600;

/// Whether a token may be sent at `now` (Unix seconds).
#[must_use]
pub fn is_usable(expires_on: i64, now: i64) -> bool {
    expires_on.saturating_sub(now) > LAST_SECONDS
}

/// When a token that came at `now` is to be renewed (Unix seconds): when the
/// authority suggests it (`refresh_in`), else five minutes before its end (of a
/// short life: in its last quarter, and before it is no longer sent), but not in
/// the first half of its life; up to a twentieth of its life earlier, so
/// that pods which started together do not ask together.
#[must_use]
pub fn renew_at(now: i64, expires_on: i64, refresh_on: Option<i64>, jitter: &mut Jitter) -> i64 {
    let life = expires_on.saturating_sub(now).max(0);
    let ahead = AHEAD_SECONDS
        .min(life / 4)
        .max(2 * LAST_SECONDS)
        .min(life / 2);
    let latest = expires_on.saturating_sub(ahead);
    let half = now.saturating_add(life / 2);
    let suggested = refresh_on.unwrap_or(latest).clamp(half, latest.max(half));
    let early = jitter.below(u64::try_from(life / 20).unwrap_or_default() + 1);
    suggested.saturating_sub(i64::try_from(early).unwrap_or_default())
}

/// How long to wait after the `failures`th failure in a row, in milliseconds:
/// what the authority asked for (`retry_after`, seconds, up to ten minutes), else
/// from one second on twice as long each time, up to a minute; up to a quarter
/// longer by chance.
#[must_use]
pub fn wait_after(failures: u32, retry_after: Option<u64>, jitter: &mut Jitter) -> u64 {
    let doubled = FIRST_WAIT << failures.saturating_sub(1).min(6);
    let seconds = match retry_after {
        Some(seconds) => seconds.clamp(FIRST_WAIT, LONGEST_RETRY_AFTER),
        None => doubled.min(LONGEST_WAIT),
    };
    seconds * 1000 + jitter.below(seconds * 250 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: i64 = 1_800_000_000;

    #[test]
    fn a_token_is_not_sent_in_its_last_ten_seconds() {
        assert!(is_usable(NOW + 11, NOW) && !is_usable(NOW + 10, NOW));
        assert!(!is_usable(i64::MIN, NOW) && is_usable(i64::MAX, i64::MIN));
    }

    #[test]
    fn renewal_follows_the_authority_else_comes_five_minutes_before_the_end() {
        for (life, suggested, from, to) in [
            (3600, None, 3120, 3300),
            (86_400, Some(43_200), 38_880, 43_200),
            (3600, Some(10), 1620, 1800),
            (3600, Some(9000), 3120, 3300),
            (120, None, 84, 90),
            (60, None, 37, 40),
            (20, None, 9, 10),
            (0, None, 0, 0),
        ] {
            for seed in 0..64 {
                let mut jitter = Jitter::new(seed);
                let refresh_on = suggested.map(|after| NOW + after);
                let at = renew_at(NOW, NOW + life, refresh_on, &mut jitter) - NOW;
                assert!((from..=to).contains(&at), "{life} {suggested:?}: {at}");
            }
        }
    }

    #[test]
    fn waits_grow_up_to_a_minute_and_the_authority_is_listened_to() {
        for (failures, retry_after, from) in [
            (1, None, 1000),
            (2, None, 2000),
            (6, None, 32_000),
            (7, None, 60_000),
            (u32::MAX, None, 60_000),
            (0, None, 1000),
            (1, Some(30), 30_000),
            (9, Some(0), 1000),
            (1, Some(u64::MAX), 600_000),
        ] {
            let wait = wait_after(failures, retry_after, &mut Jitter::new(7));
            assert!(
                (from..=from + from / 4).contains(&wait),
                "{failures} {wait}"
            );
        }
    }

    proptest! {
        #[test]
        fn no_time_is_too_far_away(now: i64, ends: i64, refresh: Option<i64>, seed: u64) {
            let _ = renew_at(now, ends, refresh, &mut Jitter::new(seed));
        }
    }
}
