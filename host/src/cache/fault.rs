//! Why a cache is not used.

use crate::error::PathInText;
use std::io;
use std::path::{Path, PathBuf};

/// Why a cache is not used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CacheFault {
    /// Others could read or have made what is there: a call ends with it.
    #[error("the cache {} is not used: {reason}", PathInText(path))]
    Unsafe {
        /// The directory or file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The system does not let it be read or written: a call goes on without
    /// it.
    #[error("the cache {} cannot be used: {reason}", PathInText(path))]
    Unavailable {
        /// The directory or file.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
}

impl CacheFault {
    pub(super) fn is_unsafe(path: &Path, reason: impl Into<String>) -> Self {
        CacheFault::Unsafe {
            path: path.to_owned(),
            reason: reason.into(),
        }
    }

    pub(super) fn unavailable(path: &Path, error: impl Into<io::Error>) -> Self {
        CacheFault::Unavailable {
            path: path.to_owned(),
            reason: error.into().to_string(),
        }
    }

    /// What to do next.
    #[must_use]
    pub fn next_step(&self) -> &'static str {
        match self {
            CacheFault::Unsafe { .. } => {
                "give --cache-dir a directory that is yours alone (mode 0700); what Keyhole made of \
                 this one keyhole clean-cache removes"
            }
            CacheFault::Unavailable { .. } => {
                "give --cache-dir a directory that can be written, or leave --cache out"
            }
        }
    }
}
