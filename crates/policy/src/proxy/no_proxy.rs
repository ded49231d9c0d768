//! Hosts that are asked without a proxy.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::net::{IpAddr, Ipv6Addr};

/// What `NO_PROXY` names, by the rules of Go's
/// `golang.org/x/net/http/httpproxy`: a list with commas of
///
/// - `*`: every host;
/// - an address, or a network such as `10.0.0.0/8`;
/// - `example.com`: that name and every name below it;
/// - `.example.com` or `*.example.com`: the names below it alone;
///
/// an address or a name with or without `:port`. White space around an entry
/// and case do not count. What is none of these names no host. Names of other
/// scripts than Latin are to be written as in DNS (`xn--…`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NoProxy(Vec<Entry>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Entry {
    Every,
    Network {
        first: IpAddr,
        bits: u32,
    },
    Address {
        address: IpAddr,
        port: String,
    },
    Domain {
        suffix: String,
        itself: bool,
        port: String,
    },
}

/// Whether a host is this machine whatever the resolver says: it is asked
/// without a proxy.
pub(super) fn is_this_machine(host: &str) -> bool {
    host == "localhost"
        || host
            .parse::<IpAddr>()
            .is_ok_and(|address| address.to_canonical().is_loopback())
}

impl NoProxy {
    /// Reads a list. There is no error: see [`NoProxy`].
    #[must_use]
    pub fn parse(list: &str) -> Self {
        NoProxy(list.split(',').filter_map(entry).collect())
    }

    /// Whether the list names this host, which is in lower case, an IPv6
    /// address without brackets.
    #[must_use]
    pub fn names(&self, host: &str, port: u16) -> bool {
        let address: Option<IpAddr> = host.parse().ok();
        let address = address.map(|address| address.to_canonical());
        let is_port = |wanted: &str| wanted.is_empty() || wanted == format!("{port}");
        self.0.iter().any(|entry| match (entry, address) {
            (Entry::Every, _) => true,
            (Entry::Network { first, bits }, Some(address)) => {
                network(address, *bits) == Some(*first)
            }
            (
                Entry::Address {
                    address: named,
                    port,
                },
                Some(address),
            ) => *named == address && is_port(port),
            (
                Entry::Domain {
                    suffix,
                    itself,
                    port,
                },
                None,
            ) => {
                (host.ends_with(suffix) || *itself && Some(host) == suffix.strip_prefix('.'))
                    && is_port(port)
            }
            _ => false,
        })
    }
}

fn entry(text: &str) -> Option<Entry> {
    let text = text.trim().to_lowercase();
    if text == "*" {
        return Some(Entry::Every);
    }
    if let Some(network) = cidr(&text) {
        return Some(network);
    }
    let (host, port) = host_and_port(&text).unwrap_or((&text, ""));
    let port = String::from(port);
    if let Ok(address) = host.parse::<IpAddr>() {
        let address = address.to_canonical();
        return Some(Entry::Address { address, port });
    }
    let below = match host.strip_prefix('*') {
        Some(rest) if rest.starts_with('.') => rest,
        _ => host,
    };
    match below.chars().next()? {
        '.' => Some(Entry::Domain {
            suffix: below.into(),
            itself: false,
            port,
        }),
        _ => Some(Entry::Domain {
            suffix: format!(".{below}"),
            itself: true,
            port,
        }),
    }
}

/// `host:port` or `[address]:port`; none if there is no port, or more than one
/// colon outside of brackets.
fn host_and_port(text: &str) -> Option<(&str, &str)> {
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => rest.split_once("]:")?,
        None => text.split_once(':')?,
    };
    let is_plain = |text: &str| !text.contains(['[', ']']);
    (is_plain(host) && is_plain(port) && !port.contains(':')).then_some((host, port))
}

fn cidr(text: &str) -> Option<Entry> {
    let (address, bits) = text.split_once('/')?;
    let address: IpAddr = address.parse().ok()?;
    if !bits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let bits: u32 = bits.parse().ok()?;
    let first = network(address, bits)?;
    Some(match first.to_canonical() {
        v4 @ IpAddr::V4(_) if first.is_ipv6() => Entry::Network {
            first: v4,
            bits: bits.checked_sub(96)?,
        },
        _ => Entry::Network { first, bits },
    })
}

/// The first address of the network of this many bits that holds `address`;
/// none if an address has fewer bits.
fn network(address: IpAddr, bits: u32) -> Option<IpAddr> {
    match address {
        IpAddr::V4(v4) => {
            let shift = 32u32.checked_sub(bits)?;
            let mask = u32::MAX.checked_shl(shift).unwrap_or_default();
            Some(IpAddr::V4((v4.to_bits() & mask).into()))
        }
        IpAddr::V6(v6) => {
            let shift = 128u32.checked_sub(bits)?;
            let mask = u128::MAX.checked_shl(shift).unwrap_or_default();
            Some(IpAddr::V6(Ipv6Addr::from(v6.to_bits() & mask)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Hosts, the list, and whether the list names the host at port 443, as
    /// Go's documentation of `httpproxy.Config.NoProxy` says.
    const TABLE: &[(&str, &str, bool)] = &[
        ("foo.com", "foo.com", true),
        ("foo.com", "bar.foo.com", true),
        ("foo.com", "a.bar.foo.com", true),
        ("foo.com", "xfoo.com", false),
        ("foo.com", "foo.com.evil.example", false),
        (".y.com", "x.y.com", true),
        (".y.com", "y.com", false),
        ("*.y.com", "x.y.com", true),
        ("*.y.com", "y.com", false),
        ("*y.com", "xy.com", false),
        ("FOO.com", "foo.com", true),
        (" foo.com\t", "foo.com", true),
        ("a, foo.com ,b", "foo.com", true),
        ("foo.com:443", "foo.com", true),
        ("foo.com:8443", "foo.com", false),
        (".foo.com:443", "x.foo.com", true),
        ("foo.com:", "foo.com", true),
        ("foo.com:0443", "foo.com", false),
        ("*", "foo.com", true),
        ("x,*", "10.0.0.1", true),
        ("* ", "foo.com", true),
        ("*:443", "foo.com", false),
        ("", "foo.com", false),
        (",,", "foo.com", false),
        (":443", "foo.com", false),
        ("10.0.0.1", "10.0.0.1", true),
        ("10.0.0.1", "10.0.0.12", false),
        ("10.0.0.1", "x10.0.0.1", false),
        ("10.0.0.1:443", "10.0.0.1", true),
        ("10.0.0.1:80", "10.0.0.1", false),
        ("10.0.0.0/8", "10.9.9.9", true),
        ("10.7.7.7/8", "10.9.9.9", true),
        ("10.0.0.0/8", "11.0.0.1", false),
        ("10.0.0.0/33", "10.0.0.1", false),
        ("10.0.0.0/+8", "10.0.0.1", false),
        ("0.0.0.0/0", "192.0.2.1", true),
        ("0.0.0.0/0", "fd00::1", false),
        ("0.0.0.0/0", "foo.com", false),
        ("10.0.0.0/32", "10.0.0.0", true),
        ("fd00::/8", "fd12::1", true),
        ("fd00::/8", "fe12::1", false),
        ("::/0", "fd12::1", true),
        ("::/0", "10.0.0.1", false),
        ("fd00::1", "fd00::1", true),
        ("[fd00::1]:443", "fd00::1", true),
        ("[fd00::1]:80", "fd00::1", false),
        ("[fd00::1]", "fd00::1", false),
        ("::ffff:10.0.0.1", "10.0.0.1", true),
        ("10.0.0.1", "::ffff:10.0.0.1", true),
        ("::ffff:10.0.0.0/104", "10.9.9.9", true),
        ("10.0.0", "10.0.0.1", false),
        ("0.1", "10.0.0.1", false),
        ("https://foo.com", "foo.com", false),
        ("foo.com/", "foo.com", false),
        ("foo.com bar.com", "foo.com", false),
        ("com", "foo.com", true),
    ];

    #[test]
    fn the_list_names_what_go_s_names() {
        for (list, host, named) in TABLE {
            assert_eq!(
                NoProxy::parse(list).names(host, 443),
                *named,
                "{list:?} {host}"
            );
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(list in "[\\PC]{0,40}", host in "[a-z0-9.:]{0,20}", port: u16) {
            let _ = NoProxy::parse(&list).names(&host, port);
        }

        #[test]
        fn a_network_names_exactly_the_addresses_with_its_bits(net: u32, other: u32, bits in 0u32..=32) {
            let list = format!("{}/{bits}", core::net::Ipv4Addr::from(net));
            let host = format!("{}", core::net::Ipv4Addr::from(other));
            let same = bits == 0 || (net >> (32 - bits)) == (other >> (32 - bits));
            prop_assert_eq!(NoProxy::parse(&list).names(&host, 443), same);
        }

        #[test]
        fn entries_do_not_hinder_one_another(lists in proptest::collection::vec("[a-z.*:0-9/]{0,8}", 0..5), host in "[a-z]{1,3}(\\.[a-z]{1,3}){0,2}") {
            let one_by_one = lists.iter().any(|list| NoProxy::parse(list).names(&host, 443));
            prop_assert_eq!(NoProxy::parse(&lists.join(",")).names(&host, 443), one_by_one);
        }
    }
}
