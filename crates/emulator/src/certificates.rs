//! The emulator's own CA and the certificates of its TLS listeners.

use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose, date_time_ymd,
};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

/// Why there are no certificates.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CertificateError {
    /// A certificate could not be made.
    #[error("a certificate could not be made: {0}")]
    Make(#[from] rcgen::Error),
    /// rustls would not take it.
    #[error("the TLS server could not be set up: {0}")]
    Use(#[from] rustls::Error),
}

/// A name that no resolver knows and the authority's certificate proves: for
/// authorities that a proxy alone can reach.
pub const BEHIND_PROXY: &str = "login.keyhole.example";

/// A certificate no client may accept for `localhost`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadCertificate {
    /// From the emulator's CA, but valid in January 2020 only.
    Expired,
    /// From the emulator's CA, but for `login.elsewhere.example`.
    WrongHost,
    /// Right in all, but from a CA that is not in the emulator's CA file.
    UnknownCa,
}

impl BadCertificate {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Expired, Self::WrongHost, Self::UnknownCa];
}

/// The emulator's CA: an EC P-256 root made at start.
pub(crate) struct Authority {
    trusted: CertifiedIssuer<'static, KeyPair>,
    stranger: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    /// Makes the CA clients are told to trust, and one they are not.
    pub(crate) fn new() -> Result<Self, CertificateError> {
        Ok(Self {
            trusted: root("Keyhole emulator CA")?,
            stranger: root("A stranger's CA")?,
        })
    }

    /// The root certificate for a client's CA file.
    pub(crate) fn pem(&self) -> String {
        self.trusted.pem()
    }

    /// A good certificate for these names, and its key.
    pub(crate) fn leaf(
        &self,
        names: &[&str],
    ) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), CertificateError> {
        let leaf = leaf(names)?;
        let key = KeyPair::generate()?;
        let certificate = leaf.signed_by(&key, &self.trusted)?;
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        Ok((vec![certificate.der().clone()], key))
    }

    /// A listener's configuration with a good certificate, or a bad one.
    pub(crate) fn server(
        &self,
        bad: Option<BadCertificate>,
    ) -> Result<Arc<ServerConfig>, CertificateError> {
        let names: &[&str] = match bad {
            Some(BadCertificate::WrongHost) => &["login.elsewhere.example"],
            _ => &["localhost", "127.0.0.1", "::1", BEHIND_PROXY],
        };
        let mut leaf = leaf(names)?;
        if bad == Some(BadCertificate::Expired) {
            leaf.not_before = date_time_ymd(2020, 1, 1);
            leaf.not_after = date_time_ymd(2020, 2, 1);
        }
        let signer = match bad {
            Some(BadCertificate::UnknownCa) => &self.stranger,
            _ => &self.trusted,
        };
        let key = KeyPair::generate()?;
        let certificate = leaf.signed_by(&key, signer)?;
        let chain: Vec<CertificateDer<'static>> = vec![certificate.der().clone()];
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let mut server =
            ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
                .with_safe_default_protocol_versions()?
                .with_no_client_auth()
                .with_single_cert(chain, key)?;
        server.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Arc::new(server))
    }
}

fn leaf(names: &[&str]) -> Result<CertificateParams, rcgen::Error> {
    let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
    let mut leaf = CertificateParams::new(names)?;
    leaf.distinguished_name = named("Keyhole emulator");
    leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    leaf.use_authority_key_identifier_extension = true;
    valid_now(&mut leaf);
    Ok(leaf)
}

fn root(name: &str) -> Result<CertifiedIssuer<'static, KeyPair>, CertificateError> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.distinguished_name = named(name);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    valid_now(&mut params);
    Ok(CertifiedIssuer::self_signed(params, KeyPair::generate()?)?)
}

fn named(name: &str) -> DistinguishedName {
    let mut names = DistinguishedName::new();
    names.push(DnType::CommonName, name);
    names
}

/// From the first of last year to March of next year: current for two months at
/// least, and
/// under the 825 days some platforms allow a server certificate.
fn valid_now(params: &mut CertificateParams) {
    let year = i32::from(
        jiff::tz::TimeZone::UTC
            .to_datetime(jiff::Timestamp::now())
            .year(),
    );
    params.not_before = date_time_ymd(year - 1, 1, 1);
    params.not_after = date_time_ymd(year + 1, 3, 1);
}
