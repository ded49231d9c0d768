//! The floor: `keyhole get-token` without the sandbox.
//!
//! The same variables, the same rules (`keyhole-exchange`), the same TLS and
//! HTTP client, the same reply, the same allocator and compiler flags; no
//! WebAssembly, no grants, no audit, no flags. Roots are those of
//! `SSL_CERT_FILE`. What `keyhole get-token` takes beyond this is what the
//! sandbox costs. For measuring only: it has none of Keyhole's limits.

use std::io::Write as _;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, bail, ensure};
use bytes::Bytes;
use http::{HeaderMap, Request, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use keyhole_exchange::cloud::Scheme;
use keyhole_exchange::exchange::{AccessToken, TransportFault, TransportFaultKind};
use keyhole_exchange::reply::{BODY_BYTES, HttpReply};
use keyhole_exchange::request::HttpRequest;
use keyhole_exchange::{Exchange, Input, Now, Options, Settings, Step};
use keyhole_report::{ApiVersion, ExecCredential};
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, ServerName};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use zeroize::Zeroizing;

#[global_allocator]
static ALLOCATOR: zeroizing_alloc::ZeroAlloc<std::alloc::System> =
    zeroizing_alloc::ZeroAlloc(std::alloc::System);

static START: LazyLock<Instant> = LazyLock::new(Instant::now);

fn main() -> Result<()> {
    let settings = Settings::from_env(&|name| std::env::var(name).ok())?;
    let tls = TlsConnector::from(Arc::new(client_config()?));
    let token = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(exchange(settings, &tls))?;
    let info = std::env::var("KUBERNETES_EXEC_INFO").ok();
    let reply = ExecCredential {
        api_version: ApiVersion::from_exec_info(info.as_deref())?,
        token: token.token.expose(),
        expires_on: token.expires_on,
    };
    Ok(std::io::stdout().write_all(reply.to_line().as_bytes())?)
}

fn client_config() -> Result<ClientConfig> {
    let file = std::env::var_os("SSL_CERT_FILE").context("SSL_CERT_FILE is not set")?;
    let pem = std::fs::read(file)?;
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(CertificateDer::pem_slice_iter(&pem).filter_map(Result::ok));
    ensure!(!roots.is_empty(), "SSL_CERT_FILE holds no certificate");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config.resumption = rustls::client::Resumption::disabled();
    Ok(config)
}

async fn exchange(settings: Settings, tls: &TlsConnector) -> Result<AccessToken> {
    let (mut exchange, mut step) = Exchange::start(settings, Options::default(), now());
    loop {
        let input = match step {
            Step::ReadFile => Input::File(Ok(Zeroizing::new(std::fs::read(exchange.path())?))),
            Step::Send(request) => Input::Reply(send(request, tls).await.map_err(|error| {
                TransportFault::new(TransportFaultKind::Other, &error.to_string())
            })),
            Step::WaitUntil(until) => {
                let wait = until.saturating_sub(now().monotonic_nanos);
                tokio::time::sleep(Duration::from_nanos(wait)).await;
                Input::Time
            }
            Step::Done(result) => return Ok(result?),
        };
        step = exchange.step(now(), input)?;
    }
}

/// One request over a connection of its own.
async fn send(request: HttpRequest, tls: &TlsConnector) -> Result<HttpReply> {
    if request.scheme != Scheme::Https {
        bail!("only https is measured");
    }
    let (host, port) = match request.authority.rsplit_once(':') {
        Some((host, port)) => (host.to_owned(), port.parse()?),
        None => (request.authority.clone(), 443),
    };
    let addresses: Vec<_> = tokio::net::lookup_host((host.as_str(), port))
        .await?
        .collect();
    let stream = TcpStream::connect(&addresses[..]).await?;
    let stream = tls.connect(ServerName::try_from(host)?, stream).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);

    let mut head = Request::builder()
        .method(request.method)
        .uri(request.path)
        .header(header::HOST, request.authority)
        .header(header::CONNECTION, "close");
    for (name, value) in request.headers {
        head = head.header(name, value);
    }
    let body = Full::new(Bytes::from_owner(request.body));
    let (head, body) = sender.send_request(head.body(body)?).await?.into_parts();
    let body = Limited::new(body, BODY_BYTES).collect().await;
    let body = body.map_err(anyhow::Error::from_boxed)?.to_bytes();
    Ok(HttpReply {
        status: head.status.as_u16(),
        content_type: text(&head.headers, header::CONTENT_TYPE),
        retry_after: text(&head.headers, header::RETRY_AFTER),
        date: text(&head.headers, header::DATE),
        body: Zeroizing::new(body.to_vec()),
    })
}

fn text(headers: &HeaderMap, name: header::HeaderName) -> Option<String> {
    Some(headers.get(name)?.to_str().ok()?.to_owned())
}

fn now() -> Now {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH);
    Now {
        unix_seconds: since_1970.map_or(0, |time| time.as_secs().cast_signed()),
        monotonic_nanos: u64::try_from(START.elapsed().as_nanos()).unwrap_or(u64::MAX),
    }
}
