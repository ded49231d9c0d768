//! What must not be seen is not.

use keyhole_exchange::bounds::{Quoted, cut};
use keyhole_exchange::secret::{LEAK_BYTES, Secret, redact};
use proptest::prelude::*;

use crate::fixture::{signature, token};

#[test]
fn any_part_of_the_signature_is_redacted_wherever_it_stands() {
    let signature = signature();
    for start in [0, 1, 11, 12, 13, 100, signature.len() - LEAK_BYTES] {
        let part = &signature[start..start + LEAK_BYTES];
        for prefix in ["", "a", "is: ", "twelve bytes", "thirteen byte"] {
            assert_eq!(
                redact(&format!("{prefix}{part} é"), &signature),
                format!("{prefix}[redacted] é"),
                "{start} {prefix:?}"
            );
        }
    }
    assert_eq!(
        redact(&token(), &signature).matches("[redacted]").count(),
        1
    );
    assert!(!redact(&token(), &signature).contains(&signature[..LEAK_BYTES]));
}

#[test]
fn less_than_a_leak_stays() {
    let signature = signature();
    let text = format!("<{}>", &signature[50..50 + LEAK_BYTES - 1]);
    assert_eq!(redact(&text, &signature), text);
    assert_eq!(redact("short", "short"), "short");
    assert_eq!(
        redact("a shortish! secret", "shortish!"),
        "a [redacted] secret"
    );
}

#[test]
fn two_leaks_are_two_marks_and_adjacent_ones_are_one() {
    let signature = signature();
    let (a, b) = (&signature[0..30], &signature[200..230]);
    assert_eq!(
        redact(&format!("{b} {a}"), &signature),
        "[redacted] [redacted]"
    );
    assert_eq!(redact(&format!("{b}{a}"), &signature), "[redacted]");
}

#[test]
fn a_search_that_takes_too_long_redacts_the_whole_text() {
    let text = "A".repeat(8192);
    let secret = format!("{}B", "A".repeat(23)).repeat(40_000);
    assert_eq!(redact(&text, &secret), "[redacted]");
}

#[test]
fn a_secret_does_not_show() {
    let secret = Secret::new("hunter2hunter2".to_owned());
    assert_eq!(format!("{secret:?}"), "Secret([redacted], 14 bytes)");
    assert_eq!(secret.expose(), "hunter2hunter2");
}

#[test]
fn a_value_in_a_sentence_is_one_line_of_ascii_and_never_a_token() {
    assert_eq!(
        Quoted("a\n\u{1b}[31m\"é").to_string(),
        "\"a\\n\\u{1b}[31m\\\"\\u{e9}\""
    );
    assert_eq!(Quoted(&token()).to_string(), "\"[redacted]\"");
    assert_eq!(
        Quoted(&format!(" {}\n", token())).to_string(),
        "\"[redacted]\""
    );
    assert_eq!(
        Quoted("https://user:p@ss@login.example/").to_string(),
        "\"[redacted]@login.example/\""
    );
    assert_eq!(
        Quoted("login.microsoftonline.com").to_string(),
        "\"login.microsoftonline.com\""
    );
    assert_eq!(
        Quoted(&"x".repeat(300)).to_string().len(),
        256 + 2 + "…".len()
    );
}

proptest! {
    #[test]
    fn no_leak_survives(
        before in "[A-Za-z0-9_-]{0,40}",
        start in 0_usize..300,
        length in LEAK_BYTES..42,
        after in "\\PC{0,40}",
    ) {
        let signature = signature();
        let end = (start + length).min(signature.len());
        prop_assume!(end - start >= LEAK_BYTES);
        let text = format!("{before}{}{after}", &signature[start..end]);
        let clean = redact(&text, &signature);
        prop_assert!(clean.contains("[redacted]"));
        for window in signature.as_bytes().windows(LEAK_BYTES) {
            let window = std::str::from_utf8(window).unwrap();
            prop_assert!(!clean.contains(window), "{} in {}", window, clean);
        }
        prop_assert!(clean.len() <= text.len());
    }

    #[test]
    fn redaction_agrees_with_a_plain_search(text in "[ab]{0,80}", secret in "[ab]{8,60}") {
        let shortest = LEAK_BYTES.min(secret.len());
        let leaks = secret
            .as_bytes()
            .windows(shortest)
            .any(|window| text.contains(std::str::from_utf8(window).unwrap()));
        prop_assert_eq!(redact(&text, &secret).contains("[redacted]"), leaks);
    }

    #[test]
    fn a_cut_text_keeps_its_limit(text in "\\PC{0,60}", limit in 0_usize..80) {
        let short = cut(&text, limit);
        prop_assert!(short.len() <= limit);
        prop_assert!(text.len() > limit || short == text);
    }
}
