//! A diagnosis: what was looked at in order, what is right and what is not.

use alloc::string::String;
use alloc::vec::Vec;

use crate::Fact;

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// Its name for scripts, which stays: `federated-token`.
    pub id: &'static str,
    /// Its name for people. At most 16 characters line up.
    pub title: &'static str,
    /// What came of it.
    pub state: FindingState,
    /// What was found, as one sentence.
    pub said: String,
    /// With which values, with distinct labels.
    pub facts: Vec<Fact>,
    /// What to do about it; empty where nothing is to be done.
    pub fix: String,
    /// What can be pasted.
    pub snippets: Vec<Snippet>,
}

impl Finding {
    /// A finding without values, fix and snippets.
    pub fn new(
        id: &'static str,
        title: &'static str,
        state: FindingState,
        said: impl Into<String>,
    ) -> Self {
        Self {
            id,
            title,
            state,
            said: said.into(),
            facts: Vec::new(),
            fix: String::new(),
            snippets: Vec::new(),
        }
    }

    /// One that was not come to.
    pub fn not_reached(id: &'static str, title: &'static str) -> Self {
        Self::new(id, title, FindingState::NotReached, "")
    }

    /// The finding with what to do about it.
    #[must_use]
    pub fn fix(mut self, fix: impl Into<String>) -> Self {
        self.fix = fix.into();
        self
    }

    /// The finding with these values.
    #[must_use]
    pub fn facts(mut self, facts: Vec<Fact>) -> Self {
        self.facts = facts;
        self
    }
}

/// What came of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FindingState {
    /// It is right.
    Right,
    /// It may be right; a person should look at it.
    Doubtful,
    /// It is wrong.
    Wrong,
    /// It was not come to, because something before it failed.
    NotReached,
}

impl FindingState {
    /// The state's name in JSON and in plain text.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Right => "ok",
            Self::Doubtful => "warning",
            Self::Wrong => "failed",
            Self::NotReached => "not-reached",
        }
    }
}

/// Text to paste somewhere else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snippet {
    /// Where it belongs: `Azure CLI`.
    pub label: &'static str,
    /// The text, quoted for that place, lines separated by line feeds.
    pub text: String,
}

/// A grant, and what was done with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantUse {
    /// Its name: `file`.
    pub grant: &'static str,
    /// What was granted.
    pub granted: String,
    /// How often it was used.
    pub used: u64,
    /// With what: bytes, times. May be empty.
    pub detail: String,
    /// What was asked for beyond it and refused, in order.
    pub refused: Vec<String>,
}
