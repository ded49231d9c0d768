//! TLS 1.2 and up with the roots the user chose. There is no way to switch
//! verification off.

use super::roots::LiveRoots;
use super::{NetworkFault, Stream};
use crate::audit::{AuditEvent, Capability};
use crate::call::Call;
use crate::observations::Observations;
use rustls::{CertificateError, ClientConfig, RootCertStore};
use rustls_pki_types::{ServerName, UnixTime};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio_rustls::TlsConnector;

/// A handshake has this long; what hangs is retried by the schedule.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

pub(crate) fn client_config(
    store: RootCertStore,
    observations: Option<&Observations>,
) -> ClientConfig {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let watched = observations.and_then(|seen| seen.watch(store.clone(), &provider));
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring supports TLS 1.2 and 1.3")
        .with_root_certificates(store)
        .with_no_client_auth();
    if let Some(watched) = watched {
        config.dangerous().set_certificate_verifier(watched);
    }
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    // One request a process, as a rule: a session to resume is a secret to
    // keep for nothing.
    config.resumption = rustls::client::Resumption::disabled();
    config
}

/// Proves that the peer is `name`.
pub(crate) async fn handshake(
    call: &Call,
    roots: &LiveRoots,
    name: &str,
    stream: Stream,
) -> Result<Stream, NetworkFault> {
    let start = Instant::now();
    let host = name.to_owned();
    let name = ServerName::try_from(host.clone())
        .map_err(|_| NetworkFault::Name { host: host.clone() })?;
    let connector = TlsConnector::from(roots.current().map_err(NetworkFault::Roots)?);
    let roots = roots.source();
    let handshake = tokio::time::timeout(HANDSHAKE_TIMEOUT, connector.connect(name, stream)).await;
    let event = AuditEvent::allowed(Capability::Tls, host.clone()).since(start);
    let fault = match handshake {
        Ok(Ok(stream)) => {
            let version = match stream.get_ref().1.protocol_version() {
                Some(rustls::ProtocolVersion::TLSv1_3) => "TLS 1.3",
                _ => "TLS 1.2",
            };
            call.log(event.detail(format!("{version}, roots: {roots}")));
            return Ok(Box::new(stream));
        }
        Ok(Err(error)) => describe(error, host, roots),
        Err(_) => NetworkFault::Tls {
            host,
            reason: format!("no answer within {} s", HANDSHAKE_TIMEOUT.as_secs()),
        },
    };
    call.log(event.detail(format!("failed: {fault}")));
    Err(fault)
}

/// Why a certificate is not trusted, for a person; rustls says it in terms of
/// its own.
fn why(reason: &CertificateError) -> String {
    let ago = |time: UnixTime, end: UnixTime| time.as_secs().abs_diff(end.as_secs());
    match reason {
        CertificateError::UnknownIssuer => "its CA is none of the roots (UnknownIssuer)".to_owned(),
        CertificateError::ExpiredContext { time, not_after } => {
            format!(
                "it has expired: it ended {} s ago by this machine's clock",
                ago(*time, *not_after)
            )
        }
        CertificateError::NotValidYetContext { time, not_before } => format!(
            "it begins in {} s by this machine's clock",
            ago(*time, *not_before)
        ),
        other => other.to_string(),
    }
}

fn describe(error: std::io::Error, host: String, roots: &str) -> NetworkFault {
    let tls = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match tls {
        Some(rustls::Error::InvalidCertificate(reason)) => NetworkFault::Certificate {
            host,
            reason: why(reason),
            roots: roots.to_owned(),
        },
        Some(other) => NetworkFault::Tls {
            host,
            reason: other.to_string(),
        },
        None => NetworkFault::Tls {
            host,
            reason: error.to_string(),
        },
    }
}
