//! What the network saw beside the answers: certificates and clocks.
//!
//! It is collected only where somebody asks for it
//! ([`Builder::observations`](crate::Builder::observations)) and decides
//! nothing.

use rustls::RootCertStore;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::{DigitallySignedStruct, SignatureScheme};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

/// What the network saw last. Clones share it.
#[derive(Clone, Default)]
pub struct Observations(Arc<Mutex<Seen>>);

#[derive(Default)]
struct Seen {
    chain: Option<PeerChain>,
    clocks: Option<Clocks>,
}

/// The certificates that a peer presented, trusted or not.
#[derive(Clone)]
pub struct PeerChain {
    /// DER, the peer's own first, in the peer's order.
    pub certificates: Vec<Vec<u8>>,
    /// Why they were not trusted, if they were not.
    pub fault: Option<String>,
    roots: Arc<RootCertStore>,
}

impl PeerChain {
    /// Whether a root that is trusted bears this name (an X.509 `Name` in DER).
    #[must_use]
    pub fn has_root(&self, name: &[u8]) -> bool {
        // A trust anchor's subject stands without the sequence around it.
        let named = |subject: &[u8]| {
            name.strip_suffix(subject)
                .is_some_and(|head| head.len() <= 6)
        };
        self.roots.roots.iter().any(|root| named(&root.subject))
    }
}

/// Two clocks at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clocks {
    /// The `Date` header of an answer, Unix seconds.
    pub authority: i64,
    /// This machine's clock when it came, Unix seconds.
    pub here: i64,
}

impl fmt::Debug for Observations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Observations")
    }
}

impl Observations {
    /// The certificates of the last TLS handshake that came so far.
    #[must_use]
    pub fn chain(&self) -> Option<PeerChain> {
        self.lock().chain.clone()
    }

    /// The clocks at the last answer.
    #[must_use]
    pub fn clocks(&self) -> Option<Clocks> {
        self.lock().clocks
    }

    /// Notes the `Date` header of an answer that has just come.
    pub(crate) fn date(&self, headers: &http::HeaderMap) {
        let date = headers
            .get(http::header::DATE)
            .and_then(|date| date.to_str().ok())
            .and_then(keyhole_exchange::http_date::parse);
        let here = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .ok()
            .and_then(|since| i64::try_from(since.as_secs()).ok());
        if let (Some(authority), Some(here)) = (date, here) {
            self.lock().clocks = Some(Clocks { authority, here });
        }
    }

    /// The verifier that rustls would use, which is watched.
    pub(crate) fn watch(
        &self,
        store: RootCertStore,
        provider: &Arc<rustls::crypto::CryptoProvider>,
    ) -> Option<Arc<dyn ServerCertVerifier>> {
        let roots = Arc::new(store);
        let verifier =
            WebPkiServerVerifier::builder_with_provider(roots.clone(), provider.clone()).build();
        Some(Arc::new(Watched {
            verifier: verifier.ok()?,
            roots,
            observations: self.clone(),
        }))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Every judgement is rustls' own.
#[derive(Debug)]
struct Watched {
    verifier: Arc<WebPkiServerVerifier>,
    roots: Arc<RootCertStore>,
    observations: Observations,
}

impl ServerCertVerifier for Watched {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let verified = self.verifier.verify_server_cert(
            end_entity,
            intermediates,
            server_name,
            ocsp_response,
            now,
        );
        self.observations.lock().chain = Some(PeerChain {
            certificates: std::iter::once(end_entity)
                .chain(intermediates)
                .map(|certificate| certificate.to_vec())
                .collect(),
            fault: verified.as_ref().err().map(ToString::to_string),
            roots: self.roots.clone(),
        });
        verified
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.verifier
            .verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.verifier
            .verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.verifier.supported_verify_schemes()
    }
}
