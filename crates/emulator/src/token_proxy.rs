//! The token proxy of an AKS identity binding: the authority at another path of
//! another port, behind a CA and a name of its own.

use std::sync::Arc;

use rustls::ServerConfig;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use crate::certificates::{Authority, CertificateError};

/// The name that a client must ask for in TLS (SNI), or it gets no certificate.
pub const TOKEN_PROXY_SNI: &str = "demo.ests.keyhole.example";

/// Where the token proxy's URL ends; a token request's path comes after it.
pub(crate) const PATH: &str = "/identity-binding";

/// A certificate for those who ask for its name, and no others.
#[derive(Debug)]
struct ByName(Arc<CertifiedKey>);

impl ResolvesServerCert for ByName {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        (hello.server_name() == Some(TOKEN_PROXY_SNI)).then(|| Arc::clone(&self.0))
    }
}

/// The listener's TLS.
pub(crate) fn server(ca: &Authority) -> Result<Arc<ServerConfig>, CertificateError> {
    let (chain, key) = ca.leaf(&[TOKEN_PROXY_SNI])?;
    let provider = rustls::crypto::ring::default_provider();
    let key = CertifiedKey::from_der(chain, key, &provider)?;
    let mut server = ServerConfig::builder_with_provider(Arc::new(provider))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(ByName(Arc::new(key))));
    server.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(server))
}
