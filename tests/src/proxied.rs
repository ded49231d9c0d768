//! What every proxy that adds the access token is put through, whatever it is
//! made of: it stands between callers on this machine and the emulator's API
//! server. Start with [`Proxied`]; the trials are its methods, one file each.

pub mod attacks;
pub mod client;
mod curl;
mod faults;
mod headers;
mod kubectl;
mod mixed;
mod rotation;
mod streaming;

use crate::World;
pub use streaming::GIBIBYTE;

use client::{Connection, Request, Response};
use keyhole_emulator::{ApiServer, RecordedRequest, Verdict};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Longer than anything here takes; only a broken proxy makes a test wait for it.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// How often something that is waited for is looked at.
const POLL: Duration = Duration::from_millis(20);

/// Where callers reach a proxy.
#[derive(Clone, Debug)]
pub enum Address {
    /// Over TCP.
    Tcp(SocketAddr),
    /// Over a Unix socket.
    Unix(PathBuf),
}

/// A proxy that runs, with what stands behind it.
pub struct Proxied<'a> {
    /// Where it listens.
    pub address: Address,
    /// The pod it takes its token from.
    pub world: &'a World,
    /// What it forwards to.
    pub api_server: &'a ApiServer,
    /// Its process, if its memory is to be watched.
    pub process: Option<u32>,
}

impl Proxied<'_> {
    /// A connection to it.
    #[must_use]
    pub fn connect(&self) -> Connection {
        match &self.address {
            Address::Tcp(address) => {
                let stream = TcpStream::connect(address).expect("the proxy takes connections");
                stream.set_nodelay(true).expect("a socket");
                Connection::tcp(stream)
            }
            Address::Unix(path) => {
                Connection::unix(UnixStream::connect(path).expect("the proxy takes connections"))
            }
        }
    }

    /// Sends a request over a connection of its own.
    #[must_use]
    pub fn send(&self, request: &Request) -> Response {
        self.connect().send(request)
    }

    /// Gets a path.
    #[must_use]
    pub fn get(&self, target: &str) -> Response {
        self.send(&Request::get(target))
    }

    /// Its URL, if it has one.
    #[must_use]
    pub fn url(&self) -> Option<String> {
        match &self.address {
            Address::Tcp(address) => Some(format!("http://{address}")),
            Address::Unix(_) => None,
        }
    }

    /// Waits until it answers that it has let a request in.
    ///
    /// # Panics
    /// If it does not within [`PATIENCE`].
    pub fn must_work(&self) {
        let response = self.get("/version");
        assert_eq!(response.status, 200, "{response:?}");
    }

    /// How many access tokens the authority has granted.
    #[must_use]
    pub fn exchanges(&self) -> usize {
        let requests = self.world.emulator.requests();
        let granted = requests.iter().filter(|r| r.verdict == Verdict::Granted);
        granted.count()
    }

    /// The requests that reached the API server after the first so many.
    #[must_use]
    pub fn requests_after(&self, number: usize) -> Vec<RecordedRequest> {
        let mut requests = self.api_server.requests();
        requests.retain(|request| request.number > number);
        requests
    }

    /// How many requests have reached the API server.
    #[must_use]
    pub fn requests(&self) -> usize {
        self.api_server.requests().last().map_or(0, |r| r.number)
    }

    /// The most memory its process has had resident, in MiB (proc(5), VmHWM).
    #[must_use]
    pub fn peak_memory(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process?));
        let status = status.expect("the proxy's process");
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = line.and_then(|line| line.trim().strip_suffix(" kB"));
        let kib: u64 = kib.and_then(|kib| kib.trim().parse().ok()).expect("VmHWM");
        Some(kib / 1_024)
    }
}

/// Waits until something holds.
///
/// # Panics
/// If it does not within [`PATIENCE`].
pub fn wait_until(what: &str, holds: impl Fn() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < end, "waited in vain: {what}");
        std::thread::sleep(POLL);
    }
}
