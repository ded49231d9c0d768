//! Where callers connect: loopback or a Unix socket.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener};

/// Who can connect to the socket file: its owner.
const SOCKET_MODE: u32 = 0o600;

/// A place where callers connect.
pub struct Listener(Kind);

enum Kind {
    Tcp(TcpListener),
    Unix(UnixListener, SocketFile),
    /// The file is another one's to remove.
    SharedUnix(UnixListener),
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
            Shared::Unix(listener) => Kind::SharedUnix(UnixListener::from_std(listener)?),
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
                Err(_) => std::fs::remove_file(path).map_err(cannot)?,
            },
            Err(_) => {}
        }
        // Bound under another name first: nobody connects before the mode is set.
        let hidden = path.with_extension(format!("{}.tmp", std::process::id()));
        let listener = UnixListener::bind(&hidden).map_err(cannot)?;
        let file = SocketFile(hidden.clone());
        let mode = std::fs::Permissions::from_mode(SOCKET_MODE);
        std::fs::set_permissions(&hidden, mode)
            .and_then(|()| std::fs::rename(&hidden, path))
            .map_err(cannot)?;
        std::mem::forget(file);
        Ok(Listener(Kind::Unix(listener, SocketFile(path.to_owned()))))
    }

    /// The same place, for an event loop of another thread.
    pub(super) fn share(&self) -> io::Result<Shared> {
        use std::os::fd::AsFd as _;
        let copy = |fd: std::os::fd::BorrowedFd<'_>| fd.try_clone_to_owned();
        Ok(match &self.0 {
            Kind::Tcp(listener) => Shared::Tcp(copy(listener.as_fd())?.into()),
            Kind::Unix(listener, _) | Kind::SharedUnix(listener) => {
                Shared::Unix(copy(listener.as_fd())?.into())
            }
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
            Kind::SharedUnix(listener) => Box::new(listener.accept().await?.0),
        })
    }
}

/// What a caller is connected by.
pub(super) trait Connection: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Connection for S {}

impl fmt::Display for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Tcp(listener) => match listener.local_addr() {
                Ok(address) => address.fmt(f),
                Err(error) => write!(f, "an address that is not known: {error}"),
            },
            Kind::Unix(_, file) => file.0.display().fmt(f),
            Kind::SharedUnix(_) => f.write_str("a shared socket"),
        }
    }
}

/// A socket file, removed with its listener.
struct SocketFile(PathBuf);

impl Drop for SocketFile {
    fn drop(&mut self) {
        // It is gone already, or the next start replaces it.
        let _ = std::fs::remove_file(&self.0);
    }
}
