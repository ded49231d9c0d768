//! Dates as HTTP writes them (RFC 9110, section 5.6.7).

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
    let text = text.trim_ascii();
    let mut words = text.split([' ', '-', ',']).filter(|word| !word.is_empty());
    let _weekday = words.next()?;
    let (first, second, third, fourth) =
        (words.next()?, words.next()?, words.next()?, words.next()?);
    let (day, month, year, time) = match words.next() {
        Some("GMT") => (first, second, third, fourth),
        None => (second, first, fourth, third),
        Some(_) => return None,
    };
    if words.next().is_some() {
        return None;
    }
    let month = MONTHS.iter().position(|name| *name == month)?;
    let year = match (year.len(), number(year)?) {
        (4, year) => year,
        (2, year @ 70..) => year + 1900,
        (2, year) => year + 2000,
        _ => return None,
    };
    let days = days_from_civil(year, i64::try_from(month).ok()? + 1, number(day)?)?;
    Some(days * 86_400 + second_of_day(time)?)
}

fn second_of_day(time: &str) -> Option<i64> {
    let mut parts = time.split(':');
    let (hour, minute, second) = (
        number(parts.next()?)?,
        number(parts.next()?)?,
        number(parts.next()?)?,
    );
    // 60 is a leap second.
    let fits = hour < 24 && minute < 60 && second <= 60 && parts.next().is_none();
    fits.then_some(hour * 3600 + minute * 60 + second)
}

fn number(text: &str) -> Option<i64> {
    if !(1..=4).contains(&text.len()) || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}
