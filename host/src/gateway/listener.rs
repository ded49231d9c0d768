//! Where callers connect: loopback or a Unix socket.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::{FileTypeExt, MetadataExt as _};
use std::path::{Path, PathBuf};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener};

/// Who can connect to the socket file: its owner.
const SOCKET_UMASK: rustix::fs::Mode = rustix::fs::Mode::from_raw_mode(0o177);

/// A place where callers connect.
pub struct Listener(Kind);

enum Kind {
    Tcp(TcpListener),
    /// With its file, unless that is another one's to remove.
    Unix(UnixListener, Option<SocketFile>),
}

/// A place where callers connect, in no event loop yet.
pub(super) enum Shared {
    Tcp(std::net::TcpListener),
    Unix(std::os::unix::net::UnixListener),
}

impl Shared {
    /// Takes it into this thread's event loop.
    pub(super) fn into_listener(self) -> io::Result<Listener> {
        Ok(Listener(match self {
            Shared::Tcp(listener) => Kind::Tcp(TcpListener::from_std(listener)?),
            Shared::Unix(listener) => Kind::Unix(UnixListener::from_std(listener)?, None),
        }))
    }
}

/// Why nobody can connect.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ListenError {
    /// The address is not one of loopback.
    #[error("{0} can be reached from other machines, and whoever connects acts as this identity")]
    NotLoopback(SocketAddr),
    /// The system does not give the address.
    #[error("cannot listen on {address}: {error}")]
    Bind {
        /// The address or the socket's path.
        address: String,
        /// Why.
        error: io::Error,
    },
    /// There is a file of another kind, or a socket that somebody listens on.
    #[error("{} is there already{}", .0.display(), .1)]
    Taken(PathBuf, &'static str),
}

impl Listener {
    /// Listens on a TCP address; on port 0, on any that is free. An address that
    /// is not loopback's only if `remote` is allowed.
    ///
    /// # Errors
    /// [`ListenError`]
    pub async fn tcp(address: SocketAddr, remote: bool) -> Result<Self, ListenError> {
        if !address.ip().is_loopback() && !remote {
            return Err(ListenError::NotLoopback(address));
        }
        let bound = TcpListener::bind(address).await;
        let listener = bound.map_err(|error| ListenError::Bind {
            address: address.to_string(),
            error,
        })?;
        Ok(Listener(Kind::Tcp(listener)))
    }

    /// Listens on a socket file with mode 0600, which is removed at the end. A
    /// file that an ended process has left is replaced.
    ///
    /// # Errors
    /// [`ListenError`]
    pub async fn unix(path: &Path) -> Result<Self, ListenError> {
        let cannot = |error| ListenError::Bind {
            address: path.display().to_string(),
            error,
        };
        match std::fs::symlink_metadata(path) {
            Ok(metadata) if !metadata.file_type().is_socket() => {
                return Err(ListenError::Taken(path.to_owned(), " and is no socket"));
            }
            Ok(_) => match tokio::net::UnixStream::connect(path).await {
                Ok(_) => {
                    let why = ", and another process listens on it";
                    return Err(ListenError::Taken(path.to_owned(), why));
                }
                Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
                    std::fs::remove_file(path).map_err(cannot)?;
                }
                // Somebody may be there all the same.
                Err(error) => return Err(cannot(error)),
            },
            Err(_) => {}
        }
        // Made with its mode, and under a name that nobody knows: whoever can
        // connect acts as this identity.
        let mut random = [0; 8];
        getrandom::fill(&mut random).map_err(|error| cannot(error.into()))?;
        let hidden = path.with_extension(format!("{:x}", u64::from_ne_bytes(random)));
        let before = rustix::process::umask(SOCKET_UMASK);
        let bound = UnixListener::bind(&hidden);
        rustix::process::umask(before);
        let listener = bound.map_err(cannot)?;
        let file = SocketFile::at(&hidden).map_err(cannot)?;
        std::fs::rename(&hidden, path).map_err(cannot)?;
        let file = file.renamed(path);
        Ok(Listener(Kind::Unix(listener, Some(file))))
    }

    /// The same place, for an event loop of another thread.
    pub(super) fn share(&self) -> io::Result<Shared> {
        let copy = |fd: std::os::fd::BorrowedFd<'_>| fd.try_clone_to_owned();
        Ok(match &self.0 {
            Kind::Tcp(listener) => Shared::Tcp(copy(listener.as_fd())?.into()),
            Kind::Unix(listener, _) => Shared::Unix(copy(listener.as_fd())?.into()),
        })
    }

    pub(super) async fn accept(&self) -> io::Result<Box<dyn Connection>> {
        Ok(match &self.0 {
            Kind::Tcp(listener) => {
                let (stream, _) = listener.accept().await?;
                // An event of a watch is small, and somebody waits for it.
                stream.set_nodelay(true)?;
                Box::new(stream)
            }
            Kind::Unix(listener, _) => Box::new(listener.accept().await?.0),
        })
    }
}

/// What a caller is connected by.
pub(super) trait Connection: AsyncRead + AsyncWrite + Unpin + Send {
    /// By which it is seen that the caller has gone.
    fn gone(&self) -> io::Result<Gone>;
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + AsFd> Connection for S {
    fn gone(&self) -> io::Result<Gone> {
        self.as_fd().try_clone_to_owned().map(Gone)
    }
}

/// What tells that a connection has been closed from there; elsewhere than on
/// Linux that is known only when both ways are.
#[cfg(target_os = "linux")]
const CLOSED: PollFlags = PollFlags::RDHUP.union(PollFlags::HUP);
#[cfg(not(target_os = "linux"))]
const CLOSED: PollFlags = PollFlags::HUP;

/// A caller's connection, seen from aside.
pub(super) struct Gone(OwnedFd);

impl Gone {
    /// Whether the caller has closed it, whatever is still to be read.
    pub(super) fn is_gone(&self) -> bool {
        let mut polled = [PollFd::new(&self.0, CLOSED)];
        let now = Timespec::default();
        poll(&mut polled, Some(&now)).is_ok_and(|ready| ready > 0)
    }
}

impl fmt::Display for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Tcp(listener) => match listener.local_addr() {
                Ok(address) => address.fmt(f),
                Err(error) => write!(f, "an address that is not known: {error}"),
            },
            Kind::Unix(_, Some(file)) => file.path.display().fmt(f),
            Kind::Unix(_, None) => f.write_str("a shared socket"),
        }
    }
}

/// A socket file, removed with its listener unless another process has put its own
/// there.
struct SocketFile {
    path: PathBuf,
    /// Device and inode.
    identity: (u64, u64),
}

impl SocketFile {
    fn at(path: &Path) -> io::Result<Self> {
        Ok(SocketFile {
            path: path.to_owned(),
            identity: identity(path)?,
        })
    }

    fn renamed(mut self, path: &Path) -> Self {
        path.clone_into(&mut self.path);
        self
    }
}

fn identity(path: &Path) -> io::Result<(u64, u64)> {
    let metadata = std::fs::symlink_metadata(path)?;
    Ok((metadata.dev(), metadata.ino()))
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if identity(&self.path).is_ok_and(|found| found == self.identity) {
            // It is gone already, or the next start replaces it.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}
