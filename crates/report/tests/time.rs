//! Times against an independent calendar.

use keyhole_report::{Until, Utc};
use proptest::prelude::*;

/// 0000-01-01T00:00:00Z and 9999-12-30T22:00:00Z, the ends of what both can write.
const YEARS: std::ops::RangeInclusive<i64> = -62_167_219_200..=253_402_207_200;

proptest! {
    #[test]
    fn utc_agrees_with_jiff(seconds in YEARS) {
        let expected = jiff::Timestamp::from_second(seconds).unwrap();
        prop_assert_eq!(Utc(seconds).to_string(), expected.strftime("%Y-%m-%dT%H:%M:%SZ").to_string());
    }

    #[test]
    fn any_number_of_seconds_has_a_text(seconds in any::<i64>()) {
        let shown = Utc(seconds).to_string();
        prop_assert!(shown.ends_with('Z') || shown.starts_with("unix time "), "{}", shown);
    }

    #[test]
    fn any_distance_has_a_text(now in any::<i64>(), then in any::<i64>()) {
        let shown = Until { now, then }.to_string();
        prop_assert!(shown.ends_with(" ago") || shown.starts_with("in "), "{}", shown);
    }
}

#[test]
fn leap_days_and_year_ends_are_right() {
    for (seconds, text) in [
        (0, "1970-01-01T00:00:00Z"),
        (-1, "1969-12-31T23:59:59Z"),
        (951_782_400, "2000-02-29T00:00:00Z"),
        (4_107_542_400, "2100-03-01T00:00:00Z"),
        (1_136_214_245, "2006-01-02T15:04:05Z"),
        (253_402_300_799, "9999-12-31T23:59:59Z"),
        (253_402_300_800, "unix time 253402300800"),
    ] {
        assert_eq!(Utc(seconds).to_string(), text);
    }
}

#[test]
fn distances_are_in_minutes() {
    for (then, text) in [
        (100, "in 0 s"),
        (159, "in 59 s"),
        (160, "in 1 min"),
        (3_700, "in 60 min"),
        (40, "1 min ago"),
        (41, "59 s ago"),
    ] {
        assert_eq!(Until { now: 100, then }.to_string(), text);
    }
}
