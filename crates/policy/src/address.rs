//! The addresses that may be connected to.

use crate::Rule;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Azure's WireServer, reachable from every VM and pod and full of secrets.
const WIRE_SERVER: Ipv4Addr = Ipv4Addr::new(168, 63, 129, 16);

/// Alibaba Cloud's metadata service.
const ALIBABA_METADATA: Ipv4Addr = Ipv4Addr::new(100, 100, 100, 200);

/// Oracle Cloud's name server and metadata service, of the block for protocol
/// assignments.
const ORACLE_METADATA: Ipv4Addr = Ipv4Addr::new(192, 0, 0, 192);

/// AWS's metadata service over IPv6.
const EC2_METADATA: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254);

/// Google Cloud's metadata service over IPv6.
const GCE_METADATA: Ipv6Addr = Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254);

/// Oracle Cloud's metadata service over IPv6.
const ORACLE_METADATA_V6: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xc1, 0, 0, 0, 0, 0xa9fe, 0xa9fe);

/// Whether an address that the authority's name resolved to may be connected
/// to. `loopback` says that the authority's own name is a loopback name or
/// address. Private and carrier-grade ranges pass: private endpoints exist,
/// and TLS proves the name.
///
/// # Errors
/// [`Rule::AddressForbidden`] or [`Rule::AddressLoopback`]. An IPv4 address
/// inside an IPv6 one (mapped, compatible, NAT64, 6to4) is judged as itself.
pub fn judge(address: IpAddr, loopback: bool) -> Result<(), Rule> {
    match address {
        IpAddr::V4(v4) => judge_v4(v4, loopback),
        IpAddr::V6(v6) => judge_v6(v6, loopback),
    }
}

/// Whether a forward proxy's address may be connected to. A proxy may run on
/// this machine (a sidecar, a tunnel) or in a private network under any name,
/// so loopback passes; metadata services, link-local addresses and the like
/// never do.
///
/// # Errors
/// [`Rule::AddressForbidden`].
pub fn judge_proxy(address: IpAddr) -> Result<(), Rule> {
    judge(address, true)
}

/// Judges a whole answer of the resolver: one forbidden address refuses it.
///
/// # Errors
/// The first address that is refused, with its rule.
pub fn judge_all(
    addresses: impl IntoIterator<Item = IpAddr>,
    loopback: bool,
) -> Result<(), (IpAddr, Rule)> {
    addresses
        .into_iter()
        .try_for_each(|address| judge(address, loopback).map_err(|rule| (address, rule)))
}

/// Whether plain HTTP may go to this address: only if it never leaves the
/// machine, whatever the name says.
///
/// # Errors
/// [`Rule::AddressPlain`].
pub fn judge_plain(address: IpAddr) -> Result<(), Rule> {
    let loopback = match address {
        IpAddr::V4(v4) => v4.is_loopback(),
        IpAddr::V6(v6) => {
            v6.is_loopback() || v6.to_ipv4_mapped().is_some_and(|v4| v4.is_loopback())
        }
    };
    if loopback {
        Ok(())
    } else {
        Err(Rule::AddressPlain)
    }
}

fn judge_v4(address: Ipv4Addr, loopback: bool) -> Result<(), Rule> {
    // RFC 1122, section 3.2.1.3: all of 0.0.0.0/8 is "this network"; Linux
    // connects 0.0.0.0 to itself.
    let this_network = address.octets()[0] == 0;
    if this_network
        || address.is_link_local()
        || address.is_multicast()
        || address.is_broadcast()
        || address == WIRE_SERVER
        || address == ALIBABA_METADATA
        || address == ORACLE_METADATA
    {
        return Err(Rule::AddressForbidden);
    }
    if address.is_loopback() && !loopback {
        return Err(Rule::AddressLoopback);
    }
    Ok(())
}

fn judge_v6(address: Ipv6Addr, loopback: bool) -> Result<(), Rule> {
    if address.is_loopback() {
        return if loopback {
            Ok(())
        } else {
            Err(Rule::AddressLoopback)
        };
    }
    if address.is_unspecified()
        || address.is_multicast()
        || address.is_unicast_link_local()
        || is_site_local(address)
        || address == EC2_METADATA
        || address == GCE_METADATA
        || address == ORACLE_METADATA_V6
    {
        return Err(Rule::AddressForbidden);
    }
    embedded_v4(address)
        .into_iter()
        .flatten()
        .try_for_each(|inside| judge_v4(inside, loopback))
}

/// fec0::/10, deprecated by RFC 3879 and not routed.
fn is_site_local(address: Ipv6Addr) -> bool {
    address.segments()[0] & 0xffc0 == 0xfec0
}

/// The IPv4 addresses that a translator or tunnel could take the packets to.
fn embedded_v4(address: Ipv6Addr) -> [Option<Ipv4Addr>; 4] {
    let [a, b, c, d, e, f, g, h] = address.segments();
    let one = |address| [Some(address), None, None, None];
    match (a, b, c, d, e, f) {
        // RFC 4291, 2.5.5: IPv4-compatible and IPv4-mapped.
        (0, 0, 0, 0, 0, 0 | 0xffff) => one(v4(g, h)),
        // RFC 2765: IPv4-translated.
        (0, 0, 0, 0, 0xffff, 0) => one(v4(g, h)),
        // RFC 6052: the well-known NAT64 prefix.
        (0x64, 0xff9b, 0, 0, 0, 0) => one(v4(g, h)),
        // RFC 8215: the prefix for NAT64 of a network's own. How long a part of
        // it the network took (48, 56, 64 or 96 bits), and so where the address
        // stands (RFC 6052, section 2.2), cannot be seen.
        (0x64, 0xff9b, 1, ..) => [
            v4(d, (e << 8) | (f >> 8)),
            v4((d << 8) | (e & 0xff), f),
            v4((e << 8) | (f >> 8), (f << 8) | (g >> 8)),
            v4(g, h),
        ]
        // Where the address does not stand, there is nothing but zeros.
        .map(|place| (place.octets()[0] != 0).then_some(place)),
        // RFC 3056: 6to4.
        (0x2002, ..) => one(v4(b, c)),
        _ => [None; 4],
    }
}

fn v4(high: u16, low: u16) -> Ipv4Addr {
    let [a, b] = high.to_be_bytes();
    let [c, d] = low.to_be_bytes();
    Ipv4Addr::new(a, b, c, d)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::{format, string::String};
    use proptest::prelude::*;

    fn judged(address: &str, loopback: bool) -> Result<(), Rule> {
        judge(address.parse().expect("an address"), loopback)
    }

    #[test]
    fn public_private_and_carrier_grade_addresses_pass() {
        for address in [
            "20.190.128.1",
            "10.0.0.4",
            "172.16.3.1",
            "192.168.1.1",
            "100.64.0.1",
            "2603:1006:2000::1",
            "fd12:3456::1",
            "2002:1400:0001::1",
            "64:ff9b::20.190.128.1",
            "64:ff9b:1:14be:80:100::",
            "64:ff9b:1::20.190.128.1",
        ] {
            assert_eq!(judged(address, false), Ok(()), "{address}");
        }
    }

    #[test]
    fn metadata_link_local_and_the_like_are_never_connected_to() {
        for address in [
            "0.0.0.0",
            "0.1.2.3",
            "169.254.169.254",
            "169.254.0.1",
            "224.0.0.1",
            "239.255.255.255",
            "255.255.255.255",
            "168.63.129.16",
            "100.100.100.200",
            "192.0.0.192",
            "fd00:c1::a9fe:a9fe",
            "::",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "fd00:ec2::254",
            "fd20:ce::254",
            "::ffff:169.254.169.254",
            "::169.254.169.254",
            "::ffff:0:169.254.169.254",
            "64:ff9b::169.254.169.254",
            "64:ff9b:1:a9fe:a9:fe00::",
            "64:ff9b:1:a9:fe:a9fe::",
            "64:ff9b:1:2:a9:fea9:fe00::",
            "64:ff9b:1:2:3:4:a9fe:a9fe",
            "2002:a9fe:a9fe::1",
            "2002:a83f:8110::1",
        ] {
            for loopback in [false, true] {
                assert_eq!(
                    judged(address, loopback),
                    Err(Rule::AddressForbidden),
                    "{address}"
                );
            }
        }
    }

    #[test]
    fn loopback_needs_a_loopback_name() {
        for address in [
            "127.0.0.1",
            "127.255.255.254",
            "::1",
            "::ffff:127.0.0.1",
            "64:ff9b::127.0.0.1",
            "2002:7f00:1::1",
        ] {
            assert_eq!(
                judged(address, false),
                Err(Rule::AddressLoopback),
                "{address}"
            );
            assert_eq!(judged(address, true), Ok(()), "{address}");
        }
    }

    #[test]
    fn plain_http_goes_to_loopback_only() {
        let judged = |address: &str| judge_plain(address.parse().expect("an address"));
        for address in ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"] {
            assert_eq!(judged(address), Ok(()), "{address}");
        }
        for address in [
            "10.0.0.1",
            "192.0.2.2",
            "0.0.0.0",
            "fd00::1",
            "64:ff9b::7f00:1",
        ] {
            assert_eq!(judged(address), Err(Rule::AddressPlain), "{address}");
        }
    }

    #[test]
    fn one_forbidden_address_refuses_the_whole_answer() {
        let answer: [IpAddr; 2] = [[20, 190, 128, 1].into(), [169, 254, 169, 254].into()];
        assert_eq!(
            judge_all(answer, false),
            Err((answer[1], Rule::AddressForbidden))
        );
        assert_eq!(judge_all([answer[0]], false), Ok(()));
    }

    proptest! {
        #[test]
        fn no_wrapping_makes_a_forbidden_address_pass(last in 0u8.., third in 0u8.., loopback: bool) {
            let inner: [u8; 4] = [169, 254, third, last];
            let hex: String = format!("{:02x}{:02x}:{:02x}{:02x}", inner[0], inner[1], inner[2], inner[3]);
            for text in [format!("::{hex}"), format!("::ffff:{hex}"), format!("64:ff9b::{hex}"), format!("2002:{hex}::1")] {
                prop_assert_eq!(judged(&text, loopback), Err(Rule::AddressForbidden));
            }
        }
    }
}
