//! Durations as Go writes them, so that values from a kubelogin command line
//! mean the same here.

use alloc::format;
use alloc::string::String;
use core::str::FromStr;
use core::time::Duration;

/// A length of time greater than zero in the notation of Go's
/// `time.ParseDuration`: `60s`, `1m30s`, `1.5h`, `500ms`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GoDuration(pub Duration);

/// Units and their length in nanoseconds. Longer names come first where a
/// shorter one is a prefix of them.
const UNITS: [(&str, u128); 8] = [
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000),
    ("μs", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60 * 1_000_000_000),
    ("h", 3_600 * 1_000_000_000),
];

/// The longest duration that Go can hold: 2⁶³ − 1 nanoseconds, 292 years.
const LONGEST: u128 = i64::MAX as u128;

impl FromStr for GoDuration {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let unsigned = text.strip_prefix('+').unwrap_or(text);
        if unsigned.starts_with('-') {
            return Err("it must be greater than 0".into());
        }
        let mut rest = unsigned;
        let mut total: u128 = 0;
        if rest.is_empty() {
            return Err("it is empty; write for example 60s, 1m30s or 500ms".into());
        }
        if rest == "0" {
            return Err("it must be greater than 0".into());
        }
        while !rest.is_empty() {
            let (part, after) = component(rest)?;
            total = total.saturating_add(part);
            rest = after;
        }
        if total == 0 {
            return Err("it must be greater than 0".into());
        }
        let nanoseconds = u64::try_from(total)
            .ok()
            .filter(|_| total <= LONGEST)
            .ok_or("it is longer than 292 years")?;
        Ok(Self(Duration::from_nanos(nanoseconds)))
    }
}

/// One number with its unit, in nanoseconds, and what follows it.
fn component(text: &str) -> Result<(u128, &str), String> {
    let whole_end = digits(text);
    let (whole, mut rest) = text.split_at(whole_end);
    let mut fraction = "";
    if let Some(after) = rest.strip_prefix('.') {
        (fraction, rest) = after.split_at(digits(after));
    }
    if whole.is_empty() && fraction.is_empty() {
        return Err("it must begin with a number, for example 60s".into());
    }
    let Some((name, unit)) = UNITS.into_iter().find(|(name, _)| unit_name(rest) == *name) else {
        let unknown = unit_name(rest);
        return Err(if unknown.is_empty() {
            "a number has no unit; write for example 60s".into()
        } else {
            format!("unknown unit \"{unknown}\"; units are ns, us, ms, s, m and h")
        });
    };
    let whole = if whole.is_empty() {
        0
    } else {
        whole.parse::<u128>().unwrap_or(u128::MAX)
    };
    Ok((
        whole
            .saturating_mul(unit)
            .saturating_add(part_of_unit(fraction, unit)),
        &rest[name.len()..],
    ))
}

/// The digits behind a decimal point as a share of the unit, rounded down.
fn part_of_unit(fraction: &str, unit: u128) -> u128 {
    let mut scale = unit;
    let mut sum = 0;
    // A digit is worth less than a nanosecond once the scale has run out; the
    // sum is kept in 10⁻¹⁵ of the unit's nanoseconds until the end.
    const PRECISION: u128 = 1_000_000_000_000_000;
    scale *= PRECISION;
    for digit in fraction.bytes() {
        scale /= 10;
        sum += u128::from(digit - b'0') * scale;
    }
    sum / PRECISION
}

fn digits(text: &str) -> usize {
    text.bytes().take_while(u8::is_ascii_digit).count()
}

/// Everything up to the next number.
fn unit_name(text: &str) -> &str {
    let end = text
        .find(|c: char| c == '.' || c.is_ascii_digit())
        .unwrap_or(text.len());
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Duration, String> {
        text.parse().map(|GoDuration(duration)| duration)
    }

    #[test]
    fn durations_mean_what_they_mean_in_go() {
        for (text, nanoseconds) in [
            ("60s", 60_000_000_000_u64),
            ("+5s", 5_000_000_000),
            ("1m30s", 90_000_000_000),
            ("500ms", 500_000_000),
            ("1.5h", 5_400_000_000_000),
            (".5s", 500_000_000),
            ("5.s", 5_000_000_000),
            ("1h15m30.918273645s", 4_530_918_273_645),
            ("0.25h", 900_000_000_000),
            ("11us", 11_000),
            ("12µs", 12_000),
            ("12μs", 12_000),
            ("9223372036854775807ns", i64::MAX as u64),
        ] {
            assert_eq!(parse(text), Ok(Duration::from_nanos(nanoseconds)), "{text}");
        }
    }

    #[test]
    fn what_is_no_duration_is_refused_with_a_reason() {
        for (text, reason) in [
            ("", "empty"),
            ("60", "no unit"),
            ("s", "begin with a number"),
            (".s", "begin with a number"),
            ("1d", "unknown unit \"d\""),
            ("1m 30s", "unknown unit \"m \""),
            ("-1s", "greater than 0"),
            ("0", "greater than 0"),
            ("0s", "greater than 0"),
            ("0.1ns", "greater than 0"),
            ("9223372036854775808ns", "292 years"),
            ("99999999999999999999999999999999999999999999h", "292 years"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(reason), "{text}: {error}");
        }
    }
}
