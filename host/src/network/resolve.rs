//! Names to addresses, judged as a whole.

use super::NetworkFault;
use crate::audit::{AuditEvent, Capability};
use crate::call::Call;
use keyhole_policy::{Rule, address};
use std::net::{IpAddr, SocketAddr};
use std::time::Instant;

/// Whether the authority's own name is a loopback name (RFC 6761, section
/// 6.3, without subdomains) or address.
fn is_loopback_name(host: &str) -> bool {
    host == "localhost"
        || host
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

/// Resolves a name, or takes an address as it is, and judges all of it before
/// anything is connected to.
pub(crate) async fn resolve(
    call: &Call,
    host: &str,
    port: u16,
    tls: bool,
) -> Result<Vec<SocketAddr>, NetworkFault> {
    let loopback = is_loopback_name(host);
    resolve_and_judge(call, host, port, |ip| {
        address::judge(ip, loopback)?;
        match tls {
            true => Ok(()),
            // A hosts file can send a loopback name anywhere.
            false => address::judge_plain(ip),
        }
    })
    .await
}

/// The same for a proxy's name.
pub(super) async fn resolve_proxy(
    call: &Call,
    host: &str,
    port: u16,
) -> Result<Vec<SocketAddr>, NetworkFault> {
    resolve_and_judge(call, host, port, address::judge_proxy).await
}

/// An authority that is an address is judged though a proxy connects to it.
/// Of a name only the proxy knows the addresses.
pub(super) fn judge_literal(host: &str) -> Result<(), NetworkFault> {
    let Ok(address) = host.parse::<IpAddr>() else {
        return Ok(());
    };
    address::judge(address, is_loopback_name(host)).map_err(|rule| NetworkFault::Address {
        host: host.to_owned(),
        address,
        rule,
    })
}

async fn resolve_and_judge(
    call: &Call,
    host: &str,
    port: u16,
    judge: impl Fn(IpAddr) -> Result<(), Rule>,
) -> Result<Vec<SocketAddr>, NetworkFault> {
    let start = Instant::now();
    let addresses: Vec<SocketAddr> = match host.parse::<IpAddr>() {
        Ok(address) => vec![SocketAddr::new(address, port)],
        Err(_) => tokio::net::lookup_host((host, port))
            .await
            .map_err(|error| resolve_failed(call, host, error, start))?
            .collect(),
    };
    if addresses.is_empty() {
        let error = std::io::Error::other("the answer has no address");
        return Err(resolve_failed(call, host, error, start));
    }
    let mut ips = addresses.iter().map(SocketAddr::ip);
    let judged = ips.try_for_each(|ip| judge(ip).map_err(|rule| (ip, rule)));
    if let Err((address, rule)) = judged {
        return Err(NetworkFault::Address {
            host: host.to_owned(),
            address,
            rule,
        });
    }
    let list: Vec<String> = addresses
        .iter()
        .map(|address| address.ip().to_string())
        .collect();
    call.log(
        AuditEvent::allowed(Capability::Resolve, host)
            .since(start)
            .detail(list.join(" ")),
    );
    Ok(addresses)
}

fn resolve_failed(call: &Call, host: &str, error: std::io::Error, start: Instant) -> NetworkFault {
    call.log(
        AuditEvent::allowed(Capability::Resolve, host)
            .since(start)
            .detail(format!("failed: {error}")),
    );
    NetworkFault::Resolve {
        host: host.to_owned(),
        error,
    }
}
