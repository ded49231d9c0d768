//! Whether the authority would refuse a federated token for its times.

use super::{AssertionFacts, AssertionFault};

/// How far clocks may be apart. Entra ID grants five minutes itself.
pub const CLOCK_SKEW_SECONDS: i64 = 300;

/// The longest lifetime that Entra ID accepts: one day and one hour
/// (AADSTS70023).
pub const LONGEST_LIFETIME_SECONDS: u64 = 25 * 3600;

/// Judges a federated token by its own times at `now` (Unix seconds).
///
/// # Errors
/// What the authority would refuse: no `exp`; a lifetime over
/// [`LONGEST_LIFETIME_SECONDS`]; a time outside `nbf` and `exp`, widened by
/// [`CLOCK_SKEW_SECONDS`] on both ends.
pub fn check(facts: &AssertionFacts, now: i64) -> Result<(), AssertionFault> {
    let expires_on = facts.expires_on.ok_or(AssertionFault::NoExpiry)?;
    let begins = facts.issued_at.or(facts.not_before).unwrap_or(now);
    let lifetime = u64::try_from(expires_on.saturating_sub(begins)).unwrap_or(0);
    if lifetime > LONGEST_LIFETIME_SECONDS {
        return Err(AssertionFault::LifetimeTooLong { lifetime });
    }
    if now >= expires_on.saturating_add(CLOCK_SKEW_SECONDS) {
        return Err(AssertionFault::Expired { expires_on, now });
    }
    match facts.not_before {
        Some(not_before) if now < not_before.saturating_sub(CLOCK_SKEW_SECONDS) => {
            Err(AssertionFault::NotYetValid { not_before, now })
        }
        _ => Ok(()),
    }
}
