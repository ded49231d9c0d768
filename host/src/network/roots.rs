//! The certificates that may vouch for a name: where they come from, and that
//! they are read again when they change.

use crate::error::PathInText;
use crate::grants::file::{FileFault, read_regular_file};
use crate::observations::Observations;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use serde::Serialize;
use std::fmt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// Certificates in bytes, of one file or of one directory: a system's bundle
/// has about 220 KiB.
const MAX_BUNDLE: u64 = 8 * 1024 * 1024;

/// Files that are looked at in one directory: a system's has about 300.
const MAX_ENTRIES: usize = 4096;

/// Where Linux distributions and macOS keep their bundle.
const SYSTEM_BUNDLES: [&str; 6] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
    "/etc/pki/tls/cert.pem",
];

/// The certificates that may vouch for the authority's name.
///
/// Files are looked at again at each call (device, inode, size and times) and
/// read anew when they changed, so a bundle can rotate under a long-lived
/// [`Keyhole`](crate::Keyhole). One that is empty then, or is being written,
/// leaves the roots as they were; one that is missing or broken fails that call
/// with [`Error::Roots`](crate::Error::Roots), and the next call looks again.
#[derive(Clone)]
pub struct TlsRoots {
    source: RootsSource,
    places: Vec<Place>,
    store: Option<RootCertStore>,
    seen: Vec<Option<Version>>,
}

/// Where certificates are looked for.
#[derive(Clone, Debug)]
enum Place {
    File(PathBuf),
    Directory(PathBuf),
    /// Whichever it is when it is read.
    Path(PathBuf),
    /// PEM text.
    Text(String),
}

/// Where roots came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "from")]
#[non_exhaustive]
pub enum RootsSource {
    /// A file or directory that the user named for this grant alone.
    File {
        /// The file or directory.
        path: PathBuf,
    },
    /// Text that the user gave for this grant alone.
    Text {
        /// What gave it, a variable for instance.
        origin: String,
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
            RootsSource::Text { origin } => (origin.as_str(), &[][..]),
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
    /// Whether it is what a rotation looks like half way.
    passing: bool,
}

/// Why a file or text has no roots.
#[derive(Debug, thiserror::Error)]
enum BundleFault {
    #[error(transparent)]
    File(#[from] FileFault),
    #[error("it cannot be listed: {0}")]
    List(std::io::ErrorKind),
    #[error("it holds more than {MAX_ENTRIES} files")]
    Entries,
    #[error("its files hold more than {MAX_BUNDLE} bytes")]
    Size,
    #[error("it holds a private key, which has no place among CA certificates")]
    PrivateKey,
    #[error("it is DER, not PEM: `openssl x509 -inform der` makes PEM of it")]
    Der,
    #[error("it is not PEM")]
    NotPem,
    #[error("it is PEM, but holds no CERTIFICATE")]
    NoCertificate,
    #[error("none of its certificates can be read")]
    Unreadable,
    #[error("none of its files holds a certificate")]
    NoFile,
}

/// What tells one version of a file from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Version {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl TlsRoots {
    /// The certificates of one PEM file, and no others.
    ///
    /// # Errors
    /// If the file cannot be read, holds no certificate, or a private key.
    pub fn from_file(path: impl Into<PathBuf>) -> Result<Self, RootsError> {
        let path = path.into();
        let place = Place::File(path.clone());
        Self::unread(RootsSource::File { path }, vec![place]).read()
    }

    /// The certificates of one PEM file, or of all files of one directory, and
    /// no others.
    ///
    /// # Errors
    /// As [`TlsRoots::from_file`]; of a directory, if none of its files holds
    /// a certificate.
    pub fn from_path(path: impl Into<PathBuf>) -> Result<Self, RootsError> {
        Self::from_path_when_there(path).read()
    }

    /// The same, for a host that may start before its certificates are there:
    /// nothing is read before the first call, which fails if they are still
    /// missing.
    #[must_use]
    pub fn from_path_when_there(path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        let place = Place::Path(path.clone());
        Self::unread(RootsSource::File { path }, vec![place])
    }

    /// The certificates of PEM text; `origin` names it.
    ///
    /// # Errors
    /// If it holds no certificate, or a private key.
    pub fn from_pem(text: impl Into<String>, origin: &str) -> Result<Self, RootsError> {
        let origin = origin.to_owned();
        Self::unread(RootsSource::Text { origin }, vec![Place::Text(text.into())]).read()
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
        let paths = file.iter().chain(&dirs).cloned().collect();
        let files = file.into_iter().map(Place::File);
        let places = files.chain(dirs.into_iter().map(Place::Directory));
        Self::unread(RootsSource::Environment { paths }, places.collect()).read()
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
            let paths = vec![place.clone()];
            let found = Self::unread(
                RootsSource::System { paths },
                vec![Place::Path(place.clone())],
            )
            .read();
            if found.is_ok() {
                return found;
            }
        }
        Err(RootsError {
            places: names(&places),
            reason: String::new(),
            passing: false,
        })
    }

    fn unread(source: RootsSource, places: Vec<Place>) -> Self {
        TlsRoots {
            source,
            places,
            store: None,
            seen: Vec::new(),
        }
    }

    /// Where they came from.
    #[must_use]
    pub fn source(&self) -> &RootsSource {
        &self.source
    }

    fn read(mut self) -> Result<Self, RootsError> {
        // Looked at before it is read: what changes meanwhile is read again.
        self.seen = self.look();
        let mut store = RootCertStore::empty();
        for place in &self.places {
            if let Err((path, fault)) = place.add_to(&mut store) {
                return Err(self.error(path, &fault));
            }
        }
        self.store = Some(store);
        Ok(self)
    }

    fn look(&self) -> Vec<Option<Version>> {
        self.places.iter().flat_map(Place::look).collect()
    }

    fn error(&self, path: Option<&Path>, fault: &BundleFault) -> RootsError {
        let (places, of_many) = match &self.source {
            RootsSource::File { path } => (PathInText(path).to_string(), false),
            RootsSource::Text { origin } => (origin.clone(), false),
            RootsSource::Environment { paths } | RootsSource::System { paths } => {
                (names(paths), paths.len() > 1)
            }
        };
        RootsError {
            places,
            reason: match path {
                Some(path) if of_many => format!("; {}: {fault}", PathInText(path)),
                _ => format!(": {fault}"),
            },
            passing: matches!(
                fault,
                BundleFault::File(FileFault::Empty | FileFault::Changing)
            ),
        }
    }
}

impl fmt::Debug for TlsRoots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TlsRoots").field(&self.source).finish()
    }
}

fn names(places: &[PathBuf]) -> String {
    let names: Vec<String> = places
        .iter()
        .map(|place| PathInText(place).to_string())
        .collect();
    names.join(", ")
}

impl Place {
    fn add_to(&self, store: &mut RootCertStore) -> Result<(), (Option<&Path>, BundleFault)> {
        let (path, added) = match self {
            Place::File(path) => (Some(path), add_file(store, path)),
            Place::Directory(path) => (Some(path), add_directory(store, path)),
            Place::Path(path) if path.is_dir() => (Some(path), add_directory(store, path)),
            Place::Path(path) => (Some(path), add_file(store, path)),
            Place::Text(text) => (None, add_bundle(store, text.as_bytes())),
        };
        added.map_err(|fault| (path.map(PathBuf::as_path), fault))
    }

    fn look(&self) -> Vec<Option<Version>> {
        match self {
            Place::Text(_) => Vec::new(),
            Place::File(path) => vec![version(path)],
            Place::Directory(path) | Place::Path(path) => {
                let mut seen = vec![version(path)];
                if path.is_dir() {
                    seen.extend(
                        entries(path)
                            .unwrap_or_default()
                            .iter()
                            .map(|path| version(path)),
                    );
                }
                seen
            }
        }
    }
}

fn version(path: &Path) -> Option<Version> {
    let facts = std::fs::metadata(path).ok()?;
    Some(Version {
        device: facts.dev(),
        inode: facts.ino(),
        size: facts.size(),
        modified: (facts.mtime(), facts.mtime_nsec()),
        changed: (facts.ctime(), facts.ctime_nsec()),
    })
}

fn add_file(store: &mut RootCertStore, path: &Path) -> Result<(), BundleFault> {
    add_bundle(store, &read_regular_file(path, MAX_BUNDLE)?)
}

/// Certificates that rustls cannot use are passed over, as every system's
/// bundle has some; a bundle with none that it can use is an error.
fn add_bundle(store: &mut RootCertStore, pem: &[u8]) -> Result<(), BundleFault> {
    if pem.trim_ascii().is_empty() {
        return Err(FileFault::Empty.into());
    }
    let has = |text: &[u8]| pem.windows(text.len()).any(|window| window == text);
    if has(b"PRIVATE KEY-----") {
        return Err(BundleFault::PrivateKey);
    }
    match add_certificates(store, pem) {
        (_, added) if added > 0 => Ok(()),
        (found, _) if found > 0 => Err(BundleFault::Unreadable),
        _ if has(b"-----BEGIN CERTIFICATE-----") => Err(BundleFault::Unreadable),
        _ if has(b"-----BEGIN ") => Err(BundleFault::NoCertificate),
        // An ASN.1 SEQUENCE with a length of two bytes, as every certificate.
        _ if pem.starts_with(&[0x30, 0x82]) => Err(BundleFault::Der),
        _ => Err(BundleFault::NotPem),
    }
}

/// How many certificates were found, and how many of them can be used.
fn add_certificates(store: &mut RootCertStore, pem: &[u8]) -> (usize, usize) {
    let certificates = CertificateDer::pem_slice_iter(pem).filter_map(Result::ok);
    let (added, ignored) = store.add_parsable_certificates(certificates);
    (added + ignored, added)
}

/// A directory of certificates holds other files too: they are passed over.
fn add_directory(store: &mut RootCertStore, path: &Path) -> Result<(), BundleFault> {
    let mut left = MAX_BUNDLE;
    let mut added = 0;
    for entry in entries(path)? {
        let pem = match read_regular_file(&entry, left) {
            Ok(pem) => pem,
            Err(FileFault::TooLarge { .. }) => return Err(BundleFault::Size),
            Err(_) => continue,
        };
        left = left.saturating_sub(pem.len() as u64);
        added += add_certificates(store, &pem).1;
    }
    match added {
        0 => Err(BundleFault::NoFile),
        _ => Ok(()),
    }
}

/// The files of a directory, in order.
fn entries(path: &Path) -> Result<Vec<PathBuf>, BundleFault> {
    let listed = std::fs::read_dir(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => FileFault::Missing.into(),
        std::io::ErrorKind::PermissionDenied => FileFault::Permission.into(),
        kind => BundleFault::List(kind),
    })?;
    let entries = listed.filter_map(Result::ok).take(MAX_ENTRIES + 1);
    let mut entries: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    if entries.len() > MAX_ENTRIES {
        return Err(BundleFault::Entries);
    }
    entries.retain(|path| path.is_file());
    entries.sort();
    Ok(entries)
}

/// Roots in use: what TLS is configured with, kept up to date.
pub(crate) struct LiveRoots {
    source: String,
    state: Mutex<State>,
}

struct State {
    roots: TlsRoots,
    config: Option<Arc<ClientConfig>>,
    observations: Option<Observations>,
}

impl LiveRoots {
    pub(crate) fn new(mut roots: TlsRoots, observations: Option<Observations>) -> Self {
        let store = roots.store.take();
        let config = store.map(|store| super::tls::client_config(store, observations.as_ref()));
        LiveRoots {
            source: roots.source.to_string(),
            state: Mutex::new(State {
                roots,
                config: config.map(Arc::new),
                observations,
            }),
        }
    }

    /// None at all: nothing can be proved.
    pub(crate) fn none(why: &str) -> Self {
        let mut none = TlsRoots::unread(RootsSource::Text { origin: why.into() }, Vec::new());
        none.store = Some(RootCertStore::empty());
        Self::new(none, None)
    }

    /// Where they come from.
    pub(crate) fn source(&self) -> &str {
        &self.source
    }

    /// What TLS is configured with now; read again if a file changed.
    ///
    /// # Errors
    /// There are no roots, or none any more.
    pub(crate) fn current(&self) -> Result<Arc<ClientConfig>, RootsError> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(config) = &state.config
            && state.roots.look() == state.roots.seen
        {
            return Ok(config.clone());
        }
        let read = match &state.roots.source {
            // The bundle may be at another place now.
            RootsSource::System { .. } => TlsRoots::from_system(),
            _ => state.roots.clone().read(),
        };
        match (read, &state.config) {
            (Ok(mut roots), _) => {
                let store = roots.store.take().unwrap_or_else(RootCertStore::empty);
                let observations = state.observations.as_ref();
                let config = Arc::new(super::tls::client_config(store, observations));
                state.roots = roots;
                state.config = Some(config.clone());
                Ok(config)
            }
            (Err(error), Some(config)) if error.passing => Ok(config.clone()),
            (Err(error), _) => Err(error),
        }
    }
}
