//! Connections: accepted, encrypted if need be, served by hyper, and taken out
//! of hyper's hands when a fault wants bytes it would not send.

use std::convert::Infallible;
use std::future::pending;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::request::Parts;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rustls::ServerConfig;
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;

use super::records::Listener;
use crate::faults::script::{Connection, Plan, Step, play};

/// The largest request body read: far more than any token request.
const LONGEST_BODY: usize = 1 << 20;
/// Pause after a failed accept, which is what running out of descriptors is.
const ACCEPT_PAUSE: Duration = Duration::from_millis(20);

/// Whose answers a listener sends.
pub(crate) trait Site: Send + Sync + 'static {
    /// Judges and records a request. `base` is the URL of the listener it came
    /// to; `body` is missing if it was too large or broke off.
    fn handle(&self, listener: Listener, base: &str, head: &Parts, body: Option<&Bytes>) -> Plan;

    /// Counts a connection, whether or not a request comes over it.
    fn count_connection(&self);

    /// Counts a TLS handshake that came to its end.
    fn count_handshake(&self);
}

/// Who takes connections.
pub(crate) trait Connections: Send + Sync + 'static {
    /// Serves one, decrypted, to its end.
    fn run(
        self: Arc<Self>,
        listener: Listener,
        base: Arc<str>,
        stream: impl Connection + 'static,
    ) -> impl Future<Output = ()> + Send;

    /// Counts a connection, whether or not a request comes over it.
    fn count_connection(&self);

    /// Counts a TLS handshake that came to its end.
    fn count_handshake(&self);
}

impl<S: Site> Connections for S {
    async fn run(
        self: Arc<Self>,
        listener: Listener,
        base: Arc<str>,
        stream: impl Connection + 'static,
    ) {
        let site = self;
        let served = Served {
            site,
            listener,
            base,
        };
        served.run(stream).await;
    }

    fn count_connection(&self) {
        Site::count_connection(self);
    }

    fn count_handshake(&self) {
        Site::count_handshake(self);
    }
}

/// One address of the emulator.
pub(crate) struct Endpoint {
    sockets: Vec<TcpListener>,
    listener: Listener,
    tls: Option<Arc<ServerConfig>>,
    port: u16,
}

impl Endpoint {
    /// Binds a port on 127.0.0.1, and on ::1 where there is one; 0 takes any.
    pub(crate) fn bind(
        listener: Listener,
        port: u16,
        tls: Option<Arc<ServerConfig>>,
    ) -> io::Result<Self> {
        let first = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
        let port = first.local_addr()?.port();
        let mut sockets = vec![first];
        // Some machines have no IPv6, and on others the port may be taken there.
        sockets.extend(TcpListener::bind((Ipv6Addr::LOCALHOST, port)));
        for socket in &sockets {
            socket.set_nonblocking(true)?;
        }
        Ok(Self {
            sockets,
            listener,
            tls,
            port,
        })
    }

    /// The URL, ending in a slash.
    pub(crate) fn url(&self) -> String {
        match self.tls {
            Some(_) => format!("https://localhost:{}/", self.port),
            None => format!("http://127.0.0.1:{}/", self.port),
        }
    }

    /// Serves it on the current runtime until that is dropped.
    pub(crate) fn serve<S: Connections>(self, site: &Arc<S>) -> io::Result<()> {
        let base: Arc<str> = self.url().into();
        for socket in self.sockets {
            let socket = tokio::net::TcpListener::from_std(socket)?;
            let (site, base, tls) = (Arc::clone(site), Arc::clone(&base), self.tls.clone());
            let listener = self.listener;
            tokio::spawn(async move {
                loop {
                    let Ok((stream, _)) = socket.accept().await else {
                        tokio::time::sleep(ACCEPT_PAUSE).await;
                        continue;
                    };
                    site.count_connection();
                    let (site, base, tls) = (Arc::clone(&site), Arc::clone(&base), tls.clone());
                    tokio::spawn(async move {
                        match tls {
                            None => site.run(listener, base, stream).await,
                            // A client that refuses the certificate is no error of ours.
                            Some(tls) => {
                                if let Ok(stream) = TlsAcceptor::from(tls).accept(stream).await {
                                    site.count_handshake();
                                    site.run(listener, base, stream).await;
                                }
                            }
                        }
                    });
                }
            });
        }
        Ok(())
    }
}

/// What one connection needs.
struct Served<S> {
    site: Arc<S>,
    listener: Listener,
    base: Arc<str>,
}

impl<S: Site> Served<S> {
    async fn run(self, stream: impl Connection + 'static) {
        let (script, mut taken_over) = mpsc::channel::<Vec<Step>>(1);
        let this = &self;
        let service = service_fn(move |request| {
            let script = script.clone();
            async move { Ok::<_, Infallible>(this.answer(request, &script).await) }
        });
        let mut connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
        let steps = tokio::select! {
            biased;
            Some(steps) = taken_over.recv() => steps,
            // Clients of an emulator may end as rudely as they like.
            _ = &mut connection => return,
        };
        let stream = connection.into_parts().io.into_inner();
        play(steps, stream).await;
    }

    /// The answer for hyper to send; never comes if a script takes over.
    async fn answer(
        &self,
        request: http::Request<Incoming>,
        script: &mpsc::Sender<Vec<Step>>,
    ) -> http::Response<Full<Bytes>> {
        let (head, body) = request.into_parts();
        let body = read(body).await;
        let steps = match self
            .site
            .handle(self.listener, &self.base, &head, body.as_ref())
        {
            Plan::Answer(answer) => match answer.response() {
                Some(response) => return response,
                None => vec![Step::Send(answer.wire().into())],
            },
            Plan::Script(steps) => steps,
        };
        // One request at a time is answered, so there is room.
        let _ = script.try_send(steps);
        pending().await
    }
}

/// The whole body, or nothing if it is too large or breaks off. One that is too
/// large is read to its end all the same: closing on unread bytes would reset
/// the connection before the client has read why.
async fn read(mut body: Incoming) -> Option<Bytes> {
    let mut bytes = Some(Vec::new());
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.ok()?.into_data() else {
            continue;
        };
        bytes = bytes.filter(|so_far| so_far.len() + data.len() <= LONGEST_BODY);
        if let Some(bytes) = &mut bytes {
            bytes.extend_from_slice(&data);
        }
    }
    bytes.map(Bytes::from)
}
