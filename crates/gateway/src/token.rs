//! The access token.

use alloc::format;
use alloc::string::String;

use keyhole_proxy_rules::status::Status;

use crate::bindings::keyhole::identity::token_provider::{self, TokenError, TokenRequest};

/// The value of the `Authorization` header, or what the caller is told.
pub(crate) fn authorization() -> Result<String, Status> {
    let request = TokenRequest {
        scope: None,
        claims: None,
        deadline: Some(DEADLINE),
        retry_propagation: 0,
        skip_assertion_checks: false,
    };
    match token_provider::get_token(&request) {
        Ok(token) => {
            let mut value = String::with_capacity("Bearer ".len() + token.token.len());
            value.push_str("Bearer ");
            value.push_str(&token.token);
            Ok(value)
        }
        Err(error) => Err(status(&error)),
    }
}

/// How long a caller waits for a token, in nanoseconds.
const DEADLINE: u64 = 30_000_000_000;

/// When to come again after a fault that may pass by itself, and after one that
/// somebody has to mend, in seconds.
const SOON: u64 = 5;
const LATER: u64 = 30;

/// An authority's wish for more patience than this is cut, in seconds.
const LONGEST: u64 = 600;

fn status(error: &TokenError) -> Status {
    let (what, wait) = match error {
        TokenError::Unavailable(error) => {
            let wait = error.retry_after.unwrap_or(SOON).clamp(1, LONGEST);
            (&error.explanation, wait)
        }
        TokenError::TokenFile(error) => (&error.explanation, SOON),
        TokenError::Assertion(error) => (&error.explanation, SOON),
        TokenError::BadResponse(error) => (&error.explanation, SOON),
        TokenError::Configuration(error) => (&error.explanation, LATER),
        TokenError::Refused(error) => (&error.explanation, LATER),
        TokenError::Denied(error) => (&error.explanation, LATER),
    };
    Status::unavailable(format!("there is no access token: {}", what.message), wait)
}
