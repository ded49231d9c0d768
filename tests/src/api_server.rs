//! A stand-in for the Kubernetes API server: it answers `/version` and the
//! like over TLS, and keeps what it was given as a bearer token.

use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use std::io::{BufRead, BufReader, Read as _, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// A client that says nothing for this long is not waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// A status line without the protocol, and a body.
pub type Review = (&'static str, &'static str);

/// Whom the server takes a known token for.
const REVIEW: Review = (
    "201 Created",
    r#"{"kind":"SelfSubjectReview","apiVersion":"authentication.k8s.io/v1","status":{"userInfo":{"username":"the-object-id","uid":"1","groups":["a-group","system:authenticated"]}}}"#,
);

/// It serves until the process ends.
pub struct ApiServer {
    address: SocketAddr,
    certificate: String,
    bearers: Arc<Mutex<Vec<String>>>,
}

impl ApiServer {
    /// Starts one that lets in whoever brings this token.
    #[must_use]
    pub fn start(token: &str) -> Self {
        Self::reviewing(token, REVIEW)
    }

    /// One that answers a SelfSubjectReview with this status line and body.
    #[must_use]
    pub fn reviewing(token: &str, review: Review) -> Self {
        let made =
            rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).expect("a certificate");
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
        let server = Self {
            address: listener.local_addr().expect("an address"),
            certificate: made.cert.pem(),
            bearers: Arc::default(),
        };
        let tls = configuration(made.cert.der().clone(), made.signing_key.into());
        let (bearers, token) = (server.bearers.clone(), token.to_owned());
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (tls, bearers, token) = (tls.clone(), bearers.clone(), token.clone());
                // A client that breaks off is that client's affair.
                thread::spawn(move || serve(stream, tls, &bearers, &token, review).ok());
            }
        });
        server
    }

    /// Its URL.
    #[must_use]
    pub fn url(&self) -> String {
        format!("https://{}", self.address)
    }

    /// Its certificate in PEM.
    #[must_use]
    pub fn certificate(&self) -> &str {
        &self.certificate
    }

    /// The bearer tokens of all requests so far; none counts as empty.
    #[must_use]
    pub fn bearers(&self) -> Vec<String> {
        self.bearers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

fn configuration(
    certificate: CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
) -> Arc<ServerConfig> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("protocol versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .expect("the certificate and its key");
    Arc::new(config)
}

fn serve(
    stream: TcpStream,
    tls: Arc<ServerConfig>,
    bearers: &Mutex<Vec<String>>,
    token: &str,
    review: Review,
) -> std::io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    let connection = ServerConnection::new(tls).map_err(std::io::Error::other)?;
    let mut stream = BufReader::new(StreamOwned::new(connection, stream));
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line)? == 0 || line == "\r\n" {
            break;
        }
        lines.push(line.trim_end().to_owned());
    }
    let length = lines.iter().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("content-length")
            .then(|| value.parse().ok())?
    });
    let mut body = vec![0; length.unwrap_or_default()];
    stream.read_exact(&mut body)?;
    let bearer = lines
        .iter()
        .find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            name.eq_ignore_ascii_case("authorization")
                .then(|| value.trim_start_matches("Bearer ").to_owned())
        })
        .unwrap_or_default();
    let path = lines.first().and_then(|line| line.split(' ').nth(1));
    let known = bearer == token;
    let (status, body) = match path {
        Some("/apis/authentication.k8s.io/v1/selfsubjectreviews") if known => review,
        path => answer(path.unwrap_or_default(), known),
    };
    bearers
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .push(bearer);
    let stream = stream.get_mut();
    write!(
        stream,
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
         connection: close\r\n\r\n{body}",
        body.len()
    )?;
    stream.flush()?;
    stream.conn.send_close_notify();
    stream.flush()
}

fn answer(path: &str, known: bool) -> (&'static str, &'static str) {
    const UNAUTHORIZED: &str = r#"{"kind":"Status","apiVersion":"v1","status":"Failure","message":"Unauthorized","reason":"Unauthorized","code":401}"#;
    const MISSING: &str = r#"{"kind":"Status","apiVersion":"v1","status":"Failure","message":"not found","reason":"NotFound","code":404}"#;
    match path.split('?').next().unwrap_or_default() {
        _ if !known => ("401 Unauthorized", UNAUTHORIZED),
        "/version" => (
            "200 OK",
            r#"{"major":"1","minor":"32","gitVersion":"v1.32.0-stand-in"}"#,
        ),
        "/api" => ("200 OK", r#"{"kind":"APIVersions","versions":["v1"]}"#),
        "/apis" => (
            "200 OK",
            r#"{"kind":"APIGroupList","apiVersion":"v1","groups":[]}"#,
        ),
        _ => ("404 Not Found", MISSING),
    }
}
