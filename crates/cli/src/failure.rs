//! The host's errors as failures: class, message, next step, details. One
//! `match` each.

use keyhole_commands::token_error::{self, Assertion, Refused, Unavailable};
use keyhole_exchange::settings::Settings;
use keyhole_host::github_actions::FederatedTokenFault;
use keyhole_host::{AssertionFacts, Error, NetworkFault, Origin, TokenError, UnavailableCause};
use keyhole_report::{ExitClass, Fact, Failure};

/// A host's error as a failure. With the settings it also says what to check
/// when the authority refuses.
pub(crate) fn of(error: &Error, settings: Option<&Settings>) -> Failure {
    let mut failure = Failure::new(class(error), error.to_string(), error.next_step());
    match error {
        Error::Token { error, transport } => {
            push(&mut failure.details, "cause", transport.as_deref());
            if transport
                .as_deref()
                .is_some_and(|cause| cause.starts_with("the proxy "))
            {
                failure.next_step = "See that the proxy runs and may be reached from here; a host \
                                     that needs none goes into NO_PROXY (--no-proxy)."
                    .into();
            }
            borrow(error).explain(&mut failure, settings);
        }
        Error::Deadline { transport, .. } => {
            push(&mut failure.details, "cause", transport.as_deref());
        }
        Error::Refused(refusals) => {
            let attempts: Vec<String> = refusals.iter().map(ToString::to_string).collect();
            failure.details.push(Fact::new("refused", attempts));
        }
        _ => {}
    }
    failure
}

fn class(error: &Error) -> ExitClass {
    match error {
        Error::Configuration { .. }
        | Error::Roots(_)
        | Error::Cache(_)
        | Error::Artifact { .. } => ExitClass::Configuration,
        Error::TokenFile { .. } => ExitClass::FederatedToken,
        Error::GitHubActions { fault, .. } => match fault {
            FederatedTokenFault::Network(NetworkFault::Address { .. }) => ExitClass::Sandbox,
            FederatedTokenFault::Network(_) | FederatedTokenFault::Unavailable { .. } => {
                ExitClass::Unavailable
            }
            FederatedTokenFault::BadResponse { .. } => ExitClass::BadResponse,
            _ => ExitClass::FederatedToken,
        },
        Error::Token { error, .. } => borrow(error).class(),
        Error::Deadline { .. } | Error::Proxy { .. } => ExitClass::Unavailable,
        Error::Import { .. } | Error::Refused(_) | Error::Limit(_) => ExitClass::Sandbox,
        Error::Trap { origin, .. } => match origin {
            Origin::Embedded => ExitClass::Bug,
            Origin::External => ExitClass::Sandbox,
        },
        _ => ExitClass::Bug,
    }
}

/// What the component says, borrowed.
fn borrow(error: &TokenError) -> token_error::TokenError<'_> {
    use token_error::TokenError as Borrowed;
    match error {
        TokenError::Configuration(error) => Borrowed::Configuration(error.setting.as_deref()),
        TokenError::TokenFile(_) => Borrowed::TokenFile,
        TokenError::Assertion(error) => {
            Borrowed::Assertion(error.assertion.as_ref().map(assertion))
        }
        TokenError::Refused(error) => Borrowed::Refused(Refused {
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
        TokenError::Unavailable(error) => Borrowed::Unavailable(Unavailable {
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
        TokenError::BadResponse(error) => Borrowed::BadResponse {
            status: error.status,
            requests: error.requests,
        },
        TokenError::Denied(_) => Borrowed::Denied,
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

fn push(facts: &mut Vec<Fact>, label: &str, value: Option<&str>) {
    if let Some(value) = value {
        facts.push(Fact::new(label, value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use keyhole_commands::token_error::shorten;
    use keyhole_host::{BadResponseError, DeniedError, Explanation, RefusedError};
    use std::time::Duration;

    fn explanation() -> Explanation {
        Explanation {
            message: "what happened".into(),
            next_step: "what to do".into(),
        }
    }

    fn token(error: TokenError) -> Error {
        Error::Token {
            error: Box::new(error),
            transport: None,
        }
    }

    fn refusal(codes: Vec<u32>) -> RefusedError {
        RefusedError {
            explanation: explanation(),
            status: 401,
            error: "invalid_client".into(),
            codes,
            description: "AADSTS: described".into(),
            correlation_id: Some("c".into()),
            trace_id: None,
            timestamp: None,
            claims: Some("the-claims-secret".into()),
            assertion: Some(AssertionFacts {
                issuer: Some("https://issuer/".into()),
                subject: Some("system:serviceaccount:shop:cart".into()),
                audiences: vec!["api://AzureADTokenExchange".into()],
                issued_at: None,
                not_before: None,
                expires_on: Some(0),
                size: 1000,
            }),
            requests: 1,
        }
    }

    #[test]
    fn each_cause_has_its_exit_code() {
        let trap = |origin| Error::Trap {
            reason: "unreachable".into(),
            origin,
        };
        for (error, code) in [
            (
                Error::Configuration {
                    message: String::new(),
                    next_step: String::new(),
                },
                2,
            ),
            (token(TokenError::Refused(refusal(vec![]))), 4),
            (
                Error::Deadline {
                    timeout: Duration::from_secs(1),
                    transport: None,
                },
                5,
            ),
            (
                token(TokenError::BadResponse(BadResponseError {
                    explanation: explanation(),
                    status: 200,
                    requests: 1,
                })),
                6,
            ),
            (
                token(TokenError::Denied(DeniedError {
                    explanation: explanation(),
                })),
                7,
            ),
            (Error::Import { name: "x".into() }, 7),
            (trap(Origin::External), 7),
            (trap(Origin::Embedded), 70),
        ] {
            assert_eq!(class(&error).code(), code, "{error}");
        }
    }

    #[test]
    fn a_shortened_refusal_keeps_what_only_its_details_say() {
        let mut failure = of(&token(TokenError::Refused(refusal(vec![700_213]))), None);
        shorten(&mut failure);
        let text = failure.to_short_text(keyhole_report::Style::PLAIN);
        assert!(text.contains("AADSTS: described"), "{text}");
        assert_eq!(text.lines().count(), 3, "{text}");
    }

    #[test]
    fn a_refusal_shows_the_token_s_own_claims_and_never_the_challenge() {
        let failure = of(&token(TokenError::Refused(refusal(vec![700_213]))), None);
        let text = failure.to_text(keyhole_report::Style::PLAIN);
        assert!(text.contains("system:serviceaccount:shop:cart"), "{text}");
        assert!(text.contains("error: what happened"), "{text}");
        assert!(text.contains("hint: what to do"), "{text}");
        assert!(!text.contains("the-claims-secret"), "{text}");
    }
}
