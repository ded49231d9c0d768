//! What an exchange says when there is no token, as a failure: class, details
//! and what to check. The program and the component each have the WIT's types
//! from a generator of their own; both are borrowed here.

use alloc::string::{String, ToString as _};
use alloc::vec;
use alloc::vec::Vec;

use keyhole_exchange::cloud;
use keyhole_exchange::settings::Settings;
use keyhole_report::{Check, ExitClass, Fact, Failure, Identity, Utc, for_refusal};

/// The WIT's `token-error`, without its texts.
#[derive(Debug, Clone)]
pub enum TokenError<'a> {
    /// A setting is missing or cannot be used: its variable.
    Configuration(Option<&'a str>),
    /// The federated token file could not be read.
    TokenFile,
    /// The federated token would be refused: what it says of itself.
    Assertion(Option<Assertion<'a>>),
    /// The authority answered and said no.
    Refused(Refused<'a>),
    /// The authority could not be asked, or has no answer now.
    Unavailable(Unavailable<'a>),
    /// The authority's answer cannot be used.
    BadResponse {
        /// HTTP status; 0 stands for an answer that had no usable head.
        status: u16,
        /// How many requests were sent.
        requests: u32,
    },
    /// The host refused something the component asked for.
    Denied,
}

/// The WIT's `assertion-facts`.
#[derive(Debug, Clone, Copy)]
pub struct Assertion<'a> {
    /// `iss`.
    pub issuer: Option<&'a str>,
    /// `sub`.
    pub subject: Option<&'a str>,
    /// `aud`.
    pub audiences: &'a [String],
    /// `iat`, Unix seconds.
    pub issued_at: Option<i64>,
    /// `nbf`, Unix seconds.
    pub not_before: Option<i64>,
    /// `exp`, Unix seconds.
    pub expires_on: Option<i64>,
}

/// The WIT's `refused-error`.
#[derive(Debug, Clone, Copy)]
pub struct Refused<'a> {
    /// HTTP status.
    pub status: u16,
    /// The OAuth code.
    pub error: &'a str,
    /// The AADSTS numbers.
    pub codes: &'a [u32],
    /// `error_description`.
    pub description: &'a str,
    /// `correlation_id`.
    pub correlation_id: Option<&'a str>,
    /// `trace_id`.
    pub trace_id: Option<&'a str>,
    /// `timestamp`.
    pub timestamp: Option<&'a str>,
    /// Whether there is a claims challenge, which is a secret itself.
    pub has_claims: bool,
    /// What the federated token says of itself.
    pub assertion: Option<Assertion<'a>>,
    /// How many requests were sent.
    pub requests: u32,
}

/// The WIT's `unavailable-error`.
#[derive(Debug, Clone, Copy)]
pub struct Unavailable<'a> {
    /// Why, in words: `transport`, `timeout`, `server error` or `throttled`.
    pub kind: &'static str,
    /// HTTP status of the last answer.
    pub status: Option<u16>,
    /// Seconds the authority asked to wait.
    pub retry_after: Option<u64>,
    /// The AADSTS numbers of the last answer.
    pub codes: &'a [u32],
    /// `correlation_id` of the last answer.
    pub correlation_id: Option<&'a str>,
    /// `timestamp` of the last answer.
    pub timestamp: Option<&'a str>,
    /// What the federated token says of itself.
    pub assertion: Option<Assertion<'a>>,
    /// How many requests were sent.
    pub requests: u32,
}

impl TokenError<'_> {
    /// The class of its exit code.
    #[must_use]
    pub const fn class(&self) -> ExitClass {
        match self {
            Self::Configuration(_) => ExitClass::Configuration,
            Self::TokenFile | Self::Assertion(_) => ExitClass::FederatedToken,
            Self::Refused(_) => ExitClass::Refused,
            Self::Unavailable(_) => ExitClass::Unavailable,
            Self::BadResponse { .. } => ExitClass::BadResponse,
            Self::Denied => ExitClass::Sandbox,
        }
    }

    /// Adds to a failure of this error what is known beside its message, and with
    /// the settings what to check when the authority refuses.
    pub fn explain(&self, failure: &mut Failure, settings: Option<&Settings>) {
        if let (Self::Assertion(_), Some(settings)) = (self, settings) {
            // In the program's sandbox the component knows it by another name.
            push(&mut failure.details, "file", Some(settings.token_file()));
        }
        failure.details.extend(self.details());
        if let (Self::Refused(refused), Some(settings)) = (self, settings) {
            failure.checks = refused.checks(settings);
            let authority = settings.authority();
            if let Some(advice) = cloud::advice(refused.codes, refused.description, authority) {
                failure.next_step.push(' ');
                failure.next_step.push_str(&advice);
            }
        }
    }

    fn details(&self) -> Vec<Fact> {
        let mut facts = Vec::new();
        match self {
            Self::Configuration(setting) => push(&mut facts, "setting", *setting),
            Self::TokenFile | Self::Denied => {}
            Self::Assertion(assertion) => push_assertion(&mut facts, *assertion),
            Self::Refused(error) => return error.details(),
            Self::Unavailable(error) => return error.details(),
            Self::BadResponse { status, requests } => {
                if *status != 0 {
                    facts.push(Fact::new("status", u64::from(*status)));
                }
                facts.push(Fact::new("requests", u64::from(*requests)));
            }
        }
        facts
    }
}

impl Refused<'_> {
    fn details(&self) -> Vec<Fact> {
        let mut facts = vec![
            Fact::new("status", u64::from(self.status)),
            Fact::new("error", self.error),
            Fact::new("codes", numbers(self.codes)),
            Fact::new("description", self.description),
        ];
        push(&mut facts, "correlation id", self.correlation_id);
        push(&mut facts, "trace id", self.trace_id);
        push(&mut facts, "timestamp", self.timestamp);
        if self.has_claims {
            // The challenge itself is a secret.
            facts.push(Fact::new("claims challenge", true));
        }
        facts.push(Fact::new("requests", u64::from(self.requests)));
        push_assertion(&mut facts, self.assertion);
        facts
    }

    fn checks(&self, settings: &Settings) -> Vec<Check> {
        let identity = Identity {
            client_id: settings.client_id().as_str(),
            subject: self.assertion.and_then(|facts| facts.subject),
        };
        for_refusal(self.codes, identity)
    }
}

impl Unavailable<'_> {
    fn details(&self) -> Vec<Fact> {
        let mut facts = vec![Fact::new("kind", self.kind)];
        if let Some(status) = self.status {
            facts.push(Fact::new("status", u64::from(status)));
        }
        if let Some(seconds) = self.retry_after {
            facts.push(Fact::new("retry after s", seconds));
        }
        if !self.codes.is_empty() {
            facts.push(Fact::new("codes", numbers(self.codes)));
        }
        push(&mut facts, "correlation id", self.correlation_id);
        push(&mut facts, "timestamp", self.timestamp);
        facts.push(Fact::new("requests", u64::from(self.requests)));
        push_assertion(&mut facts, self.assertion);
        facts
    }
}

/// What is left of a failure's details where the same text is read several
/// times over: kubectl runs a failing credential plugin up to six times a
/// command. Most of them only repeat the message, a line each; `verify` shows
/// them all.
pub fn shorten(failure: &mut Failure) {
    const KEPT: [&str; 4] = ["cause", "file", "description", "refused"];
    failure.details.retain(|fact| KEPT.contains(&&*fact.label));
}

/// What the federated token says of itself: what a federated credential must
/// match, and its times.
fn push_assertion(shown: &mut Vec<Fact>, facts: Option<Assertion<'_>>) {
    let Some(facts) = facts else {
        return;
    };
    push(shown, "issuer", facts.issuer);
    push(shown, "subject", facts.subject);
    shown.push(Fact::new("audience", facts.audiences.to_vec()));
    for (label, time) in [
        ("issued", facts.issued_at),
        ("not before", facts.not_before),
        ("expires", facts.expires_on),
    ] {
        if let Some(time) = time {
            shown.push(Fact::new(label, Utc(time)));
        }
    }
}

fn numbers(codes: &[u32]) -> Vec<String> {
    codes.iter().map(|code| code.to_string()).collect()
}

fn push(facts: &mut Vec<Fact>, label: &str, value: Option<&str>) {
    if let Some(value) = value {
        facts.push(Fact::new(label, value));
    }
}
