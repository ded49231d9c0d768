//! What a runtime is known to do in another way than all others, with the cause:
//! `tests/conformance/deviations.yaml`. One that is not listed fails, and so does
//! one that is listed and does not happen any more.

use crate::case::{self, Case, Expectation};
use keyhole_tests::artifacts::workspace;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// A difference of some runtimes in some cases.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Deviation {
    /// Names of runtimes.
    pub(crate) runtimes: Vec<String>,
    /// Names of cases.
    pub(crate) cases: Vec<String>,
    /// Why it is so, in a sentence.
    pub(crate) cause: String,
    /// Where the runtime's own project knows of it.
    #[serde(default)]
    pub(crate) upstream: Option<String>,
    /// What comes instead.
    pub(crate) instead: Instead,
}

/// What takes the place of an expectation; what is not named stays.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Instead {
    #[serde(default)]
    trap: bool,
    #[serde(default)]
    exit: Option<u8>,
    #[serde(default)]
    requests: Option<usize>,
    #[serde(default)]
    fields: Option<BTreeMap<String, Value>>,
    #[serde(default)]
    says: Option<Vec<String>>,
}

impl Deviation {
    /// Whether it is of this runtime in this case.
    pub(crate) fn is_of(&self, runtime: &str, case: &str) -> bool {
        let has = |names: &[String], name| names.iter().any(|known| known == name);
        has(&self.runtimes, runtime) && has(&self.cases, case)
    }

    /// The cause, and where it is known.
    pub(crate) fn why(&self) -> String {
        match &self.upstream {
            Some(upstream) => format!("{} ({upstream})", self.cause),
            None => self.cause.clone(),
        }
    }

    /// What is expected of the runtime.
    pub(crate) fn expectation(&self, case: &Case) -> Expectation {
        let (instead, usual) = (&self.instead, &case.expect);
        let other_end = instead.exit.is_some() || instead.trap;
        Expectation {
            trap: instead.trap,
            exit: instead.exit.unwrap_or(usual.exit),
            requests: instead.requests.or(usual.requests),
            fields: match &instead.fields {
                Some(fields) => fields.clone(),
                None if other_end => BTreeMap::new(),
                None => usual.fields.clone(),
            },
            says: match &instead.says {
                Some(says) => says.clone(),
                None if other_end => Vec::new(),
                None => usual.says.clone(),
            },
        }
    }
}

/// All that are known.
pub(crate) fn all() -> Vec<Deviation> {
    case::of_yaml(&workspace().join("tests/conformance/deviations.yaml"))
}
