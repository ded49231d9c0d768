//! TLS 1.2 and up with the roots the user chose. There is no way to switch
//! verification off.

use super::{Network, NetworkFault};
use crate::audit::{AuditEvent, Capability};
use crate::call::Call;
use crate::error::PathInText;
use crate::grants::file::read_regular_file;
use crate::observations::Observations;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName};
use serde::Serialize;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// A handshake has this long; what hangs is retried by the schedule.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// The certificates that may vouch for the authority's name.
#[derive(Clone)]
pub struct TlsRoots {
    store: RootCertStore,
    source: RootsSource,
}

/// Where roots came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "from")]
#[non_exhaustive]
pub enum RootsSource {
    /// A file that the user named for this grant alone.
    File {
        /// The file.
        path: PathBuf,
    },
    /// `SSL_CERT_FILE` and `SSL_CERT_DIR`, as OpenSSL reads them.
    Environment {
        /// The files and directories read.
        paths: Vec<PathBuf>,
    },
    /// The system's bundle.
    System {
        /// The files and directories read.
        paths: Vec<PathBuf>,
    },
}

impl fmt::Display for RootsSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, paths) = match self {
            RootsSource::File { path } => ("", std::slice::from_ref(path)),
            RootsSource::Environment { paths } => ("SSL_CERT_FILE/SSL_CERT_DIR: ", &paths[..]),
            RootsSource::System { paths } => ("system: ", &paths[..]),
        };
        f.write_str(what)?;
        for (index, path) in paths.iter().enumerate() {
            write!(
                f,
                "{}{}",
                if index == 0 { "" } else { ", " },
                path.display()
            )?;
        }
        Ok(())
    }
}

/// No usable roots.
#[derive(Debug, thiserror::Error)]
#[error("no CA certificate found in {places}{reason}")]
pub struct RootsError {
    places: String,
    reason: String,
}

impl RootsError {
    fn new(places: &[PathBuf], reason: impl fmt::Display) -> Self {
        let places: Vec<String> = places
            .iter()
            .map(|place| PathInText(place).to_string())
            .collect();
        RootsError {
            places: match places.is_empty() {
                true => "the places where systems keep them".into(),
                false => places.join(", "),
            },
            reason: reason.to_string(),
        }
    }
}

impl TlsRoots {
    /// The certificates of one PEM file, and no others.
    ///
    /// # Errors
    /// If the file cannot be read or holds no certificate.
    pub fn from_file(path: impl Into<PathBuf>) -> Result<Self, RootsError> {
        let path = path.into();
        let mut store = RootCertStore::empty();
        add_file(&mut store, &path)
            .map_err(|reason| RootsError::new(std::slice::from_ref(&path), reason))?;
        Self::checked(store, RootsSource::File { path })
    }

    /// `SSL_CERT_FILE` and `SSL_CERT_DIR` if either is set and not empty
    /// (both: their union), else the system's roots.
    ///
    /// # Errors
    /// If no certificate was found; the text names the places looked at.
    pub fn from_environment() -> Result<Self, RootsError> {
        let set = |name| std::env::var_os(name).filter(|value| !value.is_empty());
        let file = set("SSL_CERT_FILE").map(PathBuf::from);
        let dirs: Vec<PathBuf> = set("SSL_CERT_DIR")
            .map(|dirs| std::env::split_paths(&dirs).collect())
            .unwrap_or_default();
        if file.is_none() && dirs.is_empty() {
            return Self::from_system();
        }
        let mut store = RootCertStore::empty();
        let paths: Vec<PathBuf> = file.iter().chain(&dirs).cloned().collect();
        if let Some(file) = &file {
            add_file(&mut store, file).map_err(|reason| RootsError::new(&paths, reason))?;
        }
        for dir in &dirs {
            add_directory(&mut store, dir).map_err(|reason| RootsError::new(&paths, reason))?;
        }
        Self::checked(store, RootsSource::Environment { paths })
    }

    fn from_system() -> Result<Self, RootsError> {
        // Not `openssl_probe::probe`, which reads the two variables itself and
        // would look into directories that repeat the bundle.
        let places: Vec<PathBuf> = SYSTEM_BUNDLES
            .iter()
            .map(PathBuf::from)
            .chain(openssl_probe::candidate_cert_dirs().map(Path::to_path_buf))
            .collect();
        for place in &places {
            let mut store = RootCertStore::empty();
            let added = if place.is_dir() {
                add_directory(&mut store, place)
            } else {
                add_file(&mut store, place)
            };
            if added.is_ok() && !store.is_empty() {
                return Self::checked(
                    store,
                    RootsSource::System {
                        paths: vec![place.clone()],
                    },
                );
            }
        }
        Err(RootsError::new(&places, ""))
    }

    fn checked(store: RootCertStore, source: RootsSource) -> Result<Self, RootsError> {
        if store.is_empty() {
            let places = match source {
                RootsSource::File { path } => vec![path],
                RootsSource::Environment { paths } | RootsSource::System { paths } => paths,
            };
            return Err(RootsError::new(&places, ""));
        }
        Ok(TlsRoots { store, source })
    }

    /// Where they came from.
    #[must_use]
    pub fn source(&self) -> &RootsSource {
        &self.source
    }

    pub(crate) fn into_client_config(self, observations: Option<&Observations>) -> ClientConfig {
        client_config(self.store, observations)
    }
}

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

/// A bundle of certificates in bytes: the system's has about 220 KiB.
const MAX_BUNDLE: u64 = 8 * 1024 * 1024;

/// Where Linux distributions and macOS keep their bundle.
const SYSTEM_BUNDLES: [&str; 6] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
    "/etc/pki/tls/cert.pem",
];

/// Certificates that rustls cannot use are passed over, as every system's
/// bundle has some; a file that cannot be read is an error.
fn add_file(store: &mut RootCertStore, path: &Path) -> Result<(), String> {
    let pem = read_regular_file(path, MAX_BUNDLE)
        .map_err(|fault| format!("; {}: {fault}", PathInText(path)))?;
    store.add_parsable_certificates(CertificateDer::pem_slice_iter(&pem).filter_map(Result::ok));
    Ok(())
}

fn add_directory(store: &mut RootCertStore, path: &Path) -> Result<(), String> {
    let entries =
        std::fs::read_dir(path).map_err(|error| format!("; {}: {error}", PathInText(path)))?;
    for entry in entries.filter_map(Result::ok) {
        if entry.path().is_file() {
            // A directory of certificates holds other files too.
            let _ = add_file(store, &entry.path());
        }
    }
    Ok(())
}

/// Proves that the peer is `name`.
pub(crate) async fn handshake(
    call: &Call,
    network: &Network,
    name: ServerName<'static>,
    stream: TcpStream,
) -> Result<TlsStream<TcpStream>, NetworkFault> {
    let start = Instant::now();
    let host = name.to_str().into_owned();
    let connector = TlsConnector::from(network.tls.clone());
    let handshake = tokio::time::timeout(HANDSHAKE_TIMEOUT, connector.connect(name, stream)).await;
    let event = AuditEvent::allowed(Capability::Tls, host.clone()).since(start);
    let roots = network.roots();
    let fault = match handshake {
        Ok(Ok(stream)) => {
            let version = match stream.get_ref().1.protocol_version() {
                Some(rustls::ProtocolVersion::TLSv1_3) => "TLS 1.3",
                _ => "TLS 1.2",
            };
            call.log(event.detail(format!("{version}, roots: {roots}")));
            return Ok(stream);
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

fn describe(error: std::io::Error, host: String, roots: &str) -> NetworkFault {
    let tls = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match tls {
        Some(rustls::Error::InvalidCertificate(reason)) => NetworkFault::Certificate {
            host,
            reason: reason.to_string(),
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
