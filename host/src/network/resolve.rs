//! Names to addresses, judged as a whole.

use super::NetworkFault;
use crate::audit::{AuditEvent, Capability};
use crate::call::Call;
use keyhole_policy::address;
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
    let judged = address::judge_all(ips.clone(), loopback).and_then(|()| {
        // A hosts file can send a loopback name anywhere.
        ips.try_for_each(|ip| match tls {
            true => Ok(()),
            false => address::judge_plain(ip).map_err(|rule| (ip, rule)),
        })
    });
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
