//! What is not wrong but should be known.

use alloc::string::String;

use super::Origin;
use crate::bounds::Quoted;
use crate::cloud::AuthorityHost;
use crate::text::{Say, display, say};

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

impl Say for Note {
    fn say(&self, text: &mut String) {
        match self {
            Self::UnknownAuthority { origin, authority } => say!(
                text,
                "the authority ",
                authority,
                " (from ",
                origin,
                ") is not one of Microsoft's known authorities"
            ),
            Self::Overruled { by, ignored, value } => {
                say!(text, by, " overrules ", ignored, "=", Quoted(value))
            }
        }
    }
}

display!(Note);
