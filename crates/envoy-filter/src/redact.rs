//! What an authority says may repeat the federated token, which this plugin
//! mostly does not hold and so cannot look for. Anything that could be a piece
//! of one is left out of the log.

use alloc::string::String;

use keyhole_exchange::secret::{LEAK_BYTES, REDACTED};

/// `text` without runs of base64url characters as long as a leak, unless they
/// are GUIDs: an id of a request, a tenant, a client.
#[must_use]
pub fn redact(text: &str) -> String {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '+' | '=');
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        let (run, behind) = rest.split_at_checked(end).unwrap_or((rest, ""));
        let is_word = run
            .bytes()
            .all(|b| b.is_ascii_lowercase() || matches!(b, b'-' | b'_'));
        if run.len() < LEAK_BYTES || is_guid(run) || is_word {
            clean.push_str(run);
        } else {
            clean.push_str(REDACTED);
        }
        let next = behind.chars().next().map_or(0, char::len_utf8);
        let (separator, after) = behind.split_at_checked(next).unwrap_or((behind, ""));
        clean.push_str(separator);
        rest = after;
    }
    clean
}

fn is_guid(run: &str) -> bool {
    run.len() == 36
        && run.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_of_a_token_are_left_out_and_sentences_stay() {
        let said = "AADSTS700213: no record for c0a8f3b6-27d9-4e15-b84a-6f1d92e7350c at \
                    https://login.microsoftonline.com/error?code=700213 \u{e4}";
        assert_eq!(redact(said), said);
        let piece = "x".repeat(10) + &"Ab3_".repeat(4);
        assert_eq!(piece.len(), 26);
        for text in [
            alloc::format!("you sent {piece}.{piece}"),
            piece.clone(),
            alloc::format!("\"{piece}\""),
        ] {
            let clean = redact(&text);
            assert!(
                !clean.contains(&piece) && clean.contains(REDACTED),
                "{clean}"
            );
        }
        assert_eq!(redact(""), "");
    }
}
