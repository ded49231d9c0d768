//! Callers' requests: judged, and given to an instance that serves this caller
//! alone.

use super::guarded::Guarded;
use super::listener::{Connection, Listener};
use super::upload::{Fate, Fault, Upload};
use super::upstream::remove_hop_by_hop;
use super::{FUEL, Gateway, HOSTCALL_FUEL, Instance};
use crate::network::MAX_HEAD;
use bytes::Bytes;
use http::header::{self, HeaderMap};
use http::{HeaderName, Request, Response, StatusCode};
use http_body::Body as _;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use keyhole_proxy_rules::header::is_upgrade;
use keyhole_proxy_rules::rules;
use keyhole_proxy_rules::status::{self, Status};
use std::convert::Infallible;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{Semaphore, oneshot, watch};
use wasmtime_wasi_http::WasiBody;
use wasmtime_wasi_http::p2::bindings::http::types::Scheme;

/// A caller has this long for the head of a request, and a connection this long
/// between two.
const HEAD_PATIENCE: Duration = Duration::from_secs(30);

/// Headers of a request: kubectl sends about ten.
const MAX_HEADERS: usize = 100;

/// When the system gives no connection (too many open files), the next try is
/// this much later.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// That callers wait is said once in this time.
const BETWEEN_WARNINGS: Duration = Duration::from_secs(60);

/// How often it is looked whether a caller is still there.
const LOOK: Duration = Duration::from_secs(1);

/// More threads than this gain nothing: the system's sockets are the limit.
const MOST_THREADS: usize = 8;

const _: () = assert!(HOSTCALL_FUEL > 4 * MAX_HEAD);

impl Gateway {
    /// Serves callers, `connections` at a time, on so many threads, this one among
    /// them, and keeps the token fresh. Ends when it is dropped.
    ///
    /// # Errors
    /// The system has no resources left for a thread.
    pub async fn serve(
        &self,
        listener: &Listener,
        connections: usize,
        threads: usize,
    ) -> io::Result<()> {
        let places = Arc::new(Semaphore::new(connections));
        // Dropped with this future, which ends the threads.
        let (_serving, served) = watch::channel(());
        for _ in 1..threads.min(MOST_THREADS) {
            let (gateway, places) = (self.on_another_thread(), Arc::clone(&places));
            let (listener, mut served) = (listener.share()?, served.clone());
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?;
            std::thread::Builder::new()
                .name("keyhole-callers".into())
                .spawn(move || {
                    runtime.block_on(async {
                        let accepting = async {
                            match listener.into_listener() {
                                Ok(listener) => gateway.accept(&listener, &places).await,
                                Err(error) => tracing::error!("a thread cannot serve: {error}"),
                            }
                        };
                        tokio::select! {
                            () = accepting => {}
                            _ = served.changed() => {}
                        }
                    });
                })?;
        }
        let tokens = Arc::clone(&self.shared.tokens);
        tokio::select! {
            () = tokens.keep_fresh() => {}
            () = self.accept(listener, &places) => {}
        }
        Ok(())
    }

    async fn accept(&self, listener: &Listener, places: &Arc<Semaphore>) {
        let mut told = None::<Instant>;
        loop {
            let is_full = places.available_permits() == 0;
            if is_full && told.is_none_or(|when| when.elapsed() >= BETWEEN_WARNINGS) {
                told = Some(Instant::now());
                tracing::warn!("all connections are in use, callers wait; see --max-connections");
            }
            let Ok(place) = Arc::clone(places).acquire_owned().await else {
                return;
            };
            match listener.accept().await {
                Ok(stream) => {
                    let gateway = self.clone();
                    tokio::spawn(async move {
                        gateway.converse(stream).await;
                        drop(place);
                    });
                }
                Err(error) => {
                    tracing::warn!("a caller could not connect: {error}");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    async fn converse(&self, stream: Box<dyn Connection>) {
        let caller = Caller {
            gateway: self.clone(),
            instance: Arc::default(),
        };
        let gone = stream.gone();
        let served = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_PATIENCE)
            .max_headers(MAX_HEADERS)
            .max_buf_size(MAX_HEAD)
            .serve_connection(
                TokioIo::new(stream),
                service_fn(async |request| Ok::<_, Infallible>(caller.answer(request).await)),
            );
        // hyper sees a caller go only while it reads, not behind a byte too many.
        let gone = async {
            match gone {
                Ok(gone) => {
                    while !gone.is_gone() {
                        tokio::time::sleep(LOOK).await;
                    }
                }
                Err(_) => std::future::pending().await,
            }
        };
        tokio::select! {
            served = served => {
                if let Err(error) = served {
                    tracing::debug!("a caller's connection ended: {error}");
                }
            }
            () = gone => tracing::debug!("a caller has gone"),
        }
    }
}

/// A caller's connection.
struct Caller {
    gateway: Gateway,
    /// The instance of its last request, if that came to its end.
    instance: Arc<Mutex<Option<Instance>>>,
}

impl Caller {
    async fn answer(&self, request: Request<Incoming>) -> Response<WasiBody> {
        let start = Instant::now();
        // Not the query: a caller may have put a secret there.
        let asked = tracing::enabled!(tracing::Level::DEBUG)
            .then(|| format!("{} {}", request.method(), request.uri().path()));
        let response = self.judge_and_relay(request).await;
        if let Some(asked) = asked {
            let us = start.elapsed().as_micros();
            tracing::debug!("{asked}: {} after {us} us", response.status().as_u16());
        }
        response
    }

    async fn judge_and_relay(&self, request: Request<Incoming>) -> Response<WasiBody> {
        let judged = self.gateway.shared.settings.rules.judge(&asked(&request));
        if let Err(status) = judged {
            return told(&status);
        }
        let fate = Fate::default();
        match (self.relay(request, fate.clone()).await, fate.fault()) {
            (Ok(response), _) => response,
            (Err(_), Some(Fault::Silent)) => told(&Status::request_timeout(
                "nothing of the body came for a minute",
            )),
            (Err(_), Some(Fault::Broken)) => told(&Status::bad_request(
                "the body of the request is none, or broke off",
            )),
            (Err(error), None) => {
                tracing::error!("the gateway component failed: {error:#}");
                told(&Status::internal_error(
                    "the gateway component failed; the proxy's log says why",
                ))
            }
        }
    }

    /// Gives a request to an instance, which ends with the answer's body or when
    /// the caller goes, unless it is done before.
    async fn relay(
        &self,
        mut request: Request<Incoming>,
        fate: Fate,
    ) -> wasmtime::Result<Response<WasiBody>> {
        let kept = lock(&self.instance).take();
        let mut instance = match kept {
            Some(instance) => instance,
            None => self.gateway.instance().await?,
        };
        if request.body().is_end_stream() {
            // WASI does not tell a guest that there is no body; this does.
            let none = http::HeaderValue::from_static("0");
            request.headers_mut().insert(header::CONTENT_LENGTH, none);
        }
        let request = request.map(|body| Upload::new(body, fate));
        let (send, answer) = oneshot::channel();
        let state = instance.store.data_mut();
        state.begin();
        let mut http = state.http();
        let request = http.new_incoming_request(Scheme::Http, request)?;
        let out = http.new_response_outparam(send)?;
        let place = Arc::clone(&self.instance);
        let running = wasmtime_wasi::runtime::spawn(async move {
            let Instance { store, exports } = &mut instance;
            store.set_fuel(FUEL)?;
            let handler = exports.wasi_http_incoming_handler();
            handler.call_handle(&mut *store, request, out).await?;
            // What keeps something back is not asked again.
            if store.data().is_clean() {
                *lock(&place) = Some(instance);
            }
            Ok::<(), wasmtime::Error>(())
        });
        let response = match answer.await {
            Ok(answer) => answer.map_err(|code| wasmtime::format_err!("it answered {code:?}"))?,
            Err(_) => {
                running.await?;
                wasmtime::bail!("it ended without an answer");
            }
        };
        let (mut head, body) = response.into_parts();
        remove_hop_by_hop(&mut head.headers);
        // The instance goes with its answer's body.
        let body = Guarded::new(body, running);
        Ok(Response::from_parts(head, body.boxed_unsync()))
    }
}

fn lock(instance: &Mutex<Option<Instance>>) -> MutexGuard<'_, Option<Instance>> {
    instance.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What the rules look at.
fn asked(request: &Request<Incoming>) -> rules::Request<'_> {
    let headers = request.headers();
    let uri = request.uri();
    let host = match uri.authority() {
        Some(authority) => Some(authority.as_str()),
        None => only(headers, header::HOST),
    };
    let target = uri.path_and_query().map_or("", |target| target.as_str());
    rules::Request {
        method: request.method().as_str(),
        target,
        host,
        origin: first(headers, header::ORIGIN),
        fetch_site: first(headers, HeaderName::from_static("sec-fetch-site")),
        upgrade: headers
            .get_all(header::UPGRADE)
            .iter()
            .any(|value| value.to_str().is_ok_and(is_upgrade)),
    }
}

/// The value of a header that has to be there once.
fn only(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().ok(),
        _ => None,
    }
}

/// The first value of a header; one that is no text is a value nobody expects.
fn first(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name).map(|value| value.to_str().unwrap_or("?"))
}

/// An answer of the host's own.
fn told(status: &Status) -> Response<WasiBody> {
    let body = Full::new(Bytes::from(status.json()))
        .map_err(|never| match never {})
        .boxed_unsync();
    let mut response = Response::new(body);
    *response.status_mut() =
        StatusCode::from_u16(status.code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    let json = http::HeaderValue::from_static(status::CONTENT_TYPE);
    headers.insert(header::CONTENT_TYPE, json);
    if let Some(seconds) = status.retry_after {
        headers.insert(header::RETRY_AFTER, seconds.into());
    }
    response
}
