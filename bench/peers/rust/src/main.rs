//! The exchange with Microsoft's `azure_identity`: prints the access token.

use std::error::Error;

use azure_core::credentials::TokenCredential as _;
use azure_identity::WorkloadIdentityCredential;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let scope = std::env::args().nth(1).ok_or("usage: azure-identity-peer SCOPE")?;
    let credential = WorkloadIdentityCredential::new(None)?;
    let token = credential.get_token(&[&scope], None).await?;
    println!("{}", token.token.secret());
    Ok(())
}
