//! Unix seconds as people read them.

use crate::text::{Padded, Say, display, say};
use alloc::string::String;

/// The last second that has a four-digit year: 9999-12-31T23:59:59Z.
pub const LAST_SECOND: i64 = 253_402_300_799;

const SECONDS_PER_DAY: i64 = 86_400;

/// Unix seconds that print as RFC 3339 in UTC, `2026-11-24T22:50:00Z`. Times
/// outside the years 0 to 9999 print as a number of seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Utc(pub i64);

impl Say for Utc {
    fn say(&self, text: &mut String) {
        let days = self.0.div_euclid(SECONDS_PER_DAY);
        let (year, month, day) = civil_from_days(days);
        if self.0 > LAST_SECOND || year < 0 {
            return say!(text, self.0, " s after 1970");
        }
        let second = self.0.rem_euclid(SECONDS_PER_DAY);
        say!(
            text,
            Padded(year, 4),
            "-",
            Padded(month, 2),
            "-",
            Padded(day, 2),
            "T",
            Padded(second / 3600, 2),
            ":",
            Padded(second / 60 % 60, 2),
            ":",
            Padded(second % 60, 2),
            "Z"
        )
    }
}

/// Days since 1970-01-01 of a day in the Gregorian calendar, if there is such
/// a day (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms").
pub(crate) fn days_from_civil(year: i64, month: i64, day: i64) -> Option<i64> {
    if !(0..=9999).contains(&year) || !(1..=12).contains(&month) || day < 1 {
        return None;
    }
    let shifted_year = if month <= 2 { year - 1 } else { year };
    let era = shifted_year.div_euclid(400);
    let year_of_era = shifted_year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    let days = era * 146_097 + day_of_era - 719_468;
    (civil_from_days(days) == (year, month, day)).then_some(days)
}

/// Year, month and day of a number of days since 1970-01-01 (same source).
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let shifted = days.saturating_add(719_468);
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

/// A length of time for a sentence: `45 s`, `12 min`, `3 h 5 min`, `2 d 4 h`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span(pub u64);

impl Say for Span {
    fn say(&self, text: &mut String) {
        let (seconds, minutes, hours) = (self.0, self.0 / 60, self.0 / 3600);
        match seconds {
            0..120 => say!(text, seconds, " s"),
            120..7200 => say!(text, minutes, " min"),
            7200..172_800 => say!(text, hours, " h ", minutes % 60, " min"),
            _ => say!(text, hours / 24, " d ", hours % 24, " h"),
        }
    }
}

display!(Utc, Span);
