//! The search for secrets in what was printed, logged or returned.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use std::collections::HashSet;

/// How many consecutive bytes of a secret are a leak.
const LEAK: usize = 24;

/// What nobody may see, in every form it could take.
pub struct Secret {
    name: &'static str,
    windows: Vec<(&'static str, usize, HashSet<Vec<u8>>)>,
}

impl Secret {
    /// Any 24 consecutive bytes of `text` are a leak.
    #[must_use]
    pub fn new(name: &'static str, text: &str) -> Self {
        let percent = |upper| text.bytes().map(|byte| escape("%", byte, upper)).collect();
        let forms: [(&str, usize, Vec<String>); 5] = [
            ("plain", LEAK, vec![text.to_owned()]),
            (
                "percent-encoded",
                3 * LEAK,
                vec![percent(true), percent(false)],
            ),
            (
                "JSON-escaped",
                6 * LEAK,
                vec![
                    text.bytes()
                        .map(|byte| escape("\\u00", byte, false))
                        .collect(),
                ],
            ),
            // Three bytes become four characters, from each of three starts.
            (
                "base64",
                LEAK / 3 * 4,
                (0..3)
                    .map(|start| STANDARD_NO_PAD.encode(&text[start..]))
                    .collect(),
            ),
            (
                "base64url",
                LEAK / 3 * 4,
                (0..3)
                    .map(|start| URL_SAFE_NO_PAD.encode(&text[start..]))
                    .collect(),
            ),
        ];
        let windows = forms
            .into_iter()
            .map(|(form, length, texts)| {
                let windows = texts
                    .iter()
                    .flat_map(|text| text.as_bytes().windows(length))
                    .map(<[u8]>::to_vec)
                    .collect();
                (form, length, windows)
            })
            .collect();
        Self { name, windows }
    }

    /// The part of a JWT without which the rest is worth nothing.
    #[must_use]
    pub fn signature(name: &'static str, token: &str) -> Self {
        Self::new(name, token.rsplit('.').next().unwrap_or_default())
    }

    /// A JWT without its header, which many tokens share; a token that is none,
    /// as a whole.
    #[must_use]
    pub fn access_token(name: &'static str, token: &str) -> Self {
        Self::new(name, token.split_once('.').map_or(token, |(_, rest)| rest))
    }

    /// What it is.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// In which form `bytes` hold the secret, if they do.
    #[must_use]
    pub fn find(&self, bytes: &[u8]) -> Option<&'static str> {
        self.windows
            .iter()
            .find(|(_, length, windows)| {
                bytes
                    .windows(*length)
                    .any(|window| windows.contains(window))
            })
            .map(|(form, ..)| *form)
    }

    /// Whether `bytes` hold the secret as it is: for megabytes, where looking
    /// for every form takes long. A token's own characters are escaped by
    /// neither percent signs nor JSON.
    #[must_use]
    pub fn is_plain_in(&self, bytes: &[u8]) -> bool {
        let (_, length, windows) = &self.windows[0];
        let starts: HashSet<[u8; 2]> = windows
            .iter()
            .map(|window| [window[0], window[1]])
            .collect();
        bytes
            .windows(*length)
            .any(|window| starts.contains(&[window[0], window[1]]) && windows.contains(window))
    }

    /// Fails if `bytes` hold the secret.
    pub fn must_not_be_in(&self, place: &str, bytes: impl AsRef<[u8]>) {
        if let Some(form) = self.find(bytes.as_ref()) {
            panic!("{place} holds the {} ({form})", self.name);
        }
    }
}

fn escape(prefix: &str, byte: u8, upper: bool) -> String {
    if upper {
        format!("{prefix}{byte:02X}")
    } else {
        format!("{prefix}{byte:02x}")
    }
}
