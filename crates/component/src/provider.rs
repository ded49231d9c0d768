//! `token-provider`: drives the core's state machine with what WASI gives.

use keyhole_exchange::error::{ConfigurationError, TokenError};
use keyhole_exchange::scope::Scope;
use keyhole_exchange::secret::Secret;
use keyhole_exchange::{Exchange, Input, Inspect, Options, Step};

use crate::bindings::exports::keyhole::identity::token_provider as wit;
use crate::{clock, environment, http, outcome, token_file};

/// The export.
pub(crate) struct Provider;

impl wit::Guest for Provider {
    fn get_token(request: wit::TokenRequest) -> Result<wit::AccessToken, wit::TokenError> {
        let settings = environment::settings().map_err(TokenError::from)?;
        let options = options(request)?;
        let (mut exchange, mut step) = Exchange::start(settings, options, clock::now());
        loop {
            let input = match step {
                Step::ReadFile => Input::File(token_file::read(exchange.path())),
                Step::Send(request) => Input::Reply(http::send(&request, exchange.deadline())),
                Step::WaitUntil(until) => {
                    clock::wait_until(until);
                    Input::Time
                }
                Step::Done(result) => return Ok(result?.into()),
            };
            step = exchange
                .step(clock::now(), input)
                .map_err(|wrong| outcome::bug(&wrong))?;
        }
    }

    fn inspect_token() -> Result<wit::AssertionFacts, wit::TokenError> {
        let settings = environment::settings().map_err(TokenError::from)?;
        let inspect = Inspect::new(settings);
        let file = token_file::read(inspect.path());
        Ok(inspect.finish(clock::now(), file)?.into())
    }
}

fn options(request: wit::TokenRequest) -> Result<Options, TokenError> {
    let scope = request.scope.map(|value| {
        Scope::parse(&value)
            .map_err(|fault| TokenError::Configuration(ConfigurationError::Scope { value, fault }))
    });
    Ok(Options {
        scope: scope.transpose()?,
        claims: request.claims.map(Secret::new),
        deadline: request.deadline,
        retry_propagation: request.retry_propagation,
        skip_assertion_checks: request.skip_assertion_checks,
        jitter_seed: clock::seed(),
    })
}
