//! What can go wrong in the shell: with the file, with the connection.

use alloc::string::String;

use crate::bounds::{Escaped, STRING_BYTES, cut, head};
use crate::text::{Say, display, say};

/// Why the federated token file could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileFault {
    /// What kind of fault.
    pub kind: FileFaultKind,
    /// What the system said, in a few words; may be empty.
    pub detail: String,
}

/// Kinds of [`FileFault`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FileFaultKind {
    /// There is no such file.
    NotFound,
    /// The system does not let it be read.
    NotPermitted,
    /// It is a folder, a device, a pipe.
    NotAFile,
    /// It is longer than what is read of it.
    TooLarge,
    /// The host did not hand it out, since it is empty or no JWT.
    NotAToken,
    /// Anything else.
    Other,
}

impl FileFault {
    /// A fault with what the system said.
    #[must_use]
    pub fn new(kind: FileFaultKind, detail: &str) -> Self {
        Self {
            kind,
            detail: cut(detail, STRING_BYTES),
        }
    }
}

impl Say for FileFault {
    fn say(&self, text: &mut String) {
        let kind = match self.kind {
            FileFaultKind::NotFound => "there is no such file",
            FileFaultKind::NotPermitted => "permission denied",
            FileFaultKind::NotAFile => "it is not a regular file",
            FileFaultKind::TooLarge => "it is too large for a token",
            FileFaultKind::NotAToken => "it is empty or holds no JWT",
            FileFaultKind::Other => "the system reports a fault",
        };
        text.push_str(kind);
        detail(text, &self.detail);
    }
}

impl core::error::Error for FileFault {}

/// Why no answer came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransportFault {
    /// What kind of fault.
    pub kind: TransportFaultKind,
    /// What the network or the host said, in a few words; may be empty.
    pub detail: String,
}

/// Kinds of [`TransportFault`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TransportFaultKind {
    /// The name could not be resolved.
    Dns,
    /// No connection came about.
    Connect,
    /// The connection ended before the answer did.
    Interrupted,
    /// TLS failed, as a rule over the certificate. Not tried again.
    Tls,
    /// Nothing came in time.
    Timeout,
    /// What came is no HTTP that can be used: too large a head or body, an
    /// encoding, a framing. Not tried again.
    Protocol,
    /// The host does not allow the request. Not tried again.
    Denied,
    /// Anything else.
    Other,
}

impl TransportFaultKind {
    /// Whether another try can end otherwise.
    #[must_use]
    pub const fn is_transient(self) -> bool {
        match self {
            Self::Dns | Self::Connect | Self::Interrupted | Self::Timeout | Self::Other => true,
            Self::Tls | Self::Protocol | Self::Denied => false,
        }
    }
}

impl TransportFault {
    /// A fault with what the network or the host said.
    #[must_use]
    pub fn new(kind: TransportFaultKind, detail: &str) -> Self {
        Self {
            kind,
            detail: cut(detail, STRING_BYTES),
        }
    }
}

impl Say for TransportFault {
    fn say(&self, text: &mut String) {
        let kind = match self.kind {
            TransportFaultKind::Dns => "its name could not be resolved",
            TransportFaultKind::Connect => "no connection came about",
            TransportFaultKind::Interrupted => "the connection ended before the answer did",
            TransportFaultKind::Tls => "TLS failed",
            TransportFaultKind::Timeout => "nothing came in time",
            TransportFaultKind::Protocol => "what came is no usable HTTP",
            TransportFaultKind::Denied => "the host does not allow it",
            TransportFaultKind::Other => "the request failed",
        };
        text.push_str(kind);
        detail(text, &self.detail);
    }
}

impl core::error::Error for TransportFault {}

fn detail(text: &mut String, detail: &str) {
    if detail.is_empty() {
        return;
    }
    say!(text, " (", Escaped(head(detail, STRING_BYTES)), ")")
}

display!(FileFault, TransportFault);
