//! Our component: exchanges the federated token that the environment names,
//! and prints what it was granted, each decision, and when the token ends.
//!
//! ```text
//! cargo xtask wasm
//! cargo run --release -p keyhole-host --features compiler --example exchange
//! ```

use keyhole_exchange::settings::{Flags, Settings};
use keyhole_host::audit::AuditEvent;
use keyhole_host::{Artifact, Keyhole, TokenRequest};
use std::error::Error;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let settings = Settings::resolve(&Flags::default(), &|name| std::env::var(name).ok())?;
    let keyhole = Keyhole::builder()
        .artifact(Artifact::embedded()?)
        .settings(settings)
        .insecure_http(true) // for an emulator on loopback; settings allow no other
        .audit(|event: &AuditEvent| {
            eprintln!(
                "{:>8} µs {:?} {:?} {}",
                event.t_us, event.capability, event.decision, event.target
            );
        })
        .build()?;
    eprintln!("file: {}", keyhole.grants().file);
    eprintln!("request: {}", keyhole.grants().endpoint);

    let token = keyhole.get_token(TokenRequest::default()).await?;
    println!(
        "a token of {} characters, valid until {} (Unix seconds)",
        token.expose().len(),
        token.expires_on
    );
    Ok(())
}
