//! Unix seconds as text.

use core::fmt;

const DAY: i64 = 86_400;

/// Seconds since the Unix epoch, displayed as RFC 3339 in UTC with whole
/// seconds: `2006-01-02T15:04:05Z`.
///
/// Years that RFC 3339 cannot write (before 0 or after 9999) are displayed as
/// `unix time N`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Utc(pub i64);

impl fmt::Display for Utc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = civil(self.0.div_euclid(DAY));
        if !(0..=9999).contains(&year) {
            return write!(f, "unix time {}", self.0);
        }
        let second = self.0.rem_euclid(DAY);
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z",
            second / 3600,
            second / 60 % 60,
            second % 60
        )
    }
}

/// Year, month and day of a day counted from 1970-01-01, in the proleptic
/// Gregorian calendar.
///
/// Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms",
/// `civil_from_days`. Years begin in March there, so that the leap day is the
/// last of its year.
fn civil(days: i64) -> (i64, i64, i64) {
    const DAYS_OF_400_YEARS: i64 = 146_097;
    const DAYS_FROM_MARCH_OF_YEAR_0: i64 = 719_468;

    let days = days + DAYS_FROM_MARCH_OF_YEAR_0;
    let era = days.div_euclid(DAYS_OF_400_YEARS);
    let of_era = days.rem_euclid(DAYS_OF_400_YEARS);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 {
        from_march + 3
    } else {
        from_march - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

/// How far away a time is, for people: `in 59 min`, `in 42 s`, `12 min ago`,
/// `in 23 h 59 min`. It is rounded towards now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Until {
    /// The present, Unix seconds.
    pub now: i64,
    /// The time in question, Unix seconds.
    pub then: i64,
}

impl fmt::Display for Until {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let distance = self.then.abs_diff(self.now);
        let past = self.then < self.now;
        if !past {
            f.write_str("in ")?;
        }
        match distance {
            0..60 => write!(f, "{distance} s")?,
            60..7_200 => write!(f, "{} min", distance / 60)?,
            7_200..172_800 => {
                write!(f, "{} h {} min", distance / 3_600, distance % 3_600 / 60)?;
            }
            _ => write!(f, "{} d", distance / 86_400)?,
        }
        f.write_str(if past { " ago" } else { "" })
    }
}
