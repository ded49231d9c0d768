//! The core's results as the WIT has them, one to one.

use alloc::string::{String, ToString};

use keyhole_exchange::assertion::{AssertionFacts, AssertionFault};
use keyhole_exchange::error::{ConfigurationError, TokenError, UnavailableCause};
use keyhole_exchange::exchange::{AccessToken, WrongInput};

use crate::bindings::exports::keyhole::identity::token_provider as wit;

impl From<AssertionFacts> for wit::AssertionFacts {
    fn from(facts: AssertionFacts) -> Self {
        Self {
            issuer: facts.issuer,
            subject: facts.subject,
            audiences: facts.audiences,
            issued_at: facts.issued_at,
            not_before: facts.not_before,
            expires_on: facts.expires_on,
            size: facts.size,
        }
    }
}

impl From<AccessToken> for wit::AccessToken {
    fn from(token: AccessToken) -> Self {
        Self {
            token: token.token.expose().into(),
            token_type: token.token_type.into(),
            expires_on: token.expires_on,
            refresh_on: token.refresh_on,
            scope: token.scope.to_string(),
            requests: token.requests,
            assertion: token.assertion.into(),
        }
    }
}

impl From<TokenError> for wit::TokenError {
    fn from(error: TokenError) -> Self {
        let explanation = wit::Explanation {
            message: error.message(),
            next_step: error.next_step(),
        };
        match error {
            TokenError::Configuration(error) => Self::Configuration(wit::ConfigurationError {
                explanation,
                setting: match error {
                    ConfigurationError::Settings(error) => error.setting().map(String::from),
                    _ => None,
                },
            }),
            TokenError::TokenFile(error) => Self::TokenFile(wit::TokenFileError {
                explanation,
                path: error.path,
            }),
            TokenError::Assertion(error) => Self::Assertion(wit::AssertionError {
                explanation,
                fault: (&error.fault).into(),
                assertion: error.assertion.map(Into::into),
            }),
            TokenError::Refused(error) => Self::Refused(wit::RefusedError {
                explanation,
                status: error.status,
                error: error.answer.error,
                codes: error.answer.codes,
                description: error.answer.description,
                correlation_id: error.answer.correlation_id,
                trace_id: error.answer.trace_id,
                timestamp: error.answer.timestamp,
                claims: error.answer.claims.map(|claims| claims.expose().into()),
                assertion: error.assertion.map(Into::into),
                requests: error.requests,
            }),
            TokenError::Unavailable(error) => {
                let answer = error.answer;
                Self::Unavailable(wit::UnavailableError {
                    explanation,
                    cause: error.cause.into(),
                    status: error.status,
                    retry_after: error.retry_after,
                    codes: answer
                        .as_ref()
                        .map(|answer| answer.codes.clone())
                        .unwrap_or_default(),
                    correlation_id: answer
                        .as_ref()
                        .and_then(|answer| answer.correlation_id.clone()),
                    timestamp: answer.and_then(|answer| answer.timestamp),
                    assertion: error.assertion.map(Into::into),
                    requests: error.requests,
                })
            }
            TokenError::BadResponse(error) => Self::BadResponse(wit::BadResponseError {
                explanation,
                status: error.status,
                requests: error.requests,
            }),
            TokenError::Denied(_) => Self::Denied(wit::DeniedError { explanation }),
        }
    }
}

impl From<&AssertionFault> for wit::AssertionFault {
    fn from(fault: &AssertionFault) -> Self {
        match fault {
            AssertionFault::Empty => Self::Empty,
            AssertionFault::NoExpiry => Self::NoExpiry,
            AssertionFault::Expired { .. } => Self::Expired,
            AssertionFault::NotYetValid { .. } => Self::NotYetValid,
            AssertionFault::LifetimeTooLong { .. } => Self::LifetimeTooLong,
            // The enum is open for the core's other users; what is new there
            // is a kind of malformed until the WIT knows it.
            AssertionFault::Malformed(_) | _ => Self::Malformed,
        }
    }
}

impl From<UnavailableCause> for wit::UnavailableCause {
    fn from(cause: UnavailableCause) -> Self {
        match cause {
            UnavailableCause::Transport => Self::Transport,
            UnavailableCause::Timeout => Self::Timeout,
            UnavailableCause::ServerError => Self::ServerError,
            UnavailableCause::Throttled => Self::Throttled,
        }
    }
}

/// The shell and the core disagree: a bug of this component.
pub(crate) fn bug(wrong: &WrongInput) -> wit::TokenError {
    wit::TokenError::Configuration(wit::ConfigurationError {
        explanation: wit::Explanation {
            message: wrong.to_string(),
            next_step: "This is a bug of the component: please report it.".into(),
        },
        setting: None,
    })
}
