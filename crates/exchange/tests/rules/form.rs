//! The form, both ways.

use keyhole_exchange::form::{self, FormError, MAX_FIELDS};
use proptest::prelude::*;

fn text(body: &[u8]) -> String {
    String::from_utf8_lossy(body).into_owned()
}

fn pairs(body: &[u8]) -> Result<Vec<(String, String)>, FormError> {
    let fields = form::parse(body)?;
    Ok(fields
        .into_iter()
        .map(|(name, value)| (name.to_string(), value.to_string()))
        .collect())
}

#[test]
fn the_form_has_five_fields_in_their_order() {
    insta::assert_snapshot!(
        "form",
        text(&form::encode(
            "client",
            "server/.default",
            "aa.bb.c-_c",
            None
        ))
        .replace('&', "\n&")
    );
}

#[test]
fn claims_are_the_sixth_field() {
    let body = form::encode("client", "scope", "a.b.c", Some(r#"{"a b":"é&=+%"}"#));
    assert!(
        text(&body).ends_with("&claims=%7B%22a+b%22%3A%22%C3%A9%26%3D%2B%25%22%7D"),
        "{}",
        text(&body)
    );
}

#[test]
fn the_buffer_never_grows_so_that_no_copy_stays_behind() {
    let body = form::encode("\u{1}", "\u{2}", "\u{3}", Some(&"\u{4}".repeat(100)));
    let worst: usize = [9, 5, 21, 16, 10, 6].iter().sum::<usize>()
        + 3 * (1 + 1 + form::ASSERTION_TYPE.len() + 1 + form::GRANT_TYPE.len() + 100)
        + 12;
    assert_eq!(body.capacity(), worst);
}

#[test]
fn fields_come_in_their_order_and_twice_if_they_are_there_twice() {
    assert_eq!(
        pairs(b"a=1&b=%3D+%26&a=2&c="),
        Ok(vec![
            ("a".into(), "1".into()),
            ("b".into(), "= &".into()),
            ("a".into(), "2".into()),
            ("c".into(), String::new()),
        ])
    );
    assert_eq!(pairs(b""), Ok(vec![]));
}

#[test]
fn what_another_reader_might_read_otherwise_is_refused() {
    let many = "a=b&".repeat(MAX_FIELDS) + "a=b";
    for (body, error) in [
        (&b"a=%"[..], FormError::Escape),
        (b"a=%4", FormError::Escape),
        (b"a=%4g", FormError::Escape),
        (b"a=%+4", FormError::Escape),
        (b"a=%ff", FormError::Utf8),
        (b"%c3=a", FormError::Utf8),
        (b"a=\xc3\xa9", FormError::Byte(0xc3)),
        (b"a=b c", FormError::Byte(b' ')),
        (b"a=b\n", FormError::Byte(b'\n')),
        (b"a=b\0", FormError::Byte(0)),
        (b"a", FormError::Pair),
        (b"=a", FormError::Pair),
        (b"a=b&", FormError::Pair),
        (b"&a=b", FormError::Pair),
        (b"a=b&&c=d", FormError::Pair),
        (many.as_bytes(), FormError::TooMany),
    ] {
        assert_eq!(pairs(body), Err(error), "{}", String::from_utf8_lossy(body));
    }
}

proptest! {
    #[test]
    fn what_is_encoded_is_parsed_again(
        client in ".{0,20}",
        scope in ".{0,20}",
        assertion in ".{0,20}",
        claims in proptest::option::of(".{0,20}"),
    ) {
        let body = form::encode(&client, &scope, &assertion, claims.as_deref());
        let mut expected = vec![
            ("client_id".to_owned(), client),
            ("scope".to_owned(), scope),
            ("client_assertion_type".to_owned(), form::ASSERTION_TYPE.to_owned()),
            ("client_assertion".to_owned(), assertion),
            ("grant_type".to_owned(), form::GRANT_TYPE.to_owned()),
        ];
        expected.extend(claims.map(|claims| ("claims".to_owned(), claims)));
        prop_assert_eq!(pairs(&body), Ok(expected));
    }

    #[test]
    fn any_body_is_parsed_or_refused(body in proptest::collection::vec(any::<u8>(), 0..60)) {
        let _ = form::parse(&body);
    }

    #[test]
    fn what_looks_like_a_form_is_too(body in "[a-f0-9%&=+]{0,40}") {
        let _ = form::parse(body.as_bytes());
    }
}
