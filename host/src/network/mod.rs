//! The network as the request grant uses it: resolve, judge, connect to the
//! very addresses that were judged, prove the name by TLS, send, read.
//!
//! A guest has no part in any of it. Nothing here follows a redirect, speaks
//! anything but HTTP/1.1 or falls back to a weaker connection.

mod connect;
mod fault;
mod proxy;
mod resolve;
mod roots;
mod send;
mod tls;

pub use fault::NetworkFault;
pub use proxy::{ProxyFault, proxies_of_environment};
pub use roots::{RootsError, RootsSource, TlsRoots};
pub(crate) use send::{Answer, MAX_HEAD, Outgoing};

use crate::audit::{AuditEvent, Capability};
use crate::call::Call;
use crate::observations::Observations;
use keyhole_policy::proxy::{Proxies, Route};
use roots::LiveRoots;
use std::sync::Arc;
use std::time::Instant;
use tokio::io::{AsyncRead, AsyncWrite};

/// A connection: TCP, a tunnel through a proxy, or TLS over either.
pub(crate) trait Connection: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Connection for S {}

pub(crate) type Stream = Box<dyn Connection>;

/// What requests are sent through: the roots that prove the authority's name,
/// and a proxy if there is one.
#[derive(Clone)]
pub struct Network {
    roots: Arc<LiveRoots>,
    proxies: Arc<Proxies>,
    proxy_roots: Arc<LiveRoots>,
    tls_name: Option<Arc<str>>,
    observations: Option<Observations>,
}

impl Network {
    /// A network that trusts these roots, without a proxy.
    #[must_use]
    pub fn new(roots: TlsRoots) -> Self {
        Self::observed(roots, None)
    }

    /// The same, and it tells what it sees.
    pub(crate) fn observed(roots: TlsRoots, observations: Option<Observations>) -> Self {
        let roots = LiveRoots::new(roots, observations.clone());
        Self::with(roots, observations)
    }

    /// A network without roots: nothing can be reached but over plain HTTP.
    pub(crate) fn plain(observations: Option<Observations>) -> Self {
        Self::with(LiveRoots::none("none, plain HTTP"), observations)
    }

    fn with(roots: LiveRoots, observations: Option<Observations>) -> Self {
        Network {
            roots: Arc::new(roots),
            proxies: Arc::new(Proxies::none()),
            proxy_roots: Arc::new(LiveRoots::none("none for a proxy")),
            tls_name: None,
            observations,
        }
    }

    /// Sends requests through a proxy, but for the hosts that are excepted.
    /// `roots` prove the name of an `https://` proxy; without them it cannot be
    /// reached.
    #[must_use]
    pub fn proxies(mut self, proxies: Proxies, roots: Option<TlsRoots>) -> Self {
        self.proxies = Arc::new(proxies);
        if let Some(roots) = roots {
            self.proxy_roots = Arc::new(LiveRoots::new(roots, None));
        }
        self
    }

    /// The name that TLS asks for and the certificate must prove, instead of
    /// the URL's host.
    #[must_use]
    pub fn tls_name(mut self, name: &str) -> Self {
        self.tls_name = Some(name.into());
        self
    }

    /// The same way out to another peer, which these roots prove.
    pub(crate) fn trusting(&self, roots: TlsRoots) -> Self {
        Network {
            roots: Arc::new(LiveRoots::new(roots, None)),
            tls_name: None,
            observations: None,
            ..self.clone()
        }
    }

    /// Where the roots came from.
    #[must_use]
    pub fn roots(&self) -> &str {
        self.roots.source()
    }

    /// Looks whether there are roots, and reads those that changed.
    ///
    /// # Errors
    /// There are none.
    pub(crate) fn refresh(&self) -> Result<(), RootsError> {
        self.roots.current()?;
        self.proxy_roots.current().map(drop)
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

    /// The same, in the call's log: `sent` before, and after it `event` with what
    /// came of it. `say` puts a fault into words that may be logged.
    ///
    /// # Errors
    /// The fault, and those words.
    pub(crate) async fn send_logged(
        &self,
        call: &Call,
        (sent, event): (AuditEvent, AuditEvent),
        outgoing: Outgoing,
        say: impl FnOnce(&NetworkFault) -> String,
    ) -> Result<Answer, (NetworkFault, String)> {
        let start = Instant::now();
        call.log(sent);
        match self.send(call, outgoing).await {
            Ok(answer) => {
                let (status, bytes) = (answer.status.as_u16(), answer.body.len());
                call.log(event.bytes(bytes).status(status).since(start));
                Ok(answer)
            }
            Err(fault) => {
                let text = say(&fault);
                if let Some((target, rule)) = fault.refusal() {
                    // Where the log is full, the call has been refused already.
                    let _ = call.refuse(Capability::Resolve, target, rule);
                }
                call.log(event.since(start).detail(format!("failed: {text}")));
                Err((fault, text))
            }
        }
    }

    async fn exchange(&self, call: &Call, outgoing: Outgoing) -> Result<Answer, NetworkFault> {
        let (tls, host, port) = (outgoing.is_tls(), outgoing.host(), outgoing.port());
        let stream = self.open(call, tls, host, port).await?;
        send::send(stream, outgoing).await
    }

    /// A connection to a host whose addresses are judged, its name proved by TLS
    /// if there is any; through a proxy where there is one.
    pub(crate) async fn open(
        &self,
        call: &Call,
        tls: bool,
        host: &str,
        port: u16,
    ) -> Result<Stream, NetworkFault> {
        let stream: Stream = match self.proxies.route(tls, host, port) {
            Route::Through(proxy) => {
                proxy::tunnel(call, &self.proxy_roots, proxy, host, port).await?
            }
            Route::Direct(_) => {
                let addresses = resolve::resolve(call, host, port, tls).await?;
                Box::new(connect::connect(call, &addresses).await?)
            }
        };
        if !tls {
            return Ok(stream);
        }
        let name = self.tls_name.as_deref().unwrap_or(host);
        tls::handshake(call, &self.roots, name, stream).await
    }
}
