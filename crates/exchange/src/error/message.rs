//! What failed, in words.

use alloc::string::String;

use super::{
    AssertionError, BadResponseError, Circumstances, ConfigurationError, DeniedError, GaveUp,
    NOTABLE_OFFSET_SECONDS, RefusedError, TokenError, TokenFileError, UnavailableCause,
    UnavailableError,
};
use crate::assertion::AssertionFault;
use crate::bounds::{Escaped, Quoted, STRING_BYTES, head};
use crate::exchange::CLAIMS_BYTES;
use crate::hint::{self, About};
use crate::reply::OAuthError;
use crate::text::{Say, display, say};
use crate::utc::{Span, Utc};

pub(super) fn of(error: &TokenError) -> String {
    let mut text = String::new();
    match error {
        TokenError::Configuration(error) => say!(&mut text, error),
        TokenError::TokenFile(error) => token_file(&mut text, error),
        TokenError::Assertion(error) => assertion(&mut text, error),
        TokenError::Refused(error) => refused(&mut text, error),
        TokenError::Unavailable(error) => unavailable(&mut text, error),
        TokenError::BadResponse(error) => bad_response(&mut text, error),
        TokenError::Denied(error) => denied(&mut text, error),
    };
    text
}

impl Say for ConfigurationError {
    #[inline(never)]
    fn say(&self, text: &mut String) {
        match self {
            Self::Settings(error) => say!(text, error),
            Self::Scope { value, fault } => say!(
                text,
                "the scope ",
                Quoted(value),
                " of this request cannot be asked for: ",
                fault
            ),
            Self::ClaimsTooLong { size } => say!(
                text,
                "the claims of this request have ",
                size,
                " bytes, more than ",
                CLAIMS_BYTES
            ),
        }
    }
}

#[inline(never)]
fn token_file(text: &mut String, error: &TokenFileError) {
    say!(
        text,
        "the federated token file ",
        Quoted(&error.path),
        " cannot be read: ",
        error.fault
    )
}

#[inline(never)]
fn assertion(text: &mut String, error: &AssertionError) {
    say!(text, error.fault);
    if let Some(facts) = &error.assertion {
        say!(text, ". It says: ", facts);
        for (label, time) in [
            ("issued", facts.issued_at),
            ("valid from", facts.not_before),
            ("valid to", facts.expires_on),
        ] {
            if let Some(time) = time {
                say!(text, ", ", label, " ", Utc(time));
            }
        }
    }
    if matches!(
        error.fault,
        AssertionFault::Expired { .. } | AssertionFault::NotYetValid { .. }
    ) {
        offset(text, &error.circumstances);
    }
}

#[inline(never)]
fn refused(text: &mut String, error: &RefusedError) {
    let answer = &error.answer;
    say!(
        text,
        error.circumstances.authority,
        " refused the exchange: "
    );
    for (index, code) in answer.codes.iter().enumerate() {
        let separator = if index > 0 { "; " } else { "" };
        say!(text, separator, "AADSTS", code);
        if let Some(hint) = hint::of(*code) {
            say!(text, ", ", hint.meaning);
        }
    }
    match answer.codes.as_slice() {
        [] => say!(text, Plain(&answer.error), " (HTTP ", error.status, ")"),
        _ => say!(
            text,
            " (",
            Plain(&answer.error),
            ", HTTP ",
            error.status,
            ")"
        ),
    }
    if answer.codes.is_empty() && !answer.description.is_empty() {
        say!(text, ": ", Quoted(&answer.description));
    }
    if let Some(facts) = &error.assertion {
        say!(text, ". The federated token says: ", facts);
    }
    ids(text, answer);
    if hint::any(&answer.codes, About::Times) {
        times(text, error);
    }
    sent(text, error.requests)
}

/// Both clocks and the token's own times.
#[inline(never)]
fn times(text: &mut String, error: &RefusedError) {
    let now = error.circumstances.now;
    say!(text, ". This machine's clock: ", Utc(now));
    if let Some(offset) = error.circumstances.clock_offset {
        say!(text, ", the authority's: ", Utc(now.saturating_add(offset)));
    }
    if let Some(facts) = &error.assertion {
        if let Some(begin) = facts.not_before {
            say!(text, ", the token begins: ", Utc(begin));
        }
        if let Some(end) = facts.expires_on {
            say!(text, ", the token ends: ", Utc(end));
        }
    }
    offset(text, &error.circumstances)
}

#[inline(never)]
fn unavailable(text: &mut String, error: &UnavailableError) {
    say!(text, error.circumstances.authority, " ");
    match (error.cause, error.status, &error.transport) {
        (UnavailableCause::Throttled, ..) => text.push_str("throttles this client (HTTP 429)"),
        (UnavailableCause::ServerError, Some(status), _) => {
            say!(text, "has no answer now (HTTP ", status, ")");
        }
        (_, _, Some(fault)) => say!(text, "could not be asked: ", fault),
        (_, Some(status), None) => {
            say!(
                text,
                "gave no token in time (last answer HTTP ",
                status,
                ")"
            );
        }
        (_, None, None) => text.push_str("gave no answer in time"),
    }
    if let Some(answer) = &error.answer {
        say!(text, ": ", Plain(&answer.error));
        for code in &answer.codes {
            say!(text, ", AADSTS", code);
        }
        ids(text, answer);
    }
    if let Some(seconds) = error.retry_after {
        say!(text, ". It asks to wait ", Span(seconds));
    }
    match error.gave_up {
        GaveUp::Permanent => {}
        GaveUp::Retries => text.push_str(". Every retry was used"),
        GaveUp::Deadline => text.push_str(". The deadline has passed"),
        GaveUp::DeadlineTooNear { wait, left } => say!(
            text,
            ". The next try would come in ",
            Span(wait),
            ", the deadline in ",
            Span(left)
        ),
        GaveUp::WaitTooLong { wait } => say!(
            text,
            ". Without a deadline ",
            Span(wait),
            " are not waited for"
        ),
    }
    sent(text, error.requests)
}

#[inline(never)]
fn bad_response(text: &mut String, error: &BadResponseError) {
    say!(
        text,
        "the answer of ",
        error.circumstances.authority,
        " cannot be used"
    );
    if error.status != 0 {
        say!(text, " (HTTP ", error.status, ")");
    }
    say!(text, ": ", error.fault);
    sent(text, error.requests)
}

#[inline(never)]
fn denied(text: &mut String, error: &DeniedError) {
    say!(
        text,
        "the host did not let the request to ",
        error.circumstances.authority,
        " pass"
    );
    if !error.detail.is_empty() {
        say!(text, ": ", Plain(&error.detail));
    }
}

/// The ids by which Microsoft's support finds the request.
#[inline(never)]
fn ids(text: &mut String, answer: &OAuthError) {
    let mut separator = ". The answer has ";
    for (label, value) in [
        ("correlation id", &answer.correlation_id),
        ("trace id", &answer.trace_id),
        ("timestamp", &answer.timestamp),
    ] {
        if let Some(value) = value {
            say!(text, separator, label, " ", Plain(value));
            separator = ", ";
        }
    }
}

#[inline(never)]
fn offset(text: &mut String, circumstances: &Circumstances) {
    match circumstances.clock_offset {
        Some(offset) if offset.unsigned_abs() > NOTABLE_OFFSET_SECONDS => say!(
            text,
            ". This machine's clock is ",
            Span(offset.unsigned_abs()),
            " ",
            if offset > 0 { "behind" } else { "ahead of" },
            " the authority's"
        ),
        _ => {}
    }
}

#[inline(never)]
fn sent(text: &mut String, requests: u32) {
    match requests {
        0 | 1 => {}
        more => say!(text, ". It was tried ", more, " times"),
    }
}

/// A string from outside without quotes: on one line, ASCII only, at most 256
/// bytes of it.
struct Plain<'a>(&'a str);

impl Say for Plain<'_> {
    #[inline(never)]
    fn say(&self, text: &mut String) {
        Escaped(head(self.0, STRING_BYTES)).say(text);
    }
}

display!(ConfigurationError);
