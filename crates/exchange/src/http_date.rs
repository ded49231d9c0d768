//! Dates as HTTP writes them (RFC 9110, section 5.6.7).

use crate::bounds::{number, split};
use crate::utc::days_from_civil;

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// Unix seconds of an HTTP date in any of its three forms:
/// `Sun, 06 Nov 1994 08:49:37 GMT`, `Sunday, 06-Nov-94 08:49:37 GMT` and
/// `Sun Nov  6 08:49:37 1994`. The name of the day is not checked. A year of
/// two digits is one from 1970 to 2069.
#[must_use]
pub fn parse(text: &str) -> Option<i64> {
    let mut words = text
        .trim_ascii()
        .as_bytes()
        .split(|byte| matches!(byte, b' ' | b'-' | b','))
        .filter(|word| !word.is_empty());
    // Weekday, the four parts, and what may stand behind them.
    let mut parts: [&[u8]; 7] = [b""; 7];
    for part in &mut parts {
        *part = words.next().unwrap_or(b"");
    }
    let [_, first, second, third, fourth, last, beyond] = parts;
    let (day, month, year, time) = match last {
        b"GMT" => (first, second, third, fourth),
        b"" => (second, first, fourth, third),
        _ => return None,
    };
    if !beyond.is_empty() {
        return None;
    }
    let month = MONTHS.iter().position(|name| name.as_bytes() == month)?;
    let year = match (year.len(), small(year)?) {
        (4, year) => year,
        (2, year @ 70..) => year + 1900,
        (2, year) => year + 2000,
        _ => return None,
    };
    let days = days_from_civil(year, i64::try_from(month).ok()? + 1, small(day)?)?;
    Some(days * 86_400 + second_of_day(time)?)
}

fn second_of_day(time: &[u8]) -> Option<i64> {
    let mut parts = split(time, b':');
    let mut part = || small(parts.next()?);
    let (hour, minute, second) = (part()?, part()?, part()?);
    // 60 is a leap second.
    let fits = hour < 24 && minute < 60 && second <= 60 && parts.next().is_none();
    fits.then_some(hour * 3600 + minute * 60 + second)
}

/// A number of at most four digits.
fn small(digits: &[u8]) -> Option<i64> {
    number(digits)
        .filter(|_| digits.len() <= 4)
        .and_then(|number| i64::try_from(number).ok())
}
