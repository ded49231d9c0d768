//! The exchange component behind Keyhole's own host: one file, one request form,
//! five variables, this system's CAs, and every decision told.
//!
//! ```text
//! cargo run --release -p keyhole-example-host    # settings: the AZURE_* variables
//! ```

use keyhole_exchange::settings::{Flags, Settings};
use keyhole_host::audit::AuditEvent;
use keyhole_host::{Artifact, Keyhole, TokenRequest};
use std::{env, error, process};

#[tokio::main(flavor = "current_thread")]
async fn main() -> process::ExitCode {
    match get_token().await {
        Ok(told) => {
            println!("{told}");
            process::ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}");
            process::ExitCode::FAILURE
        }
    }
}

async fn get_token() -> Result<String, Box<dyn error::Error>> {
    let settings = Settings::resolve(&Flags::default(), &|name| env::var(name).ok())?;
    let keyhole = Keyhole::builder()
        .artifact(Artifact::embedded()?)
        .settings(settings)
        .audit(|event: &AuditEvent| eprintln!("{:?}: {}", event.decision, event.target))
        .build()?;
    let token = keyhole.get_token(TokenRequest::default()).await;
    let token = token.map_err(|error| format!("{error}\nhint: {}", error.next_step()))?;
    // `expose` is the one way to the token itself; nothing else prints it.
    Ok(format!(
        "a token of {} characters, valid until {}",
        token.expose().len(),
        token.expires_on
    ))
}
