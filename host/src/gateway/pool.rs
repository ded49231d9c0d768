//! Connections to the upstream, kept for the next request.

use super::upstream::connecting;
use crate::audit::SharedAudit;
use crate::network::{MAX_HEAD, Network, NetworkFault};
use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use keyhole_exchange::cloud::{AuthorityHost, Scheme};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use wasmtime_wasi_http::{Error as HttpFault, WasiBody};

/// A connection that was not used for this long is not used again: servers and
/// firewalls close idle ones, Go's after 90 s as a rule (`IdleTimeout` of
/// kube-apiserver).
const IDLE: Duration = Duration::from_secs(45);

/// Idle connections that are kept.
const MAX_IDLE: usize = 64;

type Sender = SendRequest<WasiBody>;

/// The connections.
pub(super) struct Pool {
    tls: bool,
    host: String,
    port: u16,
    url: String,
    network: Network,
    audit: Option<SharedAudit>,
    idle: Arc<Mutex<Vec<Idle>>>,
}

struct Idle {
    sender: Sender,
    since: Instant,
}

impl Pool {
    pub(super) fn new(
        upstream: &AuthorityHost,
        network: Network,
        audit: Option<SharedAudit>,
    ) -> Self {
        Pool {
            tls: upstream.scheme() == Scheme::Https,
            host: upstream.host().to_owned(),
            port: upstream.effective_port(),
            url: upstream.url(),
            network,
            audit,
            idle: Arc::default(),
        }
    }

    /// The same without a connection yet.
    pub(super) fn on_another_thread(&self) -> Self {
        Pool {
            host: self.host.clone(),
            url: self.url.clone(),
            network: self.network.clone(),
            audit: self.audit.clone(),
            idle: Arc::default(),
            ..*self
        }
    }

    /// Sends a request in origin form and answers with the head of the answer.
    ///
    /// # Errors
    /// There is no connection, or what came is no answer. A request that could
    /// not be written to a kept connection goes out on another.
    pub(super) async fn send(
        &self,
        mut request: Request<WasiBody>,
    ) -> Result<Response<WasiBody>, NetworkFault> {
        loop {
            let kept = self.take().await;
            let was_kept = kept.is_some();
            let mut sender = match kept {
                Some(sender) => sender,
                None => self.connect().await?,
            };
            match sender.try_send_request(request).await {
                Ok(response) => return Ok(self.answer(response, sender)),
                Err(mut error) => match error.take_message() {
                    Some(unsent) if was_kept => request = unsent,
                    _ if error.error().is_parse_too_large() => {
                        return Err(NetworkFault::HeadSize { max: MAX_HEAD });
                    }
                    _ => return Err(NetworkFault::Http(error.into_error())),
                },
            }
        }
    }

    /// A kept connection that is open still.
    async fn take(&self) -> Option<Sender> {
        loop {
            let mut kept = lock(&self.idle).pop()?;
            if kept.since.elapsed() < IDLE && kept.sender.ready().await.is_ok() {
                return Some(kept.sender);
            }
        }
    }

    async fn connect(&self) -> Result<Sender, NetworkFault> {
        let call = connecting(self.audit.clone(), &self.url);
        let opened = self.network.open(&call, self.tls, &self.host, self.port);
        let stream = opened.await?;
        let (sender, connection) = http1::Builder::new()
            .max_buf_size(MAX_HEAD)
            .handshake(TokioIo::new(stream))
            .await
            .map_err(NetworkFault::Http)?;
        // It ends with its sender, or when the upstream ends it.
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!("a connection to the upstream ended: {error}");
            }
        });
        Ok(sender)
    }

    fn answer(&self, response: Response<Incoming>, sender: Sender) -> Response<WasiBody> {
        response.map(|body| {
            let body = Answer {
                body,
                sender: Some(sender),
                idle: Arc::clone(&self.idle),
            };
            body.boxed_unsync()
        })
    }
}

fn lock(idle: &Mutex<Vec<Idle>>) -> std::sync::MutexGuard<'_, Vec<Idle>> {
    idle.lock().unwrap_or_else(PoisonError::into_inner)
}

/// An answer's body, which gives its connection back when it has been read. One
/// that is dropped before closes it: what is left of it is nobody's.
struct Answer {
    body: Incoming,
    sender: Option<Sender>,
    idle: Arc<Mutex<Vec<Idle>>>,
}

impl Answer {
    fn give_back(&mut self) {
        let Some(sender) = self.sender.take().filter(|sender| !sender.is_closed()) else {
            return;
        };
        let mut idle = lock(&self.idle);
        idle.retain(|kept| kept.since.elapsed() < IDLE && !kept.sender.is_closed());
        if idle.len() < MAX_IDLE {
            idle.push(Idle {
                sender,
                since: Instant::now(),
            });
        }
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = HttpFault;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, HttpFault>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        if matches!(polled, Poll::Ready(None)) || self.body.is_end_stream() {
            self.give_back();
        }
        polled.map_err(HttpFault::from)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        // A HEAD, or a body that was known to be empty: nobody asks for more.
        if self.body.is_end_stream() {
            self.give_back();
        }
    }
}
