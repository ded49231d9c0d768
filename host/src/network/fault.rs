//! Why no answer was had.

use super::proxy::ProxyFault;
use super::roots::RootsError;
use keyhole_policy::Rule;
use std::io;
use std::net::IpAddr;
use std::time::Duration;
use wasmtime_wasi_http::Error as HttpFault;

/// Why a request had no usable answer, for a person and for the guest.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NetworkFault {
    /// The host is neither a DNS name nor an address.
    #[error("{host} is not a DNS name or IP address")]
    Name {
        /// The host.
        host: String,
    },
    /// The name did not resolve.
    #[error("{host} could not be resolved: {error}")]
    Resolve {
        /// The name.
        host: String,
        /// What the resolver said.
        error: io::Error,
    },
    /// The name resolved to an address that is never connected to.
    #[error("{host} resolves to {address}, which is refused: {}", rule.asks())]
    Address {
        /// The name.
        host: String,
        /// The address.
        address: IpAddr,
        /// The rule.
        rule: Rule,
    },
    /// No address could be connected to.
    #[error("no connection to {address}: {error}")]
    Connect {
        /// The last address tried.
        address: String,
        /// What the system said.
        error: io::Error,
    },
    /// The certificates that prove names are missing or broken.
    #[error(transparent)]
    Roots(RootsError),
    /// A proxy gave no tunnel.
    #[error(transparent)]
    Proxy(ProxyFault),
    /// No connection in time.
    #[error("no connection to {address} within {} s", after.as_secs())]
    ConnectTimeout {
        /// The last address tried.
        address: String,
        /// The limit.
        after: Duration,
    },
    /// The certificate does not prove the name.
    #[error("the certificate of {host} is not trusted: {reason} (roots: {roots})")]
    Certificate {
        /// The name.
        host: String,
        /// Why.
        reason: String,
        /// Where the roots came from.
        roots: String,
    },
    /// The handshake failed otherwise.
    #[error("the TLS handshake with {host} failed: {reason}")]
    Tls {
        /// The name.
        host: String,
        /// Why.
        reason: String,
    },
    /// The connection broke, or what came was not HTTP/1.1.
    #[error("the connection failed before a whole answer had come: {0}")]
    Http(hyper::Error),
    /// The head is larger than its limit.
    #[error("the answer's head is larger than {max} bytes")]
    HeadSize {
        /// The limit in bytes.
        max: usize,
    },
    /// The body is larger than its limit.
    #[error("the answer's body is larger than {max} bytes")]
    BodySize {
        /// The limit in bytes.
        max: usize,
    },
    /// The body is compressed, which was not asked for.
    #[error("the answer has the content-encoding {0:?}, which was not asked for")]
    Encoding(String),
}

impl NetworkFault {
    /// The refusal behind it, if it is one.
    pub(crate) fn refusal(&self) -> Option<(String, Rule)> {
        match self {
            NetworkFault::Address {
                host,
                address,
                rule,
            } => Some((format!("{host} {address}"), *rule)),
            NetworkFault::Proxy(fault) => fault.refusal(),
            _ => None,
        }
    }

    /// What to say and to do where trying again is of no use.
    pub(crate) fn is_final(&self) -> Option<(String, String)> {
        match self {
            NetworkFault::Proxy(fault) => fault.is_final(),
            _ => None,
        }
    }

    /// What the guest sees.
    pub(crate) fn into_http(self) -> HttpFault {
        match self {
            NetworkFault::Name { .. } => HttpFault::HttpRequestUriInvalid,
            NetworkFault::Resolve { .. } => HttpFault::DnsError {
                rcode: None,
                info_code: None,
            },
            NetworkFault::Address { .. } => HttpFault::DestinationIpProhibited,
            NetworkFault::Connect { .. } => HttpFault::ConnectionRefused,
            NetworkFault::ConnectTimeout { .. } => HttpFault::ConnectionTimeout,
            NetworkFault::Roots(_) => HttpFault::TlsCertificateError,
            NetworkFault::Proxy(fault) => fault.into_http(),
            NetworkFault::Certificate { .. } => HttpFault::TlsCertificateError,
            NetworkFault::Tls { .. } => HttpFault::TlsProtocolError,
            NetworkFault::Http(error) if error.is_parse() => HttpFault::HttpProtocolError,
            NetworkFault::Http(_) => HttpFault::ConnectionTerminated,
            NetworkFault::HeadSize { .. } => HttpFault::HttpResponseHeaderSectionSize(None),
            NetworkFault::BodySize { .. } => HttpFault::HttpResponseBodySize(None),
            NetworkFault::Encoding(_) => HttpFault::HttpResponseContentCoding(None),
        }
    }
}
