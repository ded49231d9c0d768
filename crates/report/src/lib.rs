//! What a run of `keyhole` has to say, as data, and that data as text, as JSON
//! and as one self-contained HTML page, with the exit code that goes with it.
//!
//! The crate prints nothing, reads no clock and knows neither the exchange nor
//! the sandbox: its caller fills plain values in and writes the strings out.
//! Every string from outside (an authority's description, a variable's value,
//! a component's message) is held here as it came and escaped here, once, for
//! the form it is rendered in. An access token enters a report only as a
//! [`TokenSummary`]; [`ExecCredential`] is the one place that prints a token.
//!
//! Start from [`Run`].
#![no_std]

extern crate alloc;

mod bearer_token;
mod checks;
mod credential;
mod data;
mod diagnosis;
mod escape;
mod exec_credential;
mod exit;
mod html;
mod json;
mod quote;
mod text;
mod time;

pub use bearer_token::BearerToken;
pub use checks::{Check, Identity, for_refusal};
pub use credential::FederatedCredential;
pub use data::{Fact, Failure, Outcome, Run, Section, Step, StepState, TokenSummary, Value};
pub use diagnosis::{Finding, FindingState, GrantUse, Snippet};
pub use escape::{Html, Terminal};
pub use exec_credential::{ApiVersion, ExecCredential, ExecInfoError};
pub use exit::ExitClass;
pub use json::json_for_display;
pub use quote::{hcl_string, shell_word};
pub use text::{Style, note_to_text};
pub use time::{Until, Utc};
