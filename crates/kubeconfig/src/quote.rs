//! Strings as YAML scalars that every reader takes for strings.

use std::fmt::Write as _;

use crate::syntax::{Style, is_special};

/// A string in the style of what stood there: quotes where there were some,
/// or where it would not be a string without.
pub(crate) fn scalar(text: &str, style: Style) -> String {
    match style {
        Style::Single if text.chars().all(is_harmless) => format!("'{}'", text.replace('\'', "''")),
        Style::Plain if is_plain(text) => text.to_owned(),
        _ => double(text),
    }
}

/// Letters, digits and what is in URLs and paths; neither an indicator at the
/// start nor a colon at the end.
fn is_plain(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-._/:@+=~".contains(c);
    let starts = text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '/')
        || text
            .strip_prefix("--")
            .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_alphabetic()));
    starts && text.chars().all(allowed) && !text.ends_with(':') && !is_special(text)
}

/// What is seen as itself within quotes.
fn is_harmless(c: char) -> bool {
    c == ' ' || c.is_ascii_graphic() || (c.is_alphanumeric() && !c.is_ascii())
}

/// In double quotes, as JSON writes it: that is YAML as well.
fn double(text: &str) -> String {
    let mut out = String::from('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if is_harmless(c) => out.push(c),
            c => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    let _ = write!(out, "\\u{unit:04x}");
                }
            }
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn flags_and_ids_need_no_quotes() {
        for text in [
            "--login",
            "get-token",
            "6dae42f8-4368-4678-94ff-3960e28e3630",
            "/a/b.c",
        ] {
            assert_eq!(scalar(text, Style::Plain), text);
        }
    }

    #[test]
    fn what_is_special_gets_quotes() {
        for text in [
            "yes", "1", "", "a: b", "a #b", "-", "- a", "*a", "a:", "é", "{a}",
        ] {
            assert_eq!(scalar(text, Style::Plain), format!("\"{text}\""));
        }
        assert_eq!(scalar("it's", Style::Single), "'it''s'");
        assert_eq!(scalar("a\n\u{85}", Style::Single), "\"a\\u000a\\u0085\"");
    }

    proptest! {
        #[test]
        fn another_reader_reads_the_same(text in "[\\PC\n\t\u{80}-\u{a0}\u{2028}\u{feff}]{0,20}") {
            prop_assume!(text.chars().all(|c| u32::from(c) < 0x1_0000));
            for style in [Style::Plain, Style::Single, Style::Double] {
                let written = format!("a: [{}]", scalar(&text, style));
                let read: serde_yaml_ng::Value = serde_yaml_ng::from_str(&written).unwrap();
                prop_assert_eq!(read["a"][0].as_str(), Some(text.as_str()), "{}", written);
            }
        }
    }
}
