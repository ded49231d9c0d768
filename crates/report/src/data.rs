//! The values a run is made of.

use alloc::string::{String, ToString as _};
use alloc::vec::Vec;
use core::fmt::Write as _;

use crate::{Check, ExitClass, Finding, GrantUse, Utc};

/// What one command did and found.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// The command's name: `verify`, `inspect`.
    pub command: String,
    /// Keyhole's version.
    pub version: String,
    /// When it ran, Unix seconds.
    pub at: i64,
    /// What was done, in order.
    pub steps: Vec<Step>,
    /// What held for this run: settings, component, grants.
    pub sections: Vec<Section>,
    /// What was looked at in order, where an explanation was asked for.
    pub findings: Vec<Finding>,
    /// What was granted and what was done with it, of a run in the sandbox.
    pub uses: Vec<GrantUse>,
    /// What a person should know though it is no failure, one sentence each.
    pub notes: Vec<String>,
    /// How it ended.
    pub outcome: Outcome,
}

impl Run {
    /// The class of this run's exit code.
    #[must_use]
    pub fn exit_class(&self) -> ExitClass {
        match &self.outcome {
            Outcome::Token(_) | Outcome::Shown => ExitClass::Done,
            Outcome::Failed(failure) => failure.class,
        }
    }
}

/// One thing that was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What it is called: `name resolved`. At most 16 characters line up.
    pub name: String,
    /// How it went.
    pub state: StepState,
    /// With what: an address, a size, a rule. May be empty.
    pub detail: String,
    /// When it was over, microseconds from the start of the call.
    pub at_us: Option<u64>,
    /// How long it took, microseconds, where that was measured.
    pub us: Option<u64>,
}

/// How a step went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepState {
    /// It was done.
    Done,
    /// It was tried and did not work.
    Failed,
    /// The sandbox did not allow it.
    Refused,
}

impl StepState {
    /// The state's name in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Refused => "refused",
        }
    }
}

/// A group of facts under one heading.
#[derive(Debug, Clone, PartialEq)]
pub struct Section {
    /// Its name in JSON, lower case without spaces: `grants`. Distinct within
    /// a run, and none of the names of [`Run`]'s own JSON fields.
    pub key: &'static str,
    /// Its heading for people.
    pub title: &'static str,
    /// What it says, with distinct labels.
    pub facts: Vec<Fact>,
}

/// One labelled value.
#[derive(Debug, Clone, PartialEq)]
pub struct Fact {
    /// What it is. In JSON spaces become underscores.
    pub label: String,
    /// What is so.
    pub value: Value,
}

impl Fact {
    /// A fact from its label and value.
    pub fn new(label: impl Into<String>, value: impl Into<Value>) -> Self {
        Self {
            label: label.into(),
            value: value.into(),
        }
    }
}

/// What a fact says.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Text, as it came. Line breaks in it are kept as such in lists of
    /// facts (an authority's description has them), always indented.
    Text(String),
    /// A whole number.
    Number(u64),
    /// Yes or no.
    Flag(bool),
    /// A time, Unix seconds.
    Time(i64),
    /// Several texts.
    List(Vec<String>),
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_string())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<u64> for Value {
    fn from(number: u64) -> Self {
        Self::Number(number)
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

impl From<Vec<String>> for Value {
    fn from(list: Vec<String>) -> Self {
        Self::List(list)
    }
}

impl From<Utc> for Value {
    fn from(time: Utc) -> Self {
        Self::Time(time.0)
    }
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// A token was obtained.
    Token(TokenSummary),
    /// What was asked to be shown is in the sections.
    Shown,
    /// It failed.
    Failed(Failure),
}

/// An access token as far as it may be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenSummary {
    /// Its first [`TokenSummary::PREFIX`] characters.
    pub prefix: String,
    /// Its length in characters.
    pub length: usize,
    /// Its kind, `Bearer`.
    pub token_type: String,
    /// When it ends, Unix seconds.
    pub expires_on: i64,
    /// When the authority suggests to renew it, Unix seconds.
    pub refresh_on: Option<i64>,
    /// The scope it was asked for with.
    pub scope: String,
    /// How many requests it took.
    pub requests: u32,
}

impl TokenSummary {
    /// How many characters of a token may be shown. The first ten of a JWT
    /// are the beginning of its header and the same for nearly all of them.
    pub const PREFIX: usize = 10;

    /// Prefix and length of a token; the rest of it is not kept. A token so
    /// short that ten characters would be more than half of it shows none.
    #[must_use]
    pub fn shorten(token: &str) -> (String, usize) {
        let length = token.chars().count();
        let shown = if length < 2 * Self::PREFIX {
            0
        } else {
            Self::PREFIX
        };
        (token.chars().take(shown).collect(), length)
    }

    /// The token as people see it: `eyJ0eXAiOi… (1463 characters)`.
    #[must_use]
    pub fn shown(&self) -> String {
        let mut out = self.prefix.clone();
        let _ = write!(out, "… ({} characters)", self.length);
        out
    }
}

/// Why a run failed.
#[derive(Debug, Clone, PartialEq)]
pub struct Failure {
    /// Its class, and so the exit code.
    pub class: ExitClass,
    /// What failed and with which value; never a secret.
    pub message: String,
    /// What to do next; empty where nothing can be said.
    pub next_step: String,
    /// What is known beside the message: status, codes, ids, the federated
    /// token's issuer and subject. Labels are distinct.
    pub details: Vec<Fact>,
    /// What to check in Azure and in the cluster, in order.
    pub checks: Vec<Check>,
}

impl Failure {
    /// A failure with a message and what to do next, and nothing else.
    pub fn new(class: ExitClass, message: impl Into<String>, next_step: impl Into<String>) -> Self {
        Self {
            class,
            message: message.into(),
            next_step: next_step.into(),
            details: Vec::new(),
            checks: Vec::new(),
        }
    }
}
