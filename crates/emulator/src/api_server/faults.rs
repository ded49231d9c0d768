//! Ways for the API server to misbehave.

use tokio::sync::watch;

/// Something that is held until a test lets it go on.
#[derive(Clone, Debug)]
pub struct Gate(watch::Sender<bool>);

impl Gate {
    /// A closed one.
    #[must_use]
    pub fn new() -> Self {
        Self(watch::Sender::new(false))
    }

    /// Lets all go on that wait here, now and later.
    pub fn open(&self) {
        self.0.send_replace(true);
    }

    pub(super) async fn pass(&self) {
        // It cannot be gone: this is one of its senders.
        let _ = self.0.subscribe().wait_for(|open| *open).await;
    }
}

impl Default for Gate {
    fn default() -> Self {
        Self::new()
    }
}

/// What a request that has been let in meets in place of its answer.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ServerFault {
    /// Nothing: lets requests through before a fault further down the queue.
    None,
    /// The connection is reset (TCP RST) before an answer.
    Reset,
    /// An answer of unknown length, reset after this many bytes of its body.
    ResetMidBody {
        /// Bytes that are sent before.
        bytes: u64,
    },
    /// A Status with this code and, if given, `Retry-After` in seconds: 401 for
    /// a token that has just been revoked, 429, 500.
    Status {
        /// The status code.
        code: u16,
        /// `Retry-After`.
        retry_after: Option<u32>,
    },
    /// 302 to another place.
    Redirect(String),
    /// Nothing until the gate is open, then the honest answer.
    Held(Gate),
}

impl ServerFault {
    /// 401, as for a token that is not valid any more.
    #[must_use]
    pub fn unauthorized() -> Self {
        Self::status(401)
    }

    /// A Status with this code.
    #[must_use]
    pub fn status(code: u16) -> Self {
        Self::Status {
            code,
            retry_after: None,
        }
    }

    /// Its name in a log.
    pub(super) fn name(&self) -> Option<String> {
        Some(match self {
            Self::None => return None,
            Self::Reset => "reset".to_owned(),
            Self::ResetMidBody { bytes } => format!("reset-after={bytes}"),
            Self::Status { code, .. } => format!("status={code}"),
            Self::Redirect(_) => "redirect".to_owned(),
            Self::Held(_) => "held".to_owned(),
        })
    }
}
