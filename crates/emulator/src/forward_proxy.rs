//! A forward proxy that knows CONNECT, on loopback, which misbehaves on request
//! and keeps what came over it.

use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio_rustls::TlsAcceptor;

use crate::certificates::Authority;
use crate::emulator::StartError;

/// The longest head of a request that is read.
const LONGEST_HEAD: usize = 64 << 10;
/// What is kept of what clients send through tunnels.
const KEPT: usize = 1 << 20;

/// What a forward proxy is started with.
#[derive(Clone, Debug, Default)]
pub struct ForwardProxyConfig {
    /// Where names lead: `host:port` as in CONNECT, to an address. Others are
    /// not reached (502).
    pub names: HashMap<String, SocketAddr>,
    /// User and password that it wants.
    pub credentials: Option<(String, String)>,
    /// Whether it is reached over TLS, with a certificate for `localhost`.
    pub tls: bool,
}

/// What a forward proxy does instead of its work.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ProxyFault {
    /// Nothing: it works.
    #[default]
    None,
    /// It answers with this status.
    Status(u16),
    /// It answers with these bytes and closes.
    Raw(Vec<u8>),
    /// It answers 200 with a head of at least this many bytes.
    HugeHead(usize),
    /// It reads the request and never answers.
    Hang,
    /// It reads the request and closes.
    Close,
    /// It makes the tunnel and closes it.
    CloseTunnel,
    /// It makes the tunnel and sends these bytes in the host's place.
    RawTunnel(Vec<u8>),
}

/// A running forward proxy; it ends when it is dropped.
pub struct ForwardProxy {
    shared: Arc<Shared>,
    port: u16,
    tls: bool,
    ca_file: PathBuf,
    _folder: TempDir,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    names: HashMap<String, SocketAddr>,
    authorization: Option<String>,
    fault: Mutex<ProxyFault>,
    heads: Mutex<Vec<String>>,
    carried: Mutex<Vec<u8>>,
    connections: AtomicUsize,
}

impl ForwardProxy {
    /// Starts one.
    ///
    /// # Errors
    /// [`StartError`], if the system gives no port, file or thread.
    pub fn start(config: ForwardProxyConfig) -> Result<Self, StartError> {
        let ca = Authority::new()?;
        let folder = tempfile::Builder::new()
            .prefix("keyhole-proxy-")
            .tempdir()?;
        let ca_file = folder.path().join("ca.pem");
        std::fs::write(&ca_file, ca.pem())?;
        let acceptor = match config.tls {
            true => Some(TlsAcceptor::from(ca.server(None)?)),
            false => None,
        };
        let socket = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        socket.set_nonblocking(true)?;
        let port = socket.local_addr()?.port();
        let shared = Arc::new(Shared {
            names: config.names,
            authorization: config
                .credentials
                .map(|(user, password)| STANDARD.encode(format!("{user}:{password}"))),
            fault: Mutex::default(),
            heads: Mutex::default(),
            carried: Mutex::default(),
            connections: AtomicUsize::new(0),
        });
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .build()?;
        let socket = {
            let _entered = runtime.enter();
            TcpListener::from_std(socket)?
        };
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = Arc::clone(&shared);
        let thread = thread::Builder::new()
            .name("keyhole-forward-proxy".to_owned())
            .spawn(move || {
                runtime.block_on(async {
                    tokio::select! {
                        _ = stopped => {}
                        () = serve(socket, acceptor, &serving) => {}
                    }
                });
            })?;
        Ok(Self {
            shared,
            port,
            tls: config.tls,
            ca_file,
            _folder: folder,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// Its URL with these credentials, which must be percent-encoded.
    #[must_use]
    pub fn url_with(&self, userinfo: &str) -> String {
        let scheme = if self.tls { "https" } else { "http" };
        let at = if userinfo.is_empty() { "" } else { "@" };
        format!("{scheme}://{userinfo}{at}localhost:{}", self.port)
    }

    /// Its URL.
    #[must_use]
    pub fn url(&self) -> String {
        self.url_with("")
    }

    /// The CA of its certificate, in PEM.
    #[must_use]
    pub fn ca_file(&self) -> &Path {
        &self.ca_file
    }

    /// Lets every request meet a fault.
    pub fn always(&self, fault: ProxyFault) {
        *lock(&self.shared.fault) = fault;
    }

    /// The heads of the requests so far, as they came.
    #[must_use]
    pub fn heads(&self) -> Vec<String> {
        lock(&self.shared.heads).clone()
    }

    /// What clients sent through tunnels so far: the first mebibyte.
    #[must_use]
    pub fn carried(&self) -> Vec<u8> {
        lock(&self.shared.carried).clone()
    }

    /// How many connections were accepted so far.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }
}

impl Drop for ForwardProxy {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic there has been printed there.
            let _ = thread.join();
        }
    }
}

async fn serve(socket: TcpListener, acceptor: Option<TlsAcceptor>, shared: &Arc<Shared>) {
    while let Ok((stream, _)) = socket.accept().await {
        shared.connections.fetch_add(1, Ordering::SeqCst);
        let (acceptor, shared) = (acceptor.clone(), Arc::clone(shared));
        tokio::spawn(async move {
            // Clients may end as rudely as they like.
            let _ = match acceptor {
                None => shared.run(stream).await,
                Some(acceptor) => match acceptor.accept(stream).await {
                    Ok(stream) => shared.run(stream).await,
                    Err(error) => Err(error),
                },
            };
        });
    }
}

impl Shared {
    async fn run(&self, mut client: impl AsyncRead + AsyncWrite + Unpin) -> io::Result<()> {
        let head = read_head(&mut client).await?;
        lock(&self.heads).push(head.clone());
        let fault = lock(&self.fault).clone();
        match fault {
            ProxyFault::Hang => {
                let mut ignored = [0; 64];
                while client.read(&mut ignored).await? > 0 {}
                return Ok(());
            }
            ProxyFault::Close => return Ok(()),
            ProxyFault::Raw(bytes) => {
                client.write_all(&bytes).await?;
                return client.shutdown().await;
            }
            ProxyFault::HugeHead(bytes) => {
                let head = format!(
                    "HTTP/1.1 200 OK\r\nx-padding: {}\r\n\r\n",
                    "p".repeat(bytes)
                );
                client.write_all(head.as_bytes()).await?;
                return client.shutdown().await;
            }
            ProxyFault::Status(status) => return answer(&mut client, status).await,
            ProxyFault::None | ProxyFault::CloseTunnel | ProxyFault::RawTunnel(_) => {}
        }
        if let Some(wanted) = &self.authorization {
            let wanted = format!("\r\nproxy-authorization: Basic {wanted}\r\n");
            if !head.contains(&wanted) {
                return answer(&mut client, 407).await;
            }
        }
        let target = head
            .strip_prefix("CONNECT ")
            .and_then(|rest| rest.split_once(" HTTP/1.1\r\n"))
            .and_then(|(name, _)| self.names.get(name));
        let Some(target) = target else {
            return answer(&mut client, 502).await;
        };
        let host = TcpStream::connect(target).await?;
        client
            .write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")
            .await?;
        match fault {
            ProxyFault::CloseTunnel => client.shutdown().await,
            ProxyFault::RawTunnel(bytes) => {
                client.write_all(&bytes).await?;
                client.shutdown().await
            }
            _ => self.carry(client, host).await,
        }
    }

    async fn carry(&self, client: impl AsyncRead + AsyncWrite, host: TcpStream) -> io::Result<()> {
        let (mut from_client, mut to_client) = tokio::io::split(client);
        let (mut from_host, mut to_host) = host.into_split();
        let up = async {
            let mut piece = vec![0; 16 << 10];
            loop {
                let length = from_client.read(&mut piece).await?;
                if length == 0 {
                    return to_host.shutdown().await;
                }
                {
                    let mut carried = lock(&self.carried);
                    let room = KEPT.saturating_sub(carried.len()).min(length);
                    carried.extend_from_slice(&piece[..room]);
                }
                to_host.write_all(&piece[..length]).await?;
            }
        };
        let down = async {
            tokio::io::copy(&mut from_host, &mut to_client).await?;
            to_client.shutdown().await
        };
        tokio::try_join!(up, down).map(drop)
    }
}

async fn read_head(client: &mut (impl AsyncRead + Unpin)) -> io::Result<String> {
    let mut head = Vec::new();
    // One by one, so that nothing of the tunnel is taken.
    while !head.ends_with(b"\r\n\r\n") && head.len() < LONGEST_HEAD {
        head.push(client.read_u8().await?);
    }
    Ok(String::from_utf8_lossy(&head).into_owned())
}

async fn answer(client: &mut (impl AsyncWrite + Unpin), status: u16) -> io::Result<()> {
    let challenge = match status {
        407 => "proxy-authenticate: Basic realm=\"keyhole\"\r\n",
        _ => "",
    };
    let head = format!("HTTP/1.1 {status} No tunnel\r\n{challenge}content-length: 0\r\n\r\n");
    client.write_all(head.as_bytes()).await?;
    client.shutdown().await
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
