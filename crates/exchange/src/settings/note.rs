//! What is not wrong but should be known.

use alloc::string::String;
use core::fmt;

use super::Origin;
use crate::bounds::Quoted;
use crate::cloud::AuthorityHost;

/// Something about the settings that a person should know, above all when
/// the exchange fails. `Display` is one sentence without a full stop.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Note {
    /// The authority is none that Microsoft's libraries know. It is asked all
    /// the same, as they do.
    UnknownAuthority {
        /// Who chose it.
        origin: Origin,
        /// Who is asked.
        authority: AuthorityHost,
    },
    /// A value was set that does not count, because another one does.
    Overruled {
        /// What counts.
        by: Origin,
        /// What was set to no effect.
        ignored: Origin,
        /// To which value.
        value: String,
    },
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownAuthority { origin, authority } => write!(
                f,
                "the authority {authority} (from {origin}) is not one of Microsoft's known authorities"
            ),
            Self::Overruled { by, ignored, value } => {
                write!(f, "{by} overrules {ignored}={}", Quoted(value))
            }
        }
    }
}
