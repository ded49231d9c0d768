//! One request judged by itself, for a shell that keeps its own schedule and may
//! not even hold the federated token: a proxy in front of it put it into the form.

use alloc::boxed::Box;

use super::verdict::{self, Failure, Verdict};
use super::{Now, TransportFault};
use crate::assertion::{AssertionFacts, FederatedToken, check};
use crate::cloud::AuthorityHost;
use crate::error::{
    AssertionError, BadResponseError, Circumstances, DeniedError, GaveUp, RefusedError, TokenError,
    UnavailableError,
};
use crate::reply::{HttpReply, TokenReply};

/// The federated token in the bytes of its file, if it may be sent at `now`.
///
/// # Errors
/// [`TokenError::Assertion`].
pub fn federated_token(
    authority: &AuthorityHost,
    now: Now,
    bytes: &[u8],
) -> Result<FederatedToken, TokenError> {
    let refuse = |fault, assertion| {
        TokenError::Assertion(Box::new(AssertionError {
            fault,
            assertion,
            circumstances: circumstances(authority, now, None),
        }))
    };
    let token = FederatedToken::from_file(bytes).map_err(|fault| refuse(fault, None))?;
    check(token.facts(), now.unix_seconds)
        .map_err(|fault| refuse(fault, Some(token.facts().clone())))?;
    Ok(token)
}

/// What one answer, or none, means. `sent` is the federated token if the shell
/// had it: its signature is redacted in what is told.
///
/// # Errors
/// Every [`TokenError`] but those of settings and of the file. One request
/// counts as all: when to ask again is the caller's to say.
pub fn judge(
    authority: &AuthorityHost,
    now: Now,
    answer: Result<&HttpReply, TransportFault>,
    sent: Option<&FederatedToken>,
) -> Result<TokenReply, TokenError> {
    let offset = answer
        .as_ref()
        .ok()
        .and_then(|reply| verdict::date(reply))
        .map(|date| date.saturating_sub(now.unix_seconds));
    let circumstances = || circumstances(authority, now, offset);
    let assertion: Option<AssertionFacts> = sent.map(|token| token.facts().clone());
    let signature = sent.map_or("", FederatedToken::signature);
    let verdict = match answer {
        Ok(reply) => verdict::of_reply(reply, now.unix_seconds, &[signature]),
        Err(fault) => verdict::of_fault(fault),
    };
    Err(match verdict {
        Verdict::Token(reply) => return Ok(reply),
        Verdict::Refused { status, answer } => TokenError::Refused(Box::new(RefusedError {
            status,
            answer,
            assertion,
            requests: 1,
            circumstances: circumstances(),
        })),
        Verdict::Unavailable(failure) => unavailable(failure, assertion, circumstances()),
        Verdict::BadResponse { status, fault } => {
            TokenError::BadResponse(Box::new(BadResponseError {
                status,
                fault,
                requests: 1,
                circumstances: circumstances(),
            }))
        }
        Verdict::Denied(fault) => TokenError::Denied(Box::new(DeniedError {
            detail: fault.detail,
            circumstances: circumstances(),
        })),
    })
}

fn unavailable(
    failure: Failure,
    assertion: Option<AssertionFacts>,
    circumstances: Circumstances,
) -> TokenError {
    TokenError::Unavailable(Box::new(UnavailableError {
        cause: failure.cause,
        transport: failure.transport,
        status: failure.status,
        answer: failure.answer,
        retry_after: failure.retry_after,
        gave_up: GaveUp::Permanent,
        assertion,
        requests: 1,
        circumstances,
    }))
}

fn circumstances(authority: &AuthorityHost, now: Now, clock_offset: Option<i64>) -> Circumstances {
    Circumstances {
        authority: authority.clone(),
        now: now.unix_seconds,
        clock_offset,
    }
}
