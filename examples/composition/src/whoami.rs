//! What it does: gets a token, and prints the claims in it.

use alloc::format;
use alloc::string::String;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::bindings::exports::wasi::cli::run::Guest;
use crate::bindings::keyhole::identity::token_provider::{TokenError, TokenRequest, get_token};
use crate::bindings::wasi::cli::{stderr, stdout};
use crate::bindings::wasi::io::streams::OutputStream;

pub(crate) struct Whoami;

impl Guest for Whoami {
    fn run() -> Result<(), ()> {
        let request = TokenRequest {
            scope: None,
            claims: None,
            deadline: Some(30_000_000_000),
            retry_propagation: 0,
            skip_assertion_checks: false,
        };
        let told = get_token(&request)
            .map_err(explanation)
            .and_then(|token| claims(&token.token).ok_or("the token is no JWT".into()));
        match told {
            Ok(claims) => print(&stdout::get_stdout(), &claims),
            Err(error) => print(&stderr::get_stderr(), &error).and(Err(())),
        }
    }
}

/// The payload of a JWT, JSON; without the signature it opens no door.
fn claims(token: &str) -> Option<String> {
    let payload = token.split('.').nth(1)?;
    String::from_utf8(URL_SAFE_NO_PAD.decode(payload).ok()?).ok()
}

fn explanation(error: TokenError) -> String {
    let explanation = match error {
        TokenError::Configuration(error) => error.explanation,
        TokenError::TokenFile(error) => error.explanation,
        TokenError::Assertion(error) => error.explanation,
        TokenError::Refused(error) => error.explanation,
        TokenError::Unavailable(error) => error.explanation,
        TokenError::BadResponse(error) => error.explanation,
        TokenError::Denied(error) => error.explanation,
    };
    format!("{}\nhint: {}", explanation.message, explanation.next_step)
}

/// A line of any length: a stream takes 4096 bytes at once.
fn print(to: &OutputStream, text: &str) -> Result<(), ()> {
    let line = format!("{text}\n");
    line.as_bytes()
        .chunks(4096)
        .try_for_each(|part| to.blocking_write_and_flush(part))
        .map_err(drop)
}
