//! The host's errors as failures: class, message, next step, details. One
//! `match` each.

use keyhole_exchange::cloud;
use keyhole_exchange::settings::Settings;
use keyhole_host::github_actions::FederatedTokenFault;
use keyhole_host::{
    AssertionFacts, Error, NetworkFault, Origin, RefusedError, TokenError, UnavailableCause,
    UnavailableError,
};
use keyhole_report::{ExitClass, Fact, Failure, Identity, Utc, for_refusal};

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
            if let (TokenError::Assertion(_), Some(settings)) = (&**error, settings) {
                // The component knows the file by another name.
                push(&mut failure.details, "file", Some(settings.token_file()));
            }
            failure.details.extend(token_details(error));
            if let (TokenError::Refused(refused), Some(settings)) = (&**error, settings) {
                failure.checks = checks(refused, settings);
                let authority = settings.authority();
                if let Some(advice) = cloud::advice(&refused.codes, &refused.description, authority)
                {
                    failure.next_step = format!("{} {advice}", failure.next_step);
                }
            }
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

/// What is left of a failure's details where the same text is read several
/// times over: kubectl runs a failing credential plugin up to six times a
/// command. Most of them only repeat the message, a line each; `verify` shows
/// them all.
pub(crate) fn shorten(failure: &mut Failure) {
    const KEPT: [&str; 4] = ["cause", "file", "description", "refused"];
    failure.details.retain(|fact| KEPT.contains(&&*fact.label));
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
        Error::Token { error, .. } => match **error {
            TokenError::Configuration(_) => ExitClass::Configuration,
            TokenError::TokenFile(_) | TokenError::Assertion(_) => ExitClass::FederatedToken,
            TokenError::Refused(_) => ExitClass::Refused,
            TokenError::Unavailable(_) => ExitClass::Unavailable,
            TokenError::BadResponse(_) => ExitClass::BadResponse,
            TokenError::Denied(_) => ExitClass::Sandbox,
        },
        Error::Deadline { .. } | Error::Proxy { .. } => ExitClass::Unavailable,
        Error::Import { .. } | Error::Refused(_) | Error::Limit(_) => ExitClass::Sandbox,
        Error::Trap { origin, .. } => match origin {
            Origin::Embedded => ExitClass::Bug,
            Origin::External => ExitClass::Sandbox,
        },
        _ => ExitClass::Bug,
    }
}

fn token_details(error: &TokenError) -> Vec<Fact> {
    match error {
        TokenError::Configuration(error) => {
            let mut facts = Vec::new();
            push(&mut facts, "setting", error.setting.as_deref());
            facts
        }
        TokenError::TokenFile(_) | TokenError::Denied(_) => Vec::new(),
        TokenError::Assertion(error) => assertion(error.assertion.as_ref()),
        TokenError::Refused(error) => refused(error),
        TokenError::Unavailable(error) => unavailable(error),
        TokenError::BadResponse(error) => {
            let mut facts = Vec::new();
            // 0 stands for an answer that had no usable head.
            if error.status != 0 {
                facts.push(Fact::new("status", u64::from(error.status)));
            }
            facts.push(Fact::new("requests", u64::from(error.requests)));
            facts
        }
    }
}

fn refused(error: &RefusedError) -> Vec<Fact> {
    let mut facts = vec![
        Fact::new("status", u64::from(error.status)),
        Fact::new("error", error.error.as_str()),
        Fact::new("codes", numbers(&error.codes)),
        Fact::new("description", error.description.as_str()),
    ];
    push(
        &mut facts,
        "correlation id",
        error.correlation_id.as_deref(),
    );
    push(&mut facts, "trace id", error.trace_id.as_deref());
    push(&mut facts, "timestamp", error.timestamp.as_deref());
    if error.claims.is_some() {
        // The challenge itself is a secret.
        facts.push(Fact::new("claims challenge", true));
    }
    facts.push(Fact::new("requests", u64::from(error.requests)));
    facts.extend(assertion(error.assertion.as_ref()));
    facts
}

fn unavailable(error: &UnavailableError) -> Vec<Fact> {
    let kind = match error.cause {
        UnavailableCause::Transport => "transport",
        UnavailableCause::Timeout => "timeout",
        UnavailableCause::ServerError => "server error",
        UnavailableCause::Throttled => "throttled",
    };
    let mut facts = vec![Fact::new("kind", kind)];
    if let Some(status) = error.status {
        facts.push(Fact::new("status", u64::from(status)));
    }
    if let Some(seconds) = error.retry_after {
        facts.push(Fact::new("retry after s", seconds));
    }
    if !error.codes.is_empty() {
        facts.push(Fact::new("codes", numbers(&error.codes)));
    }
    push(
        &mut facts,
        "correlation id",
        error.correlation_id.as_deref(),
    );
    push(&mut facts, "timestamp", error.timestamp.as_deref());
    facts.push(Fact::new("requests", u64::from(error.requests)));
    facts.extend(assertion(error.assertion.as_ref()));
    facts
}

/// What the federated token says of itself: what a federated credential must
/// match, and its times.
fn assertion(facts: Option<&AssertionFacts>) -> Vec<Fact> {
    let mut shown = Vec::new();
    let Some(facts) = facts else {
        return shown;
    };
    push(&mut shown, "issuer", facts.issuer.as_deref());
    push(&mut shown, "subject", facts.subject.as_deref());
    shown.push(Fact::new("audience", facts.audiences.clone()));
    for (label, time) in [
        ("issued", facts.issued_at),
        ("not before", facts.not_before),
        ("expires", facts.expires_on),
    ] {
        if let Some(time) = time {
            shown.push(Fact::new(label, Utc(time)));
        }
    }
    shown
}

fn checks(error: &RefusedError, settings: &Settings) -> Vec<keyhole_report::Check> {
    let identity = Identity {
        client_id: settings.client_id().as_str(),
        subject: error
            .assertion
            .as_ref()
            .and_then(|facts| facts.subject.as_deref()),
    };
    for_refusal(&error.codes, identity)
}

fn numbers(codes: &[u32]) -> Vec<String> {
    codes.iter().map(ToString::to_string).collect()
}

fn push(facts: &mut Vec<Fact>, label: &str, value: Option<&str>) {
    if let Some(value) = value {
        facts.push(Fact::new(label, value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use keyhole_host::{BadResponseError, DeniedError, Explanation};
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
