//! A tunnel through a forward proxy: CONNECT (RFC 9110, section 9.3.6) with the
//! name that was granted, and TLS to that name inside.

use super::roots::LiveRoots;
use super::send::{MAX_HEAD, is_within_limit};
use super::{NetworkFault, Stream, connect, resolve, tls};
use crate::audit::{AuditEvent, Capability};
use crate::call::Call;
use crate::error::Error;
use bytes::Bytes;
use http::{HeaderValue, Method, Request, StatusCode, header};
use http_body_util::Full;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use keyhole_exchange::request::USER_AGENT;
use keyhole_policy::Rule;
use keyhole_policy::proxy::{
    PROXY_FLAG, Proxies, Proxy, ProxyError, ProxyFlags, ProxyScheme, ProxyUrl,
};
use std::time::{Duration, Instant};
use wasmtime_wasi_http::Error as HttpFault;
use zeroize::Zeroizing;

/// A proxy answers CONNECT when it has reached the host itself, or given up.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(20);

/// Why a proxy gave no tunnel, and which.
#[derive(Debug, thiserror::Error)]
#[error("the proxy {proxy} {what}")]
pub struct ProxyFault {
    /// Where it is, and who named it.
    proxy: String,
    origin: &'static str,
    what: What,
}

#[derive(Debug, thiserror::Error)]
enum What {
    #[error("cannot be used: {0}")]
    Unreachable(Box<NetworkFault>),
    #[error("answered CONNECT {host} with {status}{}", explained(*.status, *.sent))]
    Status {
        host: String,
        status: u16,
        /// Whether it was shown credentials.
        sent: bool,
    },
    #[error("did not answer CONNECT {host} within {} s", ANSWER_TIMEOUT.as_secs())]
    Silent { host: String },
    #[error("answered CONNECT {host} with a head larger than {MAX_HEAD} bytes")]
    HeadSize { host: String },
    #[error("answered CONNECT {host} with what is not HTTP/1.1")]
    NotHttp { host: String },
    #[error("closed the connection instead of answering CONNECT {host}")]
    Closed { host: String },
}

fn explained(status: u16, sent: bool) -> &'static str {
    match (status, sent) {
        (401 | 407, true) => ": it does not take the credentials it was sent",
        (401 | 407, false) => ": it wants credentials, and none were sent",
        (400..500, _) => ": it does not allow it",
        _ => "",
    }
}

impl ProxyFault {
    pub(super) fn refusal(&self) -> Option<(String, Rule)> {
        match &self.what {
            What::Unreachable(fault) => fault.refusal(),
            _ => None,
        }
    }

    /// What to say and to do where trying again is of no use: credentials that
    /// are tried again may lock an account.
    pub(super) fn is_final(&self) -> Option<(String, String)> {
        let next_step = match self.what {
            // tinyproxy answers 401 to wrong credentials and 407 to none.
            What::Status {
                status: 401 | 407,
                sent: true,
                ..
            } => format!(
                "check user and password in {}: @ : / ? # and % in them are written %40 %3A %2F \
                 %3F %23 %25; Basic is the one scheme spoken",
                self.origin
            ),
            What::Status {
                status: 401 | 407, ..
            } => match self.origin {
                PROXY_FLAG => "leave out --proxy and set HTTPS_PROXY to \
                               http://user:password@host:port"
                    .into(),
                origin => format!("set {origin} to http://user:password@host:port"),
            },
            What::Status {
                status: 400..500, ..
            } => "ask who runs the proxy to allow it, or name the host in NO_PROXY if it can be \
                  reached without"
                .into(),
            _ => return None,
        };
        Some((self.to_string(), next_step))
    }

    pub(super) fn into_http(self) -> HttpFault {
        if self.is_final().is_some() {
            // The one error after which a guest does not try again.
            return HttpFault::HttpRequestDenied;
        }
        match self.what {
            What::Unreachable(fault) => fault.into_http(),
            What::Silent { .. } => HttpFault::ConnectionTimeout,
            What::Status { .. } => HttpFault::DestinationUnavailable,
            What::HeadSize { .. } | What::NotHttp { .. } | What::Closed { .. } => {
                HttpFault::ConnectionTerminated
            }
        }
    }
}

/// The proxy that flags and this process's variables name.
///
/// # Errors
/// [`Error::Configuration`], without the value.
pub fn proxies_of_environment(flags: &ProxyFlags) -> Result<Proxies, Error> {
    let not_text = std::cell::Cell::new(None);
    let proxies = Proxies::resolve(flags, &|name| match std::env::var(name) {
        Ok(value) => Some(Zeroizing::new(value)),
        Err(std::env::VarError::NotPresent) => None,
        Err(std::env::VarError::NotUnicode(_)) => {
            not_text.set(not_text.get().or(Some(name)));
            None
        }
    });
    let proxies = match not_text.get() {
        Some(origin) => Err(ProxyError {
            origin,
            fault: keyhole_policy::proxy::ProxyFault::NotText,
        }),
        None => proxies,
    };
    proxies.map_err(|error| Error::Configuration {
        message: error.to_string(),
        next_step: error.fault.next_step().into(),
    })
}

/// A connection to `host` through a proxy.
pub(super) async fn tunnel(
    call: &Call,
    roots: &LiveRoots,
    proxy: &Proxy,
    host: &str,
    port: u16,
) -> Result<Stream, NetworkFault> {
    resolve::judge_literal(host)?;
    let fault = |what| {
        NetworkFault::Proxy(ProxyFault {
            proxy: format!("{} ({})", proxy.url, proxy.origin),
            origin: proxy.origin,
            what,
        })
    };
    let stream = reach(call, roots, &proxy.url)
        .await
        .map_err(|unreachable| fault(What::Unreachable(Box::new(unreachable))))?;
    let start = Instant::now();
    let host = match host.contains(':') {
        true => format!("[{host}]:{port}"),
        false => format!("{host}:{port}"),
    };
    call.waits_for(Some(format!(
        "the proxy {} ({}) has not answered CONNECT {host}",
        proxy.url, proxy.origin
    )));
    let asked = tokio::time::timeout(ANSWER_TIMEOUT, ask(stream, &proxy.url, &host)).await;
    call.waits_for(None);
    let event = AuditEvent::allowed(Capability::Connect, host.clone()).since(start);
    let what = match asked {
        Ok(Ok(stream)) => {
            call.log(event.detail(format!("CONNECT through {proxy}")));
            return Ok(stream);
        }
        Ok(Err(what)) => what,
        Err(_) => What::Silent { host },
    };
    let fault = fault(what);
    call.log(event.detail(format!("failed: {fault}")));
    Err(fault)
}

/// A connection to the proxy itself.
async fn reach(call: &Call, roots: &LiveRoots, url: &ProxyUrl) -> Result<Stream, NetworkFault> {
    let addresses = resolve::resolve_proxy(call, url.host(), url.port()).await?;
    let stream: Stream = Box::new(connect::connect(call, &addresses).await?);
    match url.scheme() {
        ProxyScheme::Http => Ok(stream),
        ProxyScheme::Https => tls::handshake(call, roots, url.host(), stream).await,
    }
}

async fn ask(stream: Stream, url: &ProxyUrl, host: &str) -> Result<Stream, What> {
    let failed = |error: hyper::Error| {
        let host = host.to_owned();
        match error {
            error if error.is_parse_too_large() => What::HeadSize { host },
            error if error.is_parse() => What::NotHttp { host },
            _ => What::Closed { host },
        }
    };
    let (mut sender, connection) = http1::Builder::new()
        .max_buf_size(MAX_HEAD)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(failed)?;
    let connection = wasmtime_wasi::runtime::spawn(async move {
        // What ends the connection shows in the answer.
        let _ = connection.with_upgrades().await;
    });
    let mut request = Request::builder()
        .method(Method::CONNECT)
        .uri(host)
        .header(header::HOST, host)
        .header(header::USER_AGENT, USER_AGENT);
    if let Some(authorization) = url.authorization() {
        let mut value = HeaderValue::from_str(authorization).expect("base64 is visible ASCII");
        value.set_sensitive(true);
        request = request.header(header::PROXY_AUTHORIZATION, value);
    }
    let request = request
        .body(Full::new(Bytes::new()))
        .expect("the grant holds canonical strings only");
    let answer = sender.send_request(request).await.map_err(failed)?;
    if !is_within_limit(answer.headers()) {
        return Err(What::HeadSize {
            host: host.to_owned(),
        });
    }
    if answer.status() != StatusCode::OK {
        return Err(What::Status {
            host: host.to_owned(),
            status: answer.status().as_u16(),
            sent: url.authorization().is_some(),
        });
    }
    let tunnel = hyper::upgrade::on(answer).await.map_err(failed)?;
    drop(connection);
    Ok(Box::new(TokioIo::new(tunnel)))
}
