//! A real kube-apiserver with a real etcd, which trusts the access tokens of an
//! emulator. Programs: `KEYHOLE_KUBE_APISERVER` and `KEYHOLE_ETCD`, which
//! `cargo xtask test --all` gets and sets.

use keyhole_emulator::{AKS_SERVER_APP_ID, Emulator};
use rcgen::{CertifiedKey, KeyPair, generate_simple_self_signed};
use serde_json::{Value, json};
use std::ffi::OsString;
use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

/// The programs, if both are there.
#[derive(Debug)]
pub struct Programs {
    apiserver: OsString,
    etcd: OsString,
}

impl Programs {
    /// Looks for them.
    #[must_use]
    pub fn find() -> Option<Self> {
        Some(Self {
            apiserver: std::env::var_os("KEYHOLE_KUBE_APISERVER")?,
            etcd: std::env::var_os("KEYHOLE_ETCD")?,
        })
    }
}

/// A running one; it ends when it is dropped.
pub struct KubeApiserver {
    url: String,
    ca: String,
    // In the order in which they end.
    _apiserver: Ended,
    _etcd: Ended,
    _folder: TempDir,
}

impl KubeApiserver {
    /// Starts one and waits until it serves. It may take some seconds more
    /// until it has fetched the keys of the emulator.
    #[must_use]
    pub fn start(programs: &Programs, emulator: &Emulator) -> Self {
        let folder = TempDir::with_prefix("keyhole-kube-apiserver-").expect("a folder");
        let at = |name: &str| folder.path().join(name);
        let etcd = etcd(&programs.etcd, &at("etcd"));

        let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed(names).expect("a certificate");
        let accounts = KeyPair::generate().expect("a key");
        let authentication = authentication(emulator).to_string();
        for (name, text) in [
            ("tls.pem", cert.pem()),
            ("tls-key.pem", signing_key.serialize_pem()),
            ("accounts-key.pem", accounts.serialize_pem()),
            ("accounts.pem", accounts.public_key_pem()),
            ("authentication.json", authentication),
        ] {
            std::fs::write(at(name), text).expect("a file");
        }
        let port = free_port();
        let option = |name: &str, file: &str| format!("--{name}={}", at(file).display());
        let mut command = Command::new(&programs.apiserver);
        command
            .arg(format!("--etcd-servers={}", etcd.1))
            .args(["--bind-address=127.0.0.1", "--advertise-address=127.0.0.1"])
            .arg(format!("--secure-port={port}"))
            .arg(option("tls-cert-file", "tls.pem"))
            .arg(option("tls-private-key-file", "tls-key.pem"))
            .args(["--service-account-issuer=https://kubernetes.default.svc"])
            .arg(option(
                "service-account-signing-key-file",
                "accounts-key.pem",
            ))
            .arg(option("service-account-key-file", "accounts.pem"))
            .arg("--service-cluster-ip-range=10.0.0.0/24")
            .arg(option("authentication-config", "authentication.json"))
            // Who somebody is, not what he may do, is to be shown.
            .arg("--authorization-mode=AlwaysAllow");
        let apiserver = Ended::start(&mut command, &at("kube-apiserver.log"), "Serving securely");
        Self {
            url: format!("https://127.0.0.1:{port}"),
            ca: cert.pem(),
            _apiserver: apiserver,
            _etcd: etcd.0,
            _folder: folder,
        }
    }

    /// Its URL.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Its certificate, in PEM.
    #[must_use]
    pub fn ca_certificate(&self) -> &str {
        &self.ca
    }
}

/// What AKS tells its API servers in other words: whose tokens are taken, and
/// that a user's name is the token's `oid` (kubernetes.io, "Authenticating",
/// structured authentication configuration).
fn authentication(emulator: &Emulator) -> Value {
    let ca = std::fs::read_to_string(emulator.ca_file()).expect("the emulator's CA");
    json!({
        "apiVersion": "apiserver.config.k8s.io/v1beta1",
        "kind": "AuthenticationConfiguration",
        "anonymous": { "enabled": false },
        "jwt": [{
            "issuer": {
                "url": emulator.access_token_issuer().url(),
                "discoveryURL": format!(
                    "{}{}/.well-known/openid-configuration",
                    emulator.https_authority(),
                    emulator.tenant(),
                ),
                "certificateAuthority": ca,
                "audiences": [AKS_SERVER_APP_ID],
            },
            "claimMappings": {
                "username": { "claim": "oid", "prefix": "" },
                "groups": { "claim": "groups", "prefix": "" },
            },
        }],
    })
}

fn etcd(program: &OsString, data: &Path) -> (Ended, String) {
    let clients = format!("http://127.0.0.1:{}", free_port());
    let peers = format!("http://127.0.0.1:{}", free_port());
    let mut command = Command::new(program);
    command
        .arg("--data-dir")
        .arg(data)
        .args(["--listen-client-urls", &clients])
        .args(["--advertise-client-urls", &clients])
        .args(["--listen-peer-urls", &peers])
        .args(["--initial-advertise-peer-urls", &peers])
        .args(["--initial-cluster", &format!("default={peers}")])
        .arg("--unsafe-no-fsync");
    let log = data.with_extension("log");
    (
        Ended::start(&mut command, &log, "ready to serve client requests"),
        clients,
    )
}

/// A port that was free a moment ago: neither program can take any and say
/// which.
fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    listener.local_addr().expect("an address").port()
}

/// A child process that ends with this.
struct Ended(Child);

impl Ended {
    /// Starts it, and waits until its log has a line with these words.
    fn start(command: &mut Command, log: &PathBuf, words: &str) -> Self {
        let mut child = Self(
            command
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap_or_else(|error| panic!("{command:?}: {error}")),
        );
        let mut lines = BufReader::new(child.0.stderr.take().expect("its log"));
        let mut all = String::new();
        loop {
            let start = all.len();
            let read = lines.read_line(&mut all).expect("its log");
            assert!(read > 0, "it ended before it served:\n{all}");
            if all[start..].contains(words) {
                break;
            }
        }
        // Nobody may stop reading, or it would stop writing, and wait.
        let mut rest = File::create(log).expect("a log file");
        std::thread::spawn(move || std::io::copy(&mut lines, &mut rest));
        child
    }
}

impl Drop for Ended {
    fn drop(&mut self) {
        // Both fail only if it has just ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
