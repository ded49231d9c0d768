//! Why a kubeconfig is not converted.

use keyhole_exchange::SettingsError;

/// A kubeconfig that cannot be read, or a user in it that cannot be converted.
/// `Display` is one line without any value that may be a secret;
/// [`Error::next_step`] says what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// It is not YAML.
    #[error("it is not YAML: line {line}, column {column}: {what}")]
    Syntax {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
        /// What the parser says, without quoting the text.
        what: String,
    },
    /// Lists and mappings are nested deeper than any kubeconfig's.
    #[error("line {line}: lists or mappings are nested too deep")]
    TooDeep {
        /// Line, from 1.
        line: usize,
    },
    /// It is several YAML documents.
    #[error("it holds {count} YAML documents, and a kubeconfig is one")]
    Documents {
        /// How many.
        count: usize,
    },
    /// It is some other object.
    #[error("line {line}: its kind is not Config, so it is no kubeconfig")]
    Kind {
        /// Line, from 1.
        line: usize,
    },
    /// A field is not of the type that kubectl takes.
    #[error("line {line}: {path} is {found}, and {expected} is expected")]
    Type {
        /// Where: `users[2].user.exec.args`.
        path: String,
        /// Line, from 1.
        line: usize,
        /// What it is.
        found: &'static str,
        /// What it should be.
        expected: &'static str,
    },
    /// A mapping has a key twice.
    #[error("line {line}: {path} is there a second time (first in line {first})")]
    DuplicateKey {
        /// Where: `users[2].user.exec`.
        path: String,
        /// Line of the first.
        first: usize,
        /// Line of the second.
        line: usize,
    },
    /// Two users or two contexts have one name. kubectl refuses that as well.
    #[error("line {line}: the {what} \"{name}\" is there a second time (first in line {first})")]
    DuplicateName {
        /// `user` or `context`.
        what: &'static str,
        /// The name.
        name: String,
        /// Line of the first.
        first: usize,
        /// Line of the second.
        line: usize,
    },
    /// No file has the context that was asked for. kubelogin's words.
    #[error("no context exists with the name: \"{name}\"")]
    NoContext {
        /// The name.
        name: String,
    },
    /// The context has no user, or one that is in no file.
    #[error("the context \"{context}\" has {}", match user {
        Some(user) => format!("the user \"{user}\", and no such user exists"),
        None => "no user".to_owned(),
    })]
    NoUser {
        /// The context's name.
        context: String,
        /// Its user's.
        user: Option<String>,
    },
    /// Neither a flag nor the old entry says which server. kubelogin's words.
    #[error("--server-id is required: the user \"{user}\" (line {line}) does not name one")]
    ServerId {
        /// The user's name.
        user: String,
        /// Line, from 1.
        line: usize,
    },
    /// A value of the old entry would be refused by `keyhole get-token`.
    #[error("the user \"{user}\" (line {line}) cannot be taken over: {error}")]
    Setting {
        /// The user's name.
        user: String,
        /// Line, from 1.
        line: usize,
        /// What is wrong with which.
        error: SettingsError,
    },
    /// The user has both ways of asking another program. client-go takes
    /// neither then.
    #[error("the user \"{user}\" (line {line}) has both exec and auth-provider")]
    Both {
        /// The user's name.
        user: String,
        /// Line, from 1.
        line: usize,
    },
    /// The user is written with anchors, aliases, tags or merge keys. What is
    /// changed there may change elsewhere.
    #[error(
        "the user \"{user}\" is written with a YAML anchor, alias, tag or merge key (line {line})"
    )]
    Reference {
        /// The user's name.
        user: String,
        /// Line, from 1.
        line: usize,
    },
    /// A place that has to change is written in a way that is not rewritten.
    #[error(
        "the user \"{user}\": {what} is not written in a way that can be rewritten (line {line})"
    )]
    Form {
        /// The user's name.
        user: String,
        /// Line, from 1.
        line: usize,
        /// Which field.
        what: &'static str,
    },
    /// The result was not what was meant. A bug; nothing is written.
    #[error("the rewritten text does not mean what it should{}", match line {
        Some(line) => format!(" (line {line})"),
        None => String::new(),
    })]
    Unproven {
        /// Where it does not parse, if that is it.
        line: Option<usize>,
    },
}

impl Error {
    /// What to do next, in one or two sentences.
    #[must_use]
    pub fn next_step(&self) -> String {
        match self {
            Self::Syntax { .. } => {
                "Correct it there; `kubectl config view` reads it as well.".into()
            }
            Self::TooDeep { .. } | Self::Kind { .. } => {
                "Give --kubeconfig the path of a kubeconfig.".into()
            }
            Self::Documents { .. } => "Keep each document in a file of its own.".into(),
            Self::Type { .. } | Self::DuplicateKey { .. } => {
                "Correct it there; kubectl would not take it either.".into()
            }
            Self::DuplicateName { .. } => {
                "Rename or remove one of them; kubectl would not take both either.".into()
            }
            Self::NoContext { .. } => "`kubectl config get-contexts` lists them.".into(),
            Self::NoUser { .. } => {
                "Give the context a user: kubectl config set-context NAME --user USER.".into()
            }
            Self::ServerId { .. } => format!(
                "Give --server-id; {} is the one of AKS-managed Microsoft Entra integration in \
                 every cloud.",
                keyhole_exchange::scope::AKS_SERVER_APP_ID
            ),
            Self::Setting { error, .. } => format!(
                "{} The flag beats what the entry has; --context NAME converts another user.",
                error.next_step()
            ),
            Self::Both { .. } => {
                "Remove the one that is not in use; --context NAME converts another user.".into()
            }
            Self::Reference { .. } => {
                "Write the entry out in full, without & and *, !tags and <<; \
                                       --context NAME converts another user."
                    .into()
            }
            Self::Form { .. } => "Write it on one line, or in quotes; --context NAME converts \
                                  another user."
                .into(),
            Self::Unproven { .. } => {
                "Nothing was written. Report it with the entry's form, without its secrets.".into()
            }
        }
    }

    /// Whether it is ours, not the kubeconfig's.
    #[must_use]
    pub const fn is_bug(&self) -> bool {
        matches!(self, Self::Unproven { .. })
    }
}
