//! What to do next, in words.

use alloc::borrow::ToOwned;
use alloc::string::String;

use super::{
    BadResponseError, ConfigurationError, GaveUp, RefusedError, TokenError, UnavailableError,
};
use crate::assertion::AssertionFacts;
use crate::bounds::Quoted;
use crate::exchange::{FileFaultKind, TransportFaultKind};
use crate::hint::{self, About};
use crate::reply::ReplyFault;
use crate::text::said;

pub(super) fn of(error: &TokenError) -> String {
    match error {
        TokenError::Configuration(error) => configuration(error),
        TokenError::TokenFile(error) => token_file(error.fault.kind).to_owned(),
        TokenError::Assertion(error) => error.fault.next_step().to_owned(),
        TokenError::Refused(error) => refused(error),
        TokenError::Unavailable(error) => unavailable(error),
        TokenError::BadResponse(error) => bad_response(error).to_owned(),
        TokenError::Denied(_) => {
            "The host's log, or a guard's line, names the rule: one request form passes to one endpoint, whose addresses the host judges."
                .to_owned()
        }
    }
}

fn configuration(error: &ConfigurationError) -> String {
    match error {
        ConfigurationError::Settings(error) => error.next_step().into_owned(),
        ConfigurationError::Scope { .. } => {
            "Ask for one scope such as ID/.default, or for none to get the one from the settings."
                .to_owned()
        }
        ConfigurationError::ClaimsTooLong { .. } => {
            "Pass the claims of the challenge as they are.".to_owned()
        }
    }
}

const fn token_file(kind: FileFaultKind) -> &'static str {
    match kind {
        FileFaultKind::NotFound => {
            "See that the path is right and that the pod has the projected volume: on AKS the label azure.workload.identity/use: \"true\" must be on the pod before it is created."
        }
        FileFaultKind::NotPermitted => {
            "Let the user that this runs as read the file: set fsGroup in the pod's securityContext, or run as the user that owns it."
        }
        FileFaultKind::NotAFile => "Give the path of the token file itself, not of its folder.",
        FileFaultKind::TooLarge | FileFaultKind::NotAToken => {
            "Give the path of the projected service account token; other files are not read."
        }
        FileFaultKind::Other => "See that the file can be read, then try again.",
    }
}

fn refused(error: &RefusedError) -> String {
    let codes = &error.answer.codes;
    let mut text = String::new();
    for hint in codes.iter().filter_map(|code| hint::of(*code)) {
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(hint.fix);
        if let Some(facts) = &error.assertion {
            text.push_str(&exactly(hint.about, facts));
        }
    }
    if !text.is_empty() {
        return text;
    }
    match codes.first() {
        Some(code) => said!("Look the code up at ", hint::help_url(*code, &error.circumstances.authority), "."),
        None => "Read the authority's description; give its correlation id and timestamp to Microsoft's support."
            .to_owned(),
    }
}

/// The value that the federated credential must have, from the token.
fn exactly(about: About, facts: &AssertionFacts) -> String {
    let (what, value) = match about {
        About::Issuer => ("issuer", facts.issuer.as_deref()),
        About::Subject => ("subject", facts.subject.as_deref()),
        About::Audience => ("audience", facts.audiences.first().map(String::as_str)),
        About::Nothing | About::AllThree | About::Times => return String::new(),
    };
    match value {
        Some(value) => said!(" The token's ", what, " is ", Quoted(value), "."),
        None => said!(" The token has no ", what, "."),
    }
}

fn unavailable(error: &UnavailableError) -> String {
    if let Some(fault) = &error.transport {
        return match fault.kind {
            TransportFaultKind::Dns => {
                "See that the authority's name is right and that the pod can resolve it."
            }
            TransportFaultKind::Connect
            | TransportFaultKind::Interrupted
            | TransportFaultKind::Timeout => {
                "See that network policies, firewalls and proxies let this machine reach the authority, then try again."
            }
            TransportFaultKind::Tls => {
                "See which certificate is presented: a proxy that inspects TLS needs its CA among the trusted ones, an authority with its own CA needs that CA named."
            }
            TransportFaultKind::Protocol
            | TransportFaultKind::Denied
            | TransportFaultKind::Other => "Try again; if it stays, see the host's log.",
        }
        .to_owned();
    }
    match (error.gave_up, error.retry_after) {
        (GaveUp::DeadlineTooNear { wait, .. } | GaveUp::WaitTooLong { wait }, _) => {
            said!(
                "Try again in ",
                wait,
                " s, or give a longer deadline (--timeout)."
            )
        }
        (_, Some(seconds)) => said!("Try again in ", seconds, " s."),
        _ => "Try again later; https://status.azure.com tells of outages of Entra ID.".to_owned(),
    }
}

const fn bad_response(error: &BadResponseError) -> &'static str {
    match error.fault {
        ReplyFault::NotJson { .. } | ReplyFault::NoErrorCode { .. } | ReplyFault::Redirect => {
            "Something else than Entra ID may have answered: see the authority host, and proxies or gateways on the way."
        }
        _ => "See that the authority host is one of Entra ID; try again later if it is.",
    }
}
