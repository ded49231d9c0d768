//! Connecting to the addresses that were judged, in the resolver's order.

use super::NetworkFault;
use crate::audit::{AuditEvent, Capability};
use crate::call::Call;
use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// The next address is tried this long after the last one (RFC 8305, section
/// 5: the recommended Connection Attempt Delay).
const ATTEMPT_DELAY: Duration = Duration::from_millis(250);

/// All addresses together have this long: what does not answer by then is
/// retried by the schedule.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// The first connection that is made.
pub(crate) async fn connect(
    call: &Call,
    addresses: &[SocketAddr],
) -> Result<TcpStream, NetworkFault> {
    let start = Instant::now();
    let last = addresses
        .last()
        .map(ToString::to_string)
        .unwrap_or_default();
    let result = match tokio::time::timeout(CONNECT_TIMEOUT, race(addresses)).await {
        Ok(Ok((address, stream))) => {
            call.log(AuditEvent::allowed(Capability::Connect, address.to_string()).since(start));
            return Ok(stream);
        }
        Ok(Err((address, error))) => NetworkFault::Connect {
            address: address.map_or(last.clone(), |address| address.to_string()),
            error,
        },
        Err(_) => NetworkFault::ConnectTimeout {
            address: last.clone(),
            after: CONNECT_TIMEOUT,
        },
    };
    call.log(
        AuditEvent::allowed(Capability::Connect, last)
            .since(start)
            .detail(format!("failed: {result}")),
    );
    Err(result)
}

type Attempt = (SocketAddr, io::Result<TcpStream>);

async fn race(
    addresses: &[SocketAddr],
) -> Result<(SocketAddr, TcpStream), (Option<SocketAddr>, io::Error)> {
    let mut attempts: JoinSet<Attempt> = JoinSet::new();
    let mut waiting = addresses.iter().copied();
    let mut failed = (None, io::Error::other("there is no address"));
    loop {
        let next = waiting.next();
        if let Some(address) = next {
            attempts.spawn(async move { (address, TcpStream::connect(address).await) });
        }
        // The delay runs only while there is another address to try.
        let delay = async {
            match waiting.len() {
                0 => std::future::pending().await,
                _ => tokio::time::sleep(ATTEMPT_DELAY).await,
            }
        };
        tokio::select! {
            joined = attempts.join_next() => match joined {
                Some(Ok((address, Ok(stream)))) => return Ok((address, stream)),
                Some(Ok((address, Err(error)))) => failed = (Some(address), error),
                Some(Err(_)) => {}
                None => return Err(failed),
            },
            () = delay => {}
        }
    }
}
