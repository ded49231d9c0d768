//! `verify --explain`: what is right and what is wrong, in order, each with a
//! fix.
//!
//! Everything here is read off one exchange: its settings, its events, what the
//! network saw and how it ended. Nothing is sent for it.

mod authority;
mod certificate;
mod claims;
mod cluster;
mod federated_token;
mod network;
mod pod;
mod uses;

use keyhole_exchange::settings::Settings;
use keyhole_host::audit::AuditEvent;
use keyhole_host::{AccessToken, AssertionFacts, Error, Observations, TokenError};
use keyhole_report::{Failure, Finding};

pub(crate) use cluster::{Cluster, ClusterFlags, Reviewed};
pub(crate) use uses::uses;

use crate::sandbox;

/// What an exchange left behind.
#[derive(Default)]
pub(crate) struct Exchange {
    /// How it ended, if it was come to.
    pub(crate) result: Option<Result<AccessToken, (Error, Failure)>>,
    /// What the federated token says of itself, where only that was looked for.
    pub(crate) facts: Option<AssertionFacts>,
    /// What the sandbox decided.
    pub(crate) events: Vec<AuditEvent>,
    /// The proxy that requests go through, or that there is none.
    pub(crate) proxy: String,
    /// What the network saw.
    pub(crate) observations: Observations,
    /// What the cluster said.
    pub(crate) reviewed: Option<Reviewed>,
}

impl Exchange {
    pub(crate) fn error(&self) -> Option<&(Error, Failure)> {
        self.result.as_ref()?.as_ref().err()
    }

    fn token(&self) -> Option<&AccessToken> {
        self.result.as_ref()?.as_ref().ok()
    }

    /// What the federated token says of itself, from whoever read it.
    pub(crate) fn assertion(&self) -> Option<&AssertionFacts> {
        let of_result = match self.result.as_ref()? {
            Ok(token) => Some(&token.assertion),
            Err((Error::Token { error, .. }, _)) => match &**error {
                TokenError::Assertion(error) => error.assertion.as_ref(),
                TokenError::Refused(error) => error.assertion.as_ref(),
                TokenError::Unavailable(error) => error.assertion.as_ref(),
                _ => None,
            },
            Err(_) => None,
        };
        of_result.or(self.facts.as_ref())
    }
}

/// What to look at beside the exchange.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted {
    /// The access token's claims.
    pub(crate) claims: bool,
    /// The cluster.
    pub(crate) cluster: bool,
}

/// The findings, in the order of an exchange.
pub(crate) fn findings(
    settings: Result<&Settings, &Failure>,
    exchange: &Exchange,
    wanted: Wanted,
    now: i64,
) -> Vec<Finding> {
    let read = |name: &str| sandbox::variable(name).ok().flatten();
    let mut found = vec![pod::variables(settings, read)];
    let file_failure = exchange
        .error()
        .and_then(|(error, failure)| pod::of_the_file(failure, error));
    match settings {
        Ok(settings) if exchange.result.is_some() => {
            let facts = exchange.assertion();
            found.push(pod::token_file(settings, facts, file_failure.as_ref(), now));
            found.push(federated_token::finding(settings, exchange, now));
        }
        _ => found.extend([
            Finding::not_reached("token-file", "token file"),
            Finding::not_reached("federated-token", "federated token"),
        ]),
    }
    found.extend(network::findings(exchange, settings.ok()));
    found.push(authority::clock(exchange));
    found.push(authority::answer(exchange));
    found.push(authority::access_token(
        settings.ok(),
        exchange,
        wanted.claims,
        now,
    ));
    if wanted.cluster {
        found.push(cluster::finding(exchange.reviewed.as_ref()));
    }
    found
}
