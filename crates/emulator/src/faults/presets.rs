//! Faults by name, for the command line.

use std::str::FromStr;
use std::time::Duration;

use super::{Fault, Framing, RetryAfter};
use crate::authority::answer::Answer;

/// Every name `Fault::from_str` knows, with what it takes and what it does.
pub const PRESETS: &[(&str, &str)] = &[
    ("none", "an honest answer, to let a request through"),
    ("status=CODE", "an empty answer with this HTTP status"),
    ("throttled[=SECONDS]", "429 with Retry-After in seconds (2)"),
    (
        "throttled-date[=SECONDS]",
        "503 with Retry-After as a date so far ahead (2)",
    ),
    ("aadsts=CODE", "Entra's error of this code, such as 700213"),
    ("delay[=SECONDS]", "the honest answer after a while (5)"),
    ("slow-drip", "the honest answer, 16 bytes every 100 ms"),
    ("hang", "no answer, ever"),
    ("reset", "the connection is reset"),
    ("truncated", "the answer breaks off 20 bytes before its end"),
    ("huge-head", "an answer with 128 KiB of headers"),
    ("huge-body", "an answer of 8 MiB by content-length"),
    ("huge-body-chunked", "an answer of 8 MiB in chunks"),
    ("gzip-bomb", "a gzip body that unpacks to 64 MiB"),
    (
        "redirect[=CODE]",
        "a redirection to https://elsewhere.invalid/ (307)",
    ),
    ("html-503", "503 with an HTML page"),
    ("not-json", "200 with an HTML page"),
    ("not-http", "bytes that are no HTTP answer"),
    ("bad-chunks", "a body whose chunks have no valid size"),
    (
        "endless-head",
        "a head that never ends, a header every 10 ms",
    ),
    ("interim", "the honest answer after 1,000 interim ones"),
    ("deep-json", "200 with JSON of 100,000 nested arrays"),
    ("invalid-utf-8", "200 with JSON that is not UTF-8"),
    ("token-huge", "an access token of 100,000 bytes"),
    ("token-crlf", "an access token with CR and LF in it"),
    ("token-nul", "an access token with NUL in it"),
    (
        "token-escape",
        "an access token with terminal escapes in it",
    ),
    ("error-escape", "an error with terminal escapes in its text"),
    (
        "reflected-assertion",
        "an error that repeats the federated token",
    ),
    ("wrong-token-type", "token_type \"pop\""),
    ("expires-in-string", "expires_in as a string"),
    ("expires-in-negative", "expires_in -1"),
    ("expires-in-overflow", "expires_in beyond 64 bits"),
    ("expires-in-missing", "no expires_in"),
    ("duplicate-keys", "access_token twice"),
    (
        "skewed-date[=SECONDS]",
        "the honest answer with its Date header so far ahead (600)",
    ),
];

/// A name that is not among [`PRESETS`], or a value it does not take.
#[derive(Debug, thiserror::Error)]
#[error("unknown fault {0:?}; see --list-faults")]
pub struct UnknownFault(String);

impl FromStr for Fault {
    type Err = UnknownFault;

    /// Reads `NAME` or `NAME=VALUE` as [`PRESETS`] lists them.
    fn from_str(text: &str) -> Result<Self, UnknownFault> {
        let (name, value) = text
            .split_once('=')
            .map_or((text, None), |(name, value)| (name, Some(value)));
        preset(name, value).ok_or_else(|| UnknownFault(text.to_owned()))
    }
}

fn preset(name: &str, value: Option<&str>) -> Option<Fault> {
    match name {
        "status" => {
            return Some(Fault::status(
                http::StatusCode::from_bytes(value?.as_bytes())
                    .ok()?
                    .as_u16(),
            ));
        }
        "aadsts" => return Some(Fault::Entra(value?.parse().ok()?)),
        "throttled" => return Some(Fault::throttled(number(value, 2)?)),
        "throttled-date" => {
            let ahead = Duration::from_secs(number(value, 2)?);
            return Some(Fault::Throttled {
                status: 503,
                retry_after: RetryAfter::Date(ahead),
            });
        }
        "delay" => return Some(Fault::delay(Duration::from_secs(number(value, 5)?))),
        "redirect" => {
            let status = u16::try_from(number(value, 307)?)
                .ok()
                .filter(|status| (300..400).contains(status))?;
            return Some(Fault::redirect(status, "https://elsewhere.invalid/"));
        }
        "skewed-date" => {
            let seconds = value.map_or(Some(600), |value| value.parse().ok())?;
            return Some(Fault::SkewedDate { seconds });
        }
        _ if value.is_some() => return None,
        _ => {}
    }
    Some(match name {
        "none" => Fault::None,
        "slow-drip" => Fault::SlowDrip {
            bytes: 16,
            pause: Duration::from_millis(100),
        },
        "hang" => Fault::Hang,
        "reset" => Fault::Reset,
        "truncated" => Fault::Truncated { missing: 20 },
        "huge-head" => Fault::HugeHead { bytes: 128 << 10 },
        "huge-body" => Fault::HugeBody {
            bytes: 8 << 20,
            framing: Framing::ContentLength,
        },
        "huge-body-chunked" => Fault::HugeBody {
            bytes: 8 << 20,
            framing: Framing::Chunked,
        },
        "gzip-bomb" => Fault::GzipBomb { unpacked: 64 << 20 },
        "html-503" => Fault::html_unavailable(),
        "not-json" => Fault::not_json(),
        "not-http" => Fault::Raw(b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n".to_vec()),
        "bad-chunks" => Fault::Raw(
            b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\
              transfer-encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n"
                .to_vec(),
        ),
        "endless-head" => Fault::EndlessHead {
            pause: Duration::from_millis(10),
        },
        "interim" => Fault::Interim { count: 1_000 },
        "deep-json" => Fault::Answer(Answer::json_text(200, "[".repeat(100_000))),
        "invalid-utf-8" => Fault::Answer(Answer::json_text(
            200,
            b"{\"token_type\":\"Bearer\",\"expires_in\":1,\"access_token\":\"a\xff\xfeb\"}"
                .to_vec(),
        )),
        "token-huge" => Fault::access_token(&"t".repeat(100_000)),
        "token-crlf" => Fault::access_token("abc\r\nx-injected: yes"),
        "token-nul" => Fault::access_token("abc\0def"),
        "token-escape" => Fault::access_token("\u{1b}[2J\u{1b}]0;title\u{7}abc"),
        "error-escape" => Fault::EntraText {
            code: 700_213,
            text: "\u{1b}[31mred\u{1b}]0;title\u{7}\u{9b}2J<script>alert(1)</script>".to_owned(),
        },
        "reflected-assertion" => Fault::ReflectAssertion,
        "wrong-token-type" => Fault::token_type("pop"),
        "expires-in-string" => Fault::member("expires_in", "86399"),
        "expires-in-negative" => Fault::member("expires_in", -1),
        "expires-in-overflow" => Fault::Member {
            name: "expires_in".to_owned(),
            json: Some("18446744073709551616".to_owned()),
        },
        "expires-in-missing" => Fault::without("expires_in"),
        "duplicate-keys" => Fault::DuplicateMember {
            name: "access_token".to_owned(),
            json: "\"second\"".to_owned(),
        },
        _ => return None,
    })
}

fn number(value: Option<&str>, default: u64) -> Option<u64> {
    value.map_or(Some(default), |value| value.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_listed_name_is_a_fault() {
        for (name, _) in PRESETS {
            let bare = name.split(['=', '[']).next().unwrap();
            let text = if name.contains("=CODE") && !name.contains('[') {
                format!("{bare}=503")
            } else {
                bare.to_owned()
            };
            assert!(text.parse::<Fault>().is_ok(), "{text}");
        }
    }

    #[test]
    fn a_value_that_a_fault_does_not_take_is_refused() {
        for text in [
            "",
            "Hang",
            "hang=1",
            "status",
            "status=99",
            "status=abc",
            "aadsts",
            "aadsts=x",
            "delay=-1",
            "redirect=200",
            "redirect=99999",
        ] {
            assert!(text.parse::<Fault>().is_err(), "{text}");
        }
    }
}
