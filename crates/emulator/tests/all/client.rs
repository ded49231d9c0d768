//! An HTTP client that sends whatever it is told and shows every byte that
//! comes back, and the world its tests stand in.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use keyhole_emulator::{AKS_SERVER_APP_ID, Claims, Emulator, EmulatorConfig, Federation, Verdict};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use serde_json::Value;

/// Longer than anything here takes; only a broken emulator makes a test wait for it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

pub(crate) fn emulator() -> Emulator {
    Emulator::start(EmulatorConfig::default()).unwrap()
}

/// A token request; starts in order, then a test breaks it.
#[derive(Clone)]
pub(crate) struct Request {
    pub(crate) method: &'static str,
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    pub(crate) fn in_order(emulator: &Emulator) -> Self {
        Self::with_token(emulator, &emulator.federated_token())
    }

    pub(crate) fn with_claims(emulator: &Emulator, claims: &Claims) -> Self {
        Self::with_token(emulator, &emulator.issuer().mint(claims))
    }

    pub(crate) fn with_token(emulator: &Emulator, token: &str) -> Self {
        Self::get("")
            .method("POST")
            .path(&format!("/{}/oauth2/v2.0/token", emulator.tenant()))
            .form(&fields(emulator, token))
    }

    pub(crate) fn get(path: &str) -> Self {
        Self {
            method: "GET",
            path: path.to_owned(),
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    pub(crate) fn method(mut self, method: &'static str) -> Self {
        self.method = method;
        self
    }

    pub(crate) fn path(mut self, path: &str) -> Self {
        self.path = path.to_owned();
        self
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn content_type(mut self, value: Option<&str>) -> Self {
        self.headers.retain(|(name, _)| name != "content-type");
        match value {
            Some(value) => self.header("content-type", value),
            None => self,
        }
    }

    pub(crate) fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    pub(crate) fn form(self, fields: &[(String, String)]) -> Self {
        let body: Vec<_> = fields
            .iter()
            .map(|(name, value)| format!("{}={}", percent(name), percent(value)))
            .collect();
        self.content_type(Some("application/x-www-form-urlencoded"))
            .body(body.join("&"))
    }

    fn bytes(&self) -> Vec<u8> {
        let mut text = format!(
            "{} {} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n",
            self.method, self.path
        );
        for (name, value) in &self.headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        text.push_str(&format!("content-length: {}\r\n\r\n", self.body.len()));
        let mut bytes = text.into_bytes();
        bytes.extend_from_slice(&self.body);
        bytes
    }

    /// Over plain HTTP.
    pub(crate) fn send(&self, emulator: &Emulator) -> Reply {
        Reply::parse(self.raw(emulator).unwrap())
    }

    /// Over plain HTTP: every byte up to the end of the connection.
    pub(crate) fn raw(&self, emulator: &Emulator) -> io::Result<Vec<u8>> {
        let mut stream = self.open(emulator);
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// Over plain HTTP: sent, nothing read yet.
    pub(crate) fn open(&self, emulator: &Emulator) -> TcpStream {
        self.open_at(&emulator.http_authority())
    }

    /// Over plain HTTP to a URL: sent, nothing read yet.
    pub(crate) fn open_at(&self, url: &str) -> TcpStream {
        let mut stream = connect(url);
        stream.write_all(&self.bytes()).unwrap();
        stream
    }

    /// Over TLS to a URL of the emulator, with the CAs of a file.
    pub(crate) fn send_tls(&self, url: &str, ca: &Path) -> io::Result<Reply> {
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_file_iter(ca).unwrap() {
            roots.add(certificate.unwrap()).unwrap();
        }
        let config =
            ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
                .with_safe_default_protocol_versions()
                .unwrap()
                .with_root_certificates(roots)
                .with_no_client_auth();
        let name = ServerName::try_from("localhost").unwrap();
        let connection = ClientConnection::new(Arc::new(config), name).unwrap();
        let mut stream = StreamOwned::new(connection, connect(url));
        stream.write_all(&self.bytes())?;
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes)?;
        Ok(Reply::parse(bytes))
    }
}

/// The credential the emulator starts with.
pub(crate) fn federation(emulator: &Emulator) -> Federation {
    Federation {
        tenant: emulator.tenant().to_owned(),
        client_id: emulator.client_id().to_owned(),
        issuer: emulator.issuer_url().to_owned(),
        subject: emulator.subject().to_owned(),
        audience: emulator.audience().to_owned(),
    }
}

/// The five fields in order.
pub(crate) fn fields(emulator: &Emulator, token: &str) -> Vec<(String, String)> {
    let scope = format!("{AKS_SERVER_APP_ID}/.default");
    [
        ("client_id", emulator.client_id()),
        ("scope", &scope),
        ("client_assertion_type", ASSERTION_TYPE),
        ("client_assertion", token),
        ("grant_type", "client_credentials"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .to_vec()
}

/// The same fields with one of them changed.
pub(crate) fn changed(
    mut fields: Vec<(String, String)>,
    name: &str,
    value: &str,
) -> Vec<(String, String)> {
    for (given, old) in &mut fields {
        if given == name {
            value.clone_into(old);
        }
    }
    fields
}

pub(crate) fn connect(url: &str) -> TcpStream {
    let port = url
        .trim_end_matches('/')
        .rsplit(':')
        .next()
        .unwrap()
        .parse()
        .unwrap();
    let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

fn percent(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                char::from(byte).to_string()
            }
            other => format!("%{other:02X}"),
        })
        .collect()
}

/// An answer taken apart.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    pub(crate) fn parse(bytes: Vec<u8>) -> Self {
        let end = bytes
            .windows(4)
            .position(|four| four == b"\r\n\r\n")
            .expect("a head that ends");
        let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Self {
            status,
            head,
            body: bytes[end + 4..].to_vec(),
        }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (given, value) = line.split_once(':')?;
            given.eq_ignore_ascii_case(name).then_some(value.trim())
        })
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Asserts that this is Entra's error, whole, and that it was recorded.
    pub(crate) fn assert_refused(&self, emulator: &Emulator, status: u16, error: &str, code: u32) {
        let body = self.json();
        assert_eq!(body["error_codes"], serde_json::json!([code]), "{body}");
        assert_eq!(self.status, status, "{body}");
        assert_eq!(body["error"], error, "{body}");
        let description = body["error_description"].as_str().unwrap();
        assert!(
            description.starts_with(&format!("AADSTS{code}: ")),
            "{description}"
        );
        for (label, member) in [
            ("Trace ID", "trace_id"),
            ("Correlation ID", "correlation_id"),
            ("Timestamp", "timestamp"),
        ] {
            let value = body[member]
                .as_str()
                .unwrap_or_else(|| panic!("{member}: {body}"));
            assert!(
                description.contains(&format!("{label}: {value}")),
                "{description}"
            );
        }
        assert_eq!(
            emulator.requests().last().unwrap().verdict,
            Verdict::Refused(code)
        );
    }
}
