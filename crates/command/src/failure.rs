//! Errors of the exchange as failures.

use keyhole_commands::token_error::{self, Assertion, Refused, Unavailable};
use keyhole_exchange::settings::Settings;
use keyhole_report::Failure;

use crate::bindings::keyhole::identity::token_provider::{
    AssertionFacts, TokenError, UnavailableCause,
};

/// An error of the exchange as a failure: what it says, and what a person needs to
/// know beside it.
pub(crate) fn of(error: &TokenError, settings: &Settings) -> Failure {
    let (explanation, borrowed) = borrow(error);
    let mut failure = Failure::new(
        borrowed.class(),
        explanation.message.as_str(),
        explanation.next_step.as_str(),
    );
    borrowed.explain(&mut failure, Some(settings));
    if matches!(error, TokenError::TokenFile(_)) {
        failure.next_step.push_str(GRANT);
    }
    failure
}

/// How a file is granted, for those who gave none or another.
const GRANT: &str = " A component reads only below what its runtime gives it: wasmtime by --dir \
                     FOLDER::FOLDER, where FOLDER holds the file.";

fn borrow(
    error: &TokenError,
) -> (
    &crate::bindings::keyhole::identity::token_provider::Explanation,
    token_error::TokenError<'_>,
) {
    use token_error::TokenError as Borrowed;
    match error {
        TokenError::Configuration(error) => (
            &error.explanation,
            Borrowed::Configuration(error.setting.as_deref()),
        ),
        TokenError::TokenFile(error) => (&error.explanation, Borrowed::TokenFile),
        TokenError::Assertion(error) => (
            &error.explanation,
            Borrowed::Assertion(error.assertion.as_ref().map(assertion)),
        ),
        TokenError::Refused(error) => (
            &error.explanation,
            Borrowed::Refused(Refused {
                status: error.status,
                error: &error.error,
                codes: &error.codes,
                description: &error.description,
                correlation_id: error.correlation_id.as_deref(),
                trace_id: error.trace_id.as_deref(),
                timestamp: error.timestamp.as_deref(),
                has_claims: error.claims.is_some(),
                assertion: error.assertion.as_ref().map(assertion),
                requests: error.requests,
            }),
        ),
        TokenError::Unavailable(error) => (
            &error.explanation,
            Borrowed::Unavailable(Unavailable {
                kind: match error.cause {
                    UnavailableCause::Transport => "transport",
                    UnavailableCause::Timeout => "timeout",
                    UnavailableCause::ServerError => "server error",
                    UnavailableCause::Throttled => "throttled",
                },
                status: error.status,
                retry_after: error.retry_after,
                codes: &error.codes,
                correlation_id: error.correlation_id.as_deref(),
                timestamp: error.timestamp.as_deref(),
                assertion: error.assertion.as_ref().map(assertion),
                requests: error.requests,
            }),
        ),
        TokenError::BadResponse(error) => (
            &error.explanation,
            Borrowed::BadResponse {
                status: error.status,
                requests: error.requests,
            },
        ),
        TokenError::Denied(error) => (&error.explanation, Borrowed::Denied),
    }
}

fn assertion(facts: &AssertionFacts) -> Assertion<'_> {
    Assertion {
        issuer: facts.issuer.as_deref(),
        subject: facts.subject.as_deref(),
        audiences: &facts.audiences,
        issued_at: facts.issued_at,
        not_before: facts.not_before,
        expires_on: facts.expires_on,
    }
}
