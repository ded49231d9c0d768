//! What failed, in words.

use alloc::string::String;
use core::fmt::{self, Write as _};

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
use crate::utc::{Span, Utc};

pub(super) fn of(error: &TokenError) -> String {
    let mut text = String::new();
    // Writing to a String does not fail.
    let _ = match error {
        TokenError::Configuration(error) => write!(text, "{error}"),
        TokenError::TokenFile(error) => token_file(&mut text, error),
        TokenError::Assertion(error) => assertion(&mut text, error),
        TokenError::Refused(error) => refused(&mut text, error),
        TokenError::Unavailable(error) => unavailable(&mut text, error),
        TokenError::BadResponse(error) => bad_response(&mut text, error),
        TokenError::Denied(error) => denied(&mut text, error),
    };
    text
}

impl fmt::Display for ConfigurationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Settings(error) => write!(f, "{error}"),
            Self::Scope { value, fault } => write!(
                f,
                "the scope {} of this request cannot be asked for: {fault}",
                Quoted(value)
            ),
            Self::ClaimsTooLong { size } => write!(
                f,
                "the claims of this request have {size} bytes, more than {CLAIMS_BYTES}"
            ),
        }
    }
}

fn token_file(text: &mut String, error: &TokenFileError) -> fmt::Result {
    write!(
        text,
        "the federated token file {} cannot be read: {}",
        Quoted(&error.path),
        error.fault
    )
}

fn assertion(text: &mut String, error: &AssertionError) -> fmt::Result {
    write!(text, "{}", error.fault)?;
    if let Some(facts) = &error.assertion {
        write!(text, ". It says: {facts}")?;
        for (label, time) in [
            ("issued", facts.issued_at),
            ("valid from", facts.not_before),
            ("valid to", facts.expires_on),
        ] {
            if let Some(time) = time {
                write!(text, ", {label} {}", Utc(time))?;
            }
        }
    }
    if matches!(
        error.fault,
        AssertionFault::Expired { .. } | AssertionFault::NotYetValid { .. }
    ) {
        offset(text, &error.circumstances)?;
    }
    Ok(())
}

fn refused(text: &mut String, error: &RefusedError) -> fmt::Result {
    let answer = &error.answer;
    write!(
        text,
        "{} refused the exchange: ",
        error.circumstances.authority
    )?;
    for (index, code) in answer.codes.iter().enumerate() {
        let separator = if index > 0 { "; " } else { "" };
        write!(text, "{separator}AADSTS{code}")?;
        if let Some(hint) = hint::of(*code) {
            write!(text, ", {}", hint.meaning)?;
        }
    }
    match answer.codes.as_slice() {
        [] => write!(text, "{} (HTTP {})", Plain(&answer.error), error.status)?,
        _ => write!(text, " ({}, HTTP {})", Plain(&answer.error), error.status)?,
    }
    if answer.codes.is_empty() && !answer.description.is_empty() {
        write!(text, ": {}", Quoted(&answer.description))?;
    }
    if let Some(facts) = &error.assertion {
        write!(text, ". The federated token says: {facts}")?;
    }
    ids(text, answer)?;
    if hint::any(&answer.codes, About::Times) {
        times(text, error)?;
    }
    sent(text, error.requests)
}

/// Both clocks and the token's own times.
fn times(text: &mut String, error: &RefusedError) -> fmt::Result {
    let now = error.circumstances.now;
    write!(text, ". This machine's clock: {}", Utc(now))?;
    if let Some(offset) = error.circumstances.clock_offset {
        write!(
            text,
            ", the authority's: {}",
            Utc(now.saturating_add(offset))
        )?;
    }
    if let Some(facts) = &error.assertion {
        if let Some(begin) = facts.not_before {
            write!(text, ", the token begins: {}", Utc(begin))?;
        }
        if let Some(end) = facts.expires_on {
            write!(text, ", the token ends: {}", Utc(end))?;
        }
    }
    offset(text, &error.circumstances)
}

fn unavailable(text: &mut String, error: &UnavailableError) -> fmt::Result {
    write!(text, "{} ", error.circumstances.authority)?;
    match (error.cause, error.status, &error.transport) {
        (UnavailableCause::Throttled, ..) => text.push_str("throttles this client (HTTP 429)"),
        (UnavailableCause::ServerError, Some(status), _) => {
            write!(text, "has no answer now (HTTP {status})")?;
        }
        (_, _, Some(fault)) => write!(text, "could not be asked: {fault}")?,
        (_, Some(status), None) => {
            write!(text, "gave no token in time (last answer HTTP {status})")?;
        }
        (_, None, None) => text.push_str("gave no answer in time"),
    }
    if let Some(answer) = &error.answer {
        write!(text, ": {}", Plain(&answer.error))?;
        for code in &answer.codes {
            write!(text, ", AADSTS{code}")?;
        }
        ids(text, answer)?;
    }
    if let Some(seconds) = error.retry_after {
        write!(text, ". It asks to wait {}", Span(seconds))?;
    }
    match error.gave_up {
        GaveUp::Permanent => {}
        GaveUp::Retries => text.push_str(". Every retry was used"),
        GaveUp::Deadline => text.push_str(". The deadline has passed"),
        GaveUp::DeadlineTooNear { wait, left } => write!(
            text,
            ". The next try would come in {}, the deadline in {}",
            Span(wait),
            Span(left)
        )?,
        GaveUp::WaitTooLong { wait } => write!(
            text,
            ". Without a deadline {} are not waited for",
            Span(wait)
        )?,
    }
    sent(text, error.requests)
}

fn bad_response(text: &mut String, error: &BadResponseError) -> fmt::Result {
    write!(
        text,
        "the answer of {} cannot be used",
        error.circumstances.authority
    )?;
    if error.status != 0 {
        write!(text, " (HTTP {})", error.status)?;
    }
    write!(text, ": {}", error.fault)?;
    sent(text, error.requests)
}

fn denied(text: &mut String, error: &DeniedError) -> fmt::Result {
    write!(
        text,
        "the host did not let the request to {} pass",
        error.circumstances.authority
    )?;
    if !error.detail.is_empty() {
        write!(text, ": {}", Plain(&error.detail))?;
    }
    Ok(())
}

/// The ids by which Microsoft's support finds the request.
fn ids(text: &mut String, answer: &OAuthError) -> fmt::Result {
    let mut separator = ". The answer has ";
    for (label, value) in [
        ("correlation id", &answer.correlation_id),
        ("trace id", &answer.trace_id),
        ("timestamp", &answer.timestamp),
    ] {
        if let Some(value) = value {
            write!(text, "{separator}{label} {}", Plain(value))?;
            separator = ", ";
        }
    }
    Ok(())
}

fn offset(text: &mut String, circumstances: &Circumstances) -> fmt::Result {
    match circumstances.clock_offset {
        Some(offset) if offset.unsigned_abs() > NOTABLE_OFFSET_SECONDS => write!(
            text,
            ". This machine's clock is {} {} the authority's",
            Span(offset.unsigned_abs()),
            if offset > 0 { "behind" } else { "ahead of" }
        ),
        _ => Ok(()),
    }
}

fn sent(text: &mut String, requests: u32) -> fmt::Result {
    match requests {
        0 | 1 => Ok(()),
        more => write!(text, ". {more} requests were sent"),
    }
}

/// A string from outside without quotes: on one line, ASCII only, at most 256
/// bytes of it.
struct Plain<'a>(&'a str);

impl fmt::Display for Plain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Escaped(head(self.0, STRING_BYTES)).fmt(f)
    }
}
