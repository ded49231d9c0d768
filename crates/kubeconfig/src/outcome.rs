//! What became of each user, as data and in words.

use std::fmt;

/// What an entry was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum From {
    /// `auth-provider: azure`, which kubectl lost in 1.26.
    AuthProvider,
    /// An exec entry of kubelogin's.
    Kubelogin,
    /// An exec entry of Keyhole's.
    Keyhole,
}

impl fmt::Display for From {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AuthProvider => "auth-provider azure",
            Self::Kubelogin => "exec kubelogin",
            Self::Keyhole => "exec keyhole",
        })
    }
}

/// Why a user is not ours to convert.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Skip {
    /// It is not the user of the context that was asked for.
    OtherContext,
    /// Another file of the list has a user of that name, and kubectl takes the
    /// first.
    Shadowed {
        /// Its number in the list.
        by: usize,
    },
    /// It has neither exec nor auth-provider.
    NoPlugin,
    /// It asks another program.
    OtherCommand {
        /// The command, without its folder.
        command: String,
    },
    /// It asks a kubelogin that is not Azure's (int128/kubelogin).
    OidcLogin,
    /// It asks another provider.
    OtherProvider {
        /// Its name.
        name: String,
    },
    /// It calls Keyhole, but not for a token.
    NotGetToken,
}

impl fmt::Display for Skip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OtherContext => f.write_str("not the user of that context"),
            Self::Shadowed { .. } => f.write_str("an earlier file has a user of that name"),
            Self::NoPlugin => f.write_str("it has neither exec nor auth-provider"),
            Self::OtherCommand { command } => write!(f, "its exec command is \"{command}\""),
            Self::OidcLogin => f.write_str(
                "its kubelogin is the OpenID Connect one (--oidc-issuer-url), not Azure's",
            ),
            Self::OtherProvider { name } => write!(f, "its auth-provider is \"{name}\""),
            Self::NotGetToken => f.write_str("it calls keyhole for something else than get-token"),
        }
    }
}

/// What became of a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It is rewritten.
    Changed {
        /// What it was.
        from: From,
        /// Flags whose values the old entry gave.
        kept: Vec<&'static str>,
        /// Flags of the old entry that the new one has not.
        dropped: Vec<&'static str>,
        /// How many arguments of no known flag were dropped.
        unknown: usize,
    },
    /// It is already what it would become.
    Unchanged,
    /// It is left alone.
    Skipped(Skip),
}

/// A user, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserReport {
    /// Its name.
    pub name: String,
    /// What became of it.
    pub outcome: Outcome,
}
