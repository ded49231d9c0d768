//! Why there is no token, by who is to blame.

use crate::bindings::exports::keyhole::identity::token_provider::TokenError;
use crate::cache::CacheFault;
use crate::call::Refusal;
use crate::github_actions::FederatedTokenFault;
use crate::grants::file::FileFault;
use crate::grants::limits::LimitReached;
use crate::network::RootsError;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// What the builder was given does not go together.
    #[error("{message}")]
    Configuration {
        /// What is wrong.
        message: String,
        /// What to do next.
        next_step: String,
    },
    /// There are no TLS roots.
    #[error(transparent)]
    Roots(#[from] RootsError),
    /// What is kept of earlier calls is not this user's alone.
    #[error(transparent)]
    Cache(#[from] CacheFault),
    /// The component cannot be loaded.
    #[error("{message}")]
    Artifact {
        /// What is wrong.
        message: String,
        /// What to do next; may be empty.
        next_step: String,
    },
    /// The component imports a function that is not on the list.
    #[error("the component imports {name}, which is not on the list of functions it may use")]
    Import {
        /// The function, or the import's whole name.
        name: String,
    },
    /// The federated token file could not be handed to the component.
    #[error(
        "the federated token file {} cannot be used: {fault}",
        PathInText(path)
    )]
    TokenFile {
        /// The real path.
        path: PathBuf,
        /// Why.
        fault: FileFault,
    },
    /// GitHub Actions gave no federated token.
    #[error("GitHub Actions ({url}) {fault}")]
    GitHubActions {
        /// Who was asked, without the query.
        url: String,
        /// Why.
        fault: FederatedTokenFault,
    },
    /// The component says why there is no token.
    #[error("{}", explanation(error).0)]
    Token {
        /// What it says: within its limits and rid of the federated
        /// token.
        error: Box<TokenError>,
        /// Why the last request failed, if it failed below HTTP.
        transport: Option<String>,
    },
    /// A forward proxy does not let the request through, and trying again is of
    /// no use.
    #[error("{message}")]
    Proxy {
        /// Which proxy, who named it, and what it answered.
        message: String,
        /// What to do next.
        next_step: String,
    },
    /// The component asked for what it was not granted, or returned what it
    /// had no right to return. Never empty.
    #[error("the component was refused: {}", .0.first().map(ToString::to_string).unwrap_or_default())]
    Refused(Vec<Refusal>),
    /// The component ran into a limit.
    #[error("the component exceeded a limit: {0}")]
    Limit(LimitReached),
    /// The deadline passed.
    #[error("no token within {}", Seconds(*.timeout))]
    Deadline {
        /// The whole time it had.
        timeout: Duration,
        /// Why the last request failed, if it failed below HTTP.
        transport: Option<String>,
    },
    /// The component ended by itself. A bug of ours, if it is ours.
    #[error("the component trapped: {reason}")]
    Trap {
        /// What wasmtime says.
        reason: String,
        /// Whose component it was.
        origin: crate::artifact::Origin,
    },
}

impl Error {
    pub(crate) fn artifact(message: impl fmt::Display, next_step: &str) -> Self {
        Error::Artifact {
            message: message.to_string(),
            next_step: next_step.to_owned(),
        }
    }

    /// What to do next; empty where nothing can be said.
    #[must_use]
    pub fn next_step(&self) -> String {
        match self {
            Error::Configuration { next_step, .. }
            | Error::Artifact { next_step, .. }
            | Error::Proxy { next_step, .. } => next_step.clone(),
            Error::Roots(_) => {
                "install the system's CA certificates (Debian: ca-certificates), or \
                 name a PEM file with SSL_CERT_FILE or --authority-ca"
                    .into()
            }
            Error::Cache(fault) => fault.next_step().into(),
            Error::Import { .. } => {
                "run the component that came with this release, or ask its author why it needs more"
                    .into()
            }
            Error::TokenFile { fault, .. } => fault.next_step().into(),
            Error::GitHubActions { fault, .. } => fault.next_step().into(),
            Error::Token { error, .. } => explanation(error).1.to_owned(),
            Error::Refused(refusals) if refusals.iter().all(Refusal::is_of_the_network) => {
                "check the authority's name (or the proxy's), DNS and /etc/hosts: the name leads \
                 to an address that no authority and no proxy has"
                    .into()
            }
            Error::Refused(_) => {
                "do not use this component, and keep the audit log: one that came \
                 with this release asks for nothing else"
                    .into()
            }
            Error::Limit(_) => {
                "a component that is honest stays far below its limits; report this".into()
            }
            Error::Deadline { .. } => {
                "raise --timeout, and check that the authority can be reached from here".into()
            }
            Error::Trap { .. } => {
                "report this with the version and the digest of the component".into()
            }
        }
    }
}

/// What a component's error says: message and next step.
fn explanation(error: &TokenError) -> (&str, &str) {
    let explanation = match error {
        TokenError::Configuration(error) => &error.explanation,
        TokenError::TokenFile(error) => &error.explanation,
        TokenError::Assertion(error) => &error.explanation,
        TokenError::Refused(error) => &error.explanation,
        TokenError::Unavailable(error) => &error.explanation,
        TokenError::BadResponse(error) => &error.explanation,
        TokenError::Denied(error) => &error.explanation,
    };
    (&explanation.message, &explanation.next_step)
}

/// A path as it stands in a sentence: in quotes if it holds white space or what
/// cannot be seen, which is then often what is wrong with it.
pub(crate) struct PathInText<'a>(pub(crate) &'a Path);

impl fmt::Display for PathInText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.0.to_string_lossy();
        if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
            write!(f, "{text:?}")
        } else {
            f.write_str(&text)
        }
    }
}

/// A duration as people say it.
struct Seconds(Duration);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} s", self.0.as_secs_f64())
    }
}
