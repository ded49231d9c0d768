//! Waits, dates and what is tried again.

use keyhole_exchange::http_date;
use keyhole_exchange::retry::{
    self, BASE_NANOS, Jitter, MAX_REQUESTS, PROPAGATION_SECONDS, SECOND, backoff, max_requests,
    propagation_wait, retry_after,
};
use keyhole_exchange::utc::{Span, Utc};
use proptest::prelude::*;

#[test]
fn the_three_forms_of_an_http_date_are_one_moment() {
    for text in [
        "Sun, 06 Nov 1994 08:49:37 GMT",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
    ] {
        assert_eq!(http_date::parse(text), Some(784_111_777), "{text}");
    }
    assert_eq!(
        http_date::parse("Tue, 24 Nov 2026 22:50:00 GMT"),
        Some(crate::fixture::NOW)
    );
}

#[test]
fn what_is_no_http_date_is_none() {
    for text in [
        "",
        "120",
        "Sun, 06 Nov 1994 08:49:37",
        "Sun, 06 Nov 1994 08:49:37 CET",
        "Sun, 06 Nov 1994 24:00:00 GMT",
        "Sun, 31 Feb 2026 08:00:00 GMT",
        "Sun, 00 Nov 2026 08:00:00 GMT",
        "Sun, 06 nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37 GMT GMT",
        "2026-11-24T22:50:00Z",
    ] {
        assert_eq!(http_date::parse(text), None, "{text}");
    }
}

#[test]
fn retry_after_is_seconds_or_a_date_by_the_authoritys_clock() {
    let now = 784_111_777;
    assert_eq!(retry_after("120", None, now), Some(120));
    assert_eq!(retry_after(" 0 ", None, now), Some(0));
    assert_eq!(
        retry_after("99999999999999999999999", None, now),
        Some(u64::MAX)
    );
    for (date, seconds) in [(None, 60), (Some(now - 100), 160), (Some(now + 100), 0)] {
        assert_eq!(
            retry_after("Sun, 06 Nov 1994 08:50:37 GMT", date, now),
            Some(seconds)
        );
    }
    for nothing in ["", "-1", "1.5", "soon"] {
        assert_eq!(retry_after(nothing, None, now), None, "{nothing}");
    }
}

#[test]
fn a_host_grants_what_the_schedule_holds() {
    assert_eq!(max_requests(0), MAX_REQUESTS);
    assert_eq!(max_requests(1), 16);
    assert_eq!(PROPAGATION_SECONDS.iter().sum::<u64>(), 300);
}

#[test]
fn transient_statuses_are_these() {
    let transient: Vec<u16> = (100..600)
        .filter(|status| retry::is_transient(*status))
        .collect();
    let mut expected = vec![408, 429];
    expected.extend(500..600);
    assert_eq!(transient, expected);
}

#[test]
fn unix_seconds_read_as_dates() {
    for (seconds, text) in [
        (0, "1970-01-01T00:00:00Z"),
        (951_782_399, "2000-02-28T23:59:59Z"),
        (951_782_400, "2000-02-29T00:00:00Z"),
        (-1, "1969-12-31T23:59:59Z"),
        (253_402_300_799, "9999-12-31T23:59:59Z"),
        (253_402_300_800, "253402300800 s after 1970"),
        (i64::MAX, "9223372036854775807 s after 1970"),
        (i64::MIN, "-9223372036854775808 s after 1970"),
    ] {
        assert_eq!(Utc(seconds).to_string(), text);
    }
    for (seconds, text) in [
        (0, "0 s"),
        (119, "119 s"),
        (120, "2 min"),
        (7199, "119 min"),
        (7200, "2 h 0 min"),
        (90_000, "25 h 0 min"),
        (31_536_000, "365 d 0 h"),
    ] {
        assert_eq!(Span(seconds).to_string(), text);
    }
}

proptest! {
    #[test]
    fn a_wait_doubles_within_its_jitter(seed: u64, retry in 0_u32..4) {
        let base = BASE_NANOS << retry;
        let wait = backoff(retry, &mut Jitter::new(seed));
        prop_assert!((base / 10 * 8..base / 10 * 13).contains(&wait), "{}", wait);
    }

    #[test]
    fn a_wait_for_a_credential_follows_the_schedule(seed: u64, tries in 0_u32..12) {
        let wait = propagation_wait(tries, &mut Jitter::new(seed));
        match PROPAGATION_SECONDS.get(tries as usize) {
            None => prop_assert_eq!(wait, None),
            Some(seconds) => {
                let base = seconds * SECOND;
                prop_assert!((base / 10 * 8..base / 10 * 13).contains(&wait.unwrap()));
            }
        }
    }

    #[test]
    fn any_header_is_a_wait_or_none(text in ".{0,40}", date: Option<i64>, now: i64) {
        let _ = retry_after(&text, date, now);
    }

    #[test]
    fn what_looks_like_a_date_is_too(
        text in "(Sun|Mon)(day)?,? [0-9]{1,4}[ -](Jan|Feb|Dec)[ -][0-9]{1,5} [0-9:]{0,9}( GMT)?",
    ) {
        let _ = http_date::parse(&text);
    }

    #[test]
    fn any_second_prints(seconds: i64) {
        prop_assert!(!Utc(seconds).to_string().is_empty());
    }
}
