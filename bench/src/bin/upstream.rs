//! `upstream CA-FILE`: a server that answers every request that bears a token
//! with a few hundred bytes, and does as little else as it can: what is measured
//! is the proxy before it. Prints its ports, that of TLS and that of plain HTTP;
//! ends with standard input.

use std::convert::Infallible;
use std::io::Write as _;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// What is answered without a token, for a proxy that adds none.
const OPEN: &str = "/open";

/// As much as a small object of Kubernetes.
const ANSWER: &[u8] = &[b'x'; 400];

fn main() -> Result<()> {
    let file = std::env::args_os()
        .nth(1)
        .context("usage: upstream CA-FILE")?;
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
    std::fs::write(file, made.cert.pem())?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], made.signing_key.into())?;
    std::thread::spawn(|| {
        // Whoever started this one is gone when its end of the pipe is.
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        std::process::exit(0);
    });
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(serve(TlsAcceptor::from(Arc::new(config))))
}

async fn serve(tls: TlsAcceptor) -> Result<()> {
    let over_tls = TcpListener::bind(("127.0.0.1", 0)).await?;
    let plain = TcpListener::bind(("127.0.0.1", 0)).await?;
    let port = |listener: &TcpListener| listener.local_addr().map(|address| address.port());
    println!("{} {}", port(&over_tls)?, port(&plain)?);
    std::io::stdout().flush()?;
    tokio::spawn(async move {
        while let Ok((stream, _)) = plain.accept().await {
            tokio::spawn(converse(stream));
        }
    });
    loop {
        let (stream, _) = over_tls.accept().await?;
        stream.set_nodelay(true)?;
        let tls = tls.clone();
        tokio::spawn(async move {
            if let Ok(stream) = tls.accept(stream).await {
                converse(stream).await;
            }
        });
    }
}

async fn converse(stream: impl AsyncRead + AsyncWrite + Unpin) {
    let serving = http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service_fn(answer))
        .await;
    // A client that goes is that client's affair.
    drop(serving);
}

async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let value = request.headers().get(AUTHORIZATION);
    let has_token = request.uri().path() == OPEN
        || value.is_some_and(|value| value.as_bytes().starts_with(b"Bearer "));
    let mut response = Response::new(Full::new(Bytes::from_static(ANSWER)));
    if !has_token {
        *response.status_mut() = StatusCode::UNAUTHORIZED;
    }
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    Ok(response)
}
