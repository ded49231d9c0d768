//! The reader against `serde_json`, and where the two differ on purpose.

use proptest::prelude::*;
use serde_json::Value;

use super::*;

fn parse(text: &str) -> Result<Object, JsonFault> {
    Object::parse(text.as_bytes())
}

fn value_of(text: &str) -> Scalar {
    let object = parse(&format!("{{\"a\":{text}}}"));
    match object.map(|Object(entries)| entries) {
        Ok(mut entries) => match entries.pop() {
            Some((_, Node::Scalar(scalar))) => scalar,
            other => panic!("{text}: {other:?}"),
        },
        Err(fault) => panic!("{text}: {fault}"),
    }
}

/// What the reader must have made of a value that `serde_json` read.
fn expected(value: &Value) -> Scalar {
    match value {
        Value::Null => Scalar::Null,
        Value::String(text) => Scalar::Text(text.clone().into()),
        Value::Number(number) => Scalar::Number(Number {
            count: number.as_u64(),
            truncated: match number.as_f64() {
                Some(float) if number.is_f64() => {
                    (float.abs() < 9e18).then_some(float.trunc() as i64)
                }
                _ => number.as_i64(),
            },
        }),
        Value::Bool(_) | Value::Array(_) | Value::Object(_) => Scalar::Other,
    }
}

fn assert_same(object: &Object, value: &Value) {
    let value = value.as_object().expect("an object");
    assert_eq!(object.0.len(), value.len());
    for (key, node) in &object.0 {
        let value = &value[key.as_str()];
        match (node, value.as_array()) {
            (Node::Scalar(scalar), None) => assert_eq!(*scalar, expected(value)),
            (Node::List(list), Some(array)) => {
                let wanted: Vec<Scalar> = array.iter().take(MAX_ELEMENTS).map(expected).collect();
                assert_eq!(*list, wanted);
            }
            (node, _) => panic!("{key:?}: {node:?} for {value}"),
        }
    }
}

/// Values without floats whose text a float cannot hold.
fn value() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-1_000_000..1_000_000_i32).prop_map(|n| Value::from(f64::from(n) / 64.0)),
        any::<String>().prop_map(Value::from),
    ];
    scalar.prop_recursive(4, 48, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Value::from),
            prop::collection::vec((any::<String>(), inner), 0..8)
                .prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    })
}

fn object() -> impl Strategy<Value = Value> {
    prop::collection::vec((any::<String>(), value()), 0..12)
        .prop_map(|entries| Value::Object(entries.into_iter().collect()))
}

proptest! {
    #[test]
    fn what_serde_json_writes_is_read_alike(value in object(), pretty: bool) {
        let text = if pretty { format!("{value:#}") } else { value.to_string() };
        assert_same(&parse(&text).unwrap(), &value);
    }

    #[test]
    fn every_beginning_of_an_object_is_truncated(value in object(), cut in 0.0..1.0) {
        let text = value.to_string();
        let end = (text.len() as f64 * cut) as usize;
        let fault = Object::parse(&text.as_bytes()[..end]).err();
        prop_assert_eq!(fault, Some(JsonFault::Truncated));
    }

    #[test]
    fn almost_json_is_taken_and_refused_as_serde_json_does(
        value in object(),
        edits in prop::collection::vec(
            (any::<prop::sample::Index>(), prop::sample::select(&b"{}[]:,\"\\/ \n\t0123456789.eE+-ntfrueals\x01\x0c"[..]), 0..3_u8),
            1..4,
        ),
    ) {
        let mut text = value.to_string().into_bytes();
        for (at, byte, how) in edits {
            let at = at.index(text.len());
            match how {
                0 => text[at] = byte,
                1 => text.insert(at, byte),
                _ => drop(text.remove(at)),
            }
            if text.is_empty() {
                text.push(byte);
            }
        }
        same_verdict(&text)?;
    }

    #[test]
    fn tokens_in_any_order_are_taken_and_refused_as_serde_json_does(
        tokens in prop::collection::vec(prop::sample::select(&[
            "{", "}", "[", "]", ":", ",", "\"a\"", "\"\\u00e9\"", "\"\\ud83d\\ude00\"", "\"\\ud83d\"", "\"\\udc00\"", "\"\\u12g4\"", "\"\\x\"",
            "0", "-0", "01", "1.", "1.5e3", "-", "1e+2", "12e", ".5", "null", "nul", "true", "false", " ", "\u{e9}",
        ][..]), 0..12),
    ) {
        let text = tokens.concat();
        same_verdict(text.as_bytes())?;
        same_verdict(format!("{{\"k\":{text}}}").as_bytes())?;
    }

    #[test]
    fn any_bytes_are_refused_or_read(bytes: Vec<u8>) {
        let _ = Object::parse(&bytes);
        let _ = Object::parse(&[b"{\"".as_slice(), &bytes, b"\":1}"].concat());
    }
}

/// Both take it, or neither does.
fn same_verdict(text: &[u8]) -> Result<(), TestCaseError> {
    let theirs = serde_json::from_slice::<Value>(text);
    // It refuses numbers that no float holds, and looks into strings that are
    // dropped here.
    if let Err(error) = &theirs {
        let reason = error.to_string();
        let apart = ["out of range", "surrogate", "unicode code point"];
        if apart.iter().any(|words| reason.contains(words)) {
            return Ok(());
        }
    }
    match (Object::parse(text), theirs) {
        (Ok(object), Ok(value)) => assert_same(&object, &value),
        // Later keys win there.
        (Err(JsonFault::DuplicateKey), Ok(_)) => {}
        (Err(JsonFault::NotAnObject), theirs) => {
            let object = theirs.is_ok_and(|value| value.is_object());
            prop_assert!(!object, "{}", text.escape_ascii());
        }
        (Err(_), Err(_)) => {}
        (ours, theirs) => {
            let ours = ours.map(|_| ());
            prop_assert!(false, "{}: {ours:?}, {theirs:?}", text.escape_ascii());
        }
    }
    Ok(())
}

#[test]
fn half_a_surrogate_pair_is_refused_where_the_string_is_kept() {
    for text in [
        r"\ud83d",
        r"\ude00",
        r"\ud83dx",
        r"\ud83d\n",
        r"\ud83d\ud83d",
    ] {
        for object in [
            format!("{{\"a\":\"{text}\"}}"),
            format!("{{\"{text}\":1}}"),
            format!("{{\"a\":[\"{text}\"]}}"),
        ] {
            let fault = parse(&object).err();
            assert!(
                matches!(fault, Some(JsonFault::Syntax { .. })),
                "{object}: {fault:?}"
            );
        }
        parse(&format!("{{\"a\":{{\"b\":\"{text}\"}}}}")).unwrap();
    }
    assert_eq!(
        value_of(r#""\ud83d\ude00""#),
        Scalar::Text(String::from("😀").into())
    );
}

#[test]
fn bytes_that_are_no_utf8_are_refused_where_the_string_is_kept() {
    assert!(Object::parse(b"{\"a\":\"\xff\"}").is_err());
    assert!(Object::parse(b"{\"\xff\":1}").is_err());
    assert!(Object::parse(b"{\"a\":[[\"\xff\"]]}").is_ok());
}

#[test]
fn numbers_are_exact_however_they_are_written() {
    for (text, count, truncated) in [
        ("0", Some(0), Some(0)),
        ("-0", None, Some(0)),
        ("1.9", None, Some(1)),
        ("-1.9", None, Some(-1)),
        ("17e8", None, Some(1_700_000_000)),
        ("1.7000000009e9", None, Some(1_700_000_000)),
        ("1700000000999e-3", None, Some(1_700_000_000)),
        ("0.00017E+13", None, Some(1_700_000_000)),
        ("5e-1", None, Some(0)),
        ("0e999999999999999999999", None, Some(0)),
        ("1e999999999999999999999", None, None),
        ("1e-999999999999999999999", None, Some(0)),
        ("9223372036854775807", Some(i64::MAX as u64), Some(i64::MAX)),
        ("9223372036854775808", Some(1 << 63), None),
        ("18446744073709551615", Some(u64::MAX), None),
        ("18446744073709551616", None, None),
    ] {
        assert_eq!(
            value_of(text),
            Scalar::Number(Number { count, truncated }),
            "{text}"
        );
    }
}

#[test]
fn no_depth_is_too_deep_for_the_stack() {
    let deep = 500_000;
    let text = format!("{{\"a\":{}{}}}", "[".repeat(deep), "]".repeat(deep));
    parse(&text).unwrap();
    assert_eq!(parse(&text[..deep]).err(), Some(JsonFault::Truncated));
}

#[test]
fn a_key_that_occurs_twice_is_refused_however_it_is_written() {
    let fault = parse(r#"{"key":1,"k\u0065y":2}"#).err();
    assert_eq!(fault, Some(JsonFault::DuplicateKey));
    parse(r#"{"a":{"key":1,"key":2}}"#).unwrap();
}

#[test]
fn more_keys_and_elements_than_their_bounds_are_not_kept() {
    let keys = |count| {
        let entries: Vec<String> = (0..count).map(|n| format!("\"{n}\":{n}")).collect();
        format!("{{{}}}", entries.join(","))
    };
    assert_eq!(parse(&keys(MAX_KEYS)).unwrap().0.len(), MAX_KEYS);
    assert_eq!(
        parse(&keys(MAX_KEYS + 1)).err(),
        Some(JsonFault::TooManyKeys)
    );
    let list = format!("{{\"a\":[{}1]}}", "1,".repeat(MAX_ELEMENTS));
    match parse(&list).unwrap().get("a") {
        Some(Node::List(list)) => assert_eq!(list.len(), MAX_ELEMENTS),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_fault_is_where_the_first_wrong_byte_is() {
    for (text, line, column) in [
        ("<html>", 1, 1),
        ("{\"a\":1,}", 1, 8),
        ("{\n  \"a\": 1\n  \"b\"", 3, 3),
        ("{\"a\": trux}", 1, 10),
        ("{} {}", 1, 4),
        ("{\"a\":\"\n\"}", 1, 7),
    ] {
        let fault = parse(text).err();
        assert_eq!(fault, Some(JsonFault::Syntax { line, column }), "{text}");
    }
}
