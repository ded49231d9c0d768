//! Ways for the authority to misbehave.

pub(crate) mod presets;
pub(crate) mod script;

use std::time::Duration;

use serde_json::Value;

use crate::authority::answer::Answer;

/// How long a body says it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// By `content-length`.
    ContentLength,
    /// By chunks, so that the client learns it last.
    Chunked,
}

/// What stands in `Retry-After` (RFC 9110, section 10.2.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RetryAfter {
    /// Seconds.
    Seconds(u64),
    /// A date this far ahead of the answer.
    Date(Duration),
    /// Any text.
    Text(String),
}

/// One way to misbehave. Faults that change the success answer have no effect
/// on a request that is refused; all others replace whatever the answer would
/// have been.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub enum Fault {
    /// None: the request is answered honestly. Lets requests through before a
    /// fault further down the queue.
    None,
    /// This answer, whatever was asked.
    Answer(Answer),
    /// A status that asks the client to come back, with `Retry-After`.
    Throttled {
        /// Such as 429 or 503.
        status: u16,
        /// When to come back.
        retry_after: RetryAfter,
    },
    /// Entra's error of this code, with its usual status and text.
    Entra(u32),
    /// Entra's error of a code with another text, which may hold anything a
    /// terminal or an HTML page must not be given raw.
    EntraText {
        /// The number after `AADSTS`.
        code: u32,
        /// The text between the code and the trace ID.
        text: String,
    },
    /// An error whose text repeats the assertion that was sent.
    ReflectAssertion,
    /// The success answer with one member given another JSON text (which need
    /// not be valid JSON), or none.
    Member {
        /// Such as `expires_in`.
        name: String,
        /// The text after the colon; `None` leaves the member out.
        json: Option<String>,
    },
    /// The success answer with one member twice, the second time with this
    /// JSON text.
    DuplicateMember {
        /// Such as `access_token`.
        name: String,
        /// The text after the second colon.
        json: String,
    },
    /// The honest answer with a `Date` header off by so many seconds.
    SkewedDate {
        /// Positive: the authority's clock is ahead.
        seconds: i64,
    },
    /// Another fault, or the honest answer, after this time on the real clock.
    Delay {
        /// How long nothing is sent.
        by: Duration,
        /// What comes then.
        then: Box<Self>,
    },
    /// The honest answer in small pieces, head and all.
    SlowDrip {
        /// Bytes a piece.
        bytes: usize,
        /// Pause after each piece.
        pause: Duration,
    },
    /// The request is read and nothing is ever sent. Ends when the client or
    /// the emulator goes.
    Hang,
    /// The connection is reset (TCP RST) instead of an answer.
    Reset,
    /// The honest answer without its last bytes: `content-length` is larger
    /// than what is sent before the connection is closed.
    Truncated {
        /// How many bytes are missing.
        missing: usize,
    },
    /// The honest answer with a head of at least this size.
    HugeHead {
        /// Bytes of the added headers.
        bytes: usize,
    },
    /// A 200 answer whose body is JSON of about this size.
    HugeBody {
        /// Bytes of the body.
        bytes: usize,
        /// How its length is given.
        framing: Framing,
    },
    /// These bytes in place of an answer, which need not be HTTP.
    Raw(Vec<u8>),
    /// A head that goes on and on, a header every so often, until the client
    /// goes.
    EndlessHead {
        /// Pause after each header.
        pause: Duration,
    },
    /// The honest answer after so many interim ones (RFC 9110, section 15.2).
    Interim {
        /// How many.
        count: usize,
    },
    /// A small gzip body that unpacks to this size.
    GzipBomb {
        /// Bytes after unpacking.
        unpacked: usize,
    },
}

impl Fault {
    /// An empty answer with this status.
    pub fn status(status: u16) -> Self {
        Self::Answer(Answer::empty(status))
    }

    /// 429 with `Retry-After` in seconds.
    pub fn throttled(seconds: u64) -> Self {
        Self::Throttled {
            status: 429,
            retry_after: RetryAfter::Seconds(seconds),
        }
    }

    /// A redirection (301, 302, 307, 308) to a URL.
    pub fn redirect(status: u16, location: &str) -> Self {
        Self::Answer(Answer::empty(status).header("location", location))
    }

    /// 503 with the page a load balancer shows.
    pub fn html_unavailable() -> Self {
        let page = "<!DOCTYPE html><html><head><title>Service Unavailable</title></head><body><h2>Our services aren't available right now</h2><script>alert(1)</script></body></html>";
        Self::Answer(Answer::text(503, "text/html", page))
    }

    /// 200 with a body that is no JSON, as a captive portal sends.
    pub fn not_json() -> Self {
        Self::Answer(Answer::text(
            200,
            "text/html",
            "<html><body>Please sign in to the network</body></html>",
        ))
    }

    /// The success answer with this access token.
    pub fn access_token(token: &str) -> Self {
        Self::member("access_token", token)
    }

    /// The success answer with this token type.
    pub fn token_type(kind: &str) -> Self {
        Self::member("token_type", kind)
    }

    /// The success answer with one member given another value.
    pub fn member(name: &str, value: impl Into<Value>) -> Self {
        Self::Member {
            name: name.to_owned(),
            json: Some(value.into().to_string()),
        }
    }

    /// The success answer without one of its members.
    pub fn without(name: &str) -> Self {
        Self::Member {
            name: name.to_owned(),
            json: None,
        }
    }

    /// The honest answer after this time.
    pub fn delay(by: Duration) -> Self {
        Self::Delay {
            by,
            then: Box::new(Self::None),
        }
    }

    /// This fault after some time.
    #[must_use]
    pub fn after(self, by: Duration) -> Self {
        Self::Delay {
            by,
            then: Box::new(self),
        }
    }

    /// Its name in a log; contents are left out.
    pub fn name(&self) -> String {
        match self {
            Self::None => "none".to_owned(),
            Self::Answer(answer) => format!("status={}", answer.status),
            Self::Throttled { status, .. } => format!("throttled={status}"),
            Self::Entra(code) | Self::EntraText { code, .. } => format!("aadsts={code}"),
            Self::ReflectAssertion => "reflected-assertion".to_owned(),
            Self::Member { name, .. } => format!("member={}", name.escape_debug()),
            Self::DuplicateMember { name, .. } => format!("duplicate={}", name.escape_debug()),
            Self::SkewedDate { seconds } => format!("skewed-date={seconds}"),
            Self::Delay { by, then } => format!("delay={}ms,{}", by.as_millis(), then.name()),
            Self::SlowDrip { .. } => "slow-drip".to_owned(),
            Self::Hang => "hang".to_owned(),
            Self::Reset => "reset".to_owned(),
            Self::Truncated { missing } => format!("truncated={missing}"),
            Self::HugeHead { bytes } => format!("huge-head={bytes}"),
            Self::HugeBody { bytes, .. } => format!("huge-body={bytes}"),
            Self::Raw(bytes) => format!("raw={}", bytes.len()),
            Self::EndlessHead { .. } => "endless-head".to_owned(),
            Self::Interim { count } => format!("interim={count}"),
            Self::GzipBomb { unpacked } => format!("gzip-bomb={unpacked}"),
        }
    }
}

impl std::fmt::Debug for Fault {
    /// Its name: a fault may hold a whole answer.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Fault({})", self.name())
    }
}
