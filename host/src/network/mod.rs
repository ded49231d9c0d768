//! The network as the request grant uses it: resolve, judge, connect to the
//! very addresses that were judged, prove the name by TLS, send, read.
//!
//! A guest has no part in any of it. Nothing here follows a redirect, speaks
//! anything but HTTP/1.1 or falls back to a weaker connection.

mod connect;
mod fault;
mod resolve;
mod send;
mod tls;

pub use fault::NetworkFault;
pub(crate) use send::{Answer, Outgoing};
pub use tls::{RootsError, TlsRoots};

use crate::call::Call;
use crate::observations::Observations;
use rustls_pki_types::ServerName;
use std::sync::Arc;

/// What requests are sent through: the roots that prove the authority's name.
#[derive(Clone)]
pub struct Network {
    tls: Arc<rustls::ClientConfig>,
    roots: Arc<str>,
    observations: Option<Observations>,
}

impl Network {
    /// A network that trusts these roots.
    #[must_use]
    pub fn new(roots: TlsRoots) -> Self {
        Self::observed(roots, None)
    }

    /// A network that trusts these roots, and tells what it sees.
    pub(crate) fn observed(roots: TlsRoots, observations: Option<Observations>) -> Self {
        let source = roots.source().to_string();
        Network {
            tls: Arc::new(roots.into_client_config(observations.as_ref())),
            roots: source.into(),
            observations,
        }
    }

    /// A network without roots: nothing can be reached but over plain HTTP.
    pub(crate) fn plain(observations: Option<Observations>) -> Self {
        Network {
            tls: Arc::new(tls::client_config(rustls::RootCertStore::empty(), None)),
            roots: "none, plain HTTP".into(),
            observations,
        }
    }

    /// Where the roots came from.
    #[must_use]
    pub fn roots(&self) -> &str {
        &self.roots
    }

    pub(crate) async fn send(
        &self,
        call: &Call,
        outgoing: Outgoing,
    ) -> Result<Answer, NetworkFault> {
        let answer = self.exchange(call, outgoing).await?;
        if let Some(observations) = &self.observations {
            observations.date(&answer.headers);
        }
        Ok(answer)
    }

    async fn exchange(&self, call: &Call, outgoing: Outgoing) -> Result<Answer, NetworkFault> {
        let host = outgoing.host();
        let addresses = resolve::resolve(call, host, outgoing.port(), outgoing.is_tls()).await?;
        let stream = connect::connect(call, &addresses).await?;
        if !outgoing.is_tls() {
            return send::send(stream, outgoing).await;
        }
        let name = ServerName::try_from(host.to_owned())
            .map_err(|_| NetworkFault::Name { host: host.into() })?;
        let stream = tls::handshake(call, self, name, stream).await?;
        send::send(stream, outgoing).await
    }
}
