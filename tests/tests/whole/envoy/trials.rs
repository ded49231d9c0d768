//! What every proxy of ours is put through, with Envoy in their place.

use super::short_lived;
use keyhole_emulator::EmulatorConfig;
use keyhole_tests::envoy::{Envoy, Pod};
use keyhole_tests::proxied::{Address, GIBIBYTE, Proxied};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

fn proxied<'a>(pod: &'a Pod, envoy: &Envoy) -> Proxied<'a> {
    Proxied {
        address: Address::Tcp(SocketAddr::from((Ipv4Addr::LOCALHOST, envoy.port()))),
        world: &pod.world,
        api_server: &pod.api_server,
        process: Some(envoy.id()),
    }
}

#[test]
fn kubectl_curl_and_a_thousand_requests_pass_with_one_exchange() {
    let Some(pod) = Pod::new(&[]) else { return };
    let envoy = pod.start();
    let proxied = proxied(&pod, &envoy);
    proxied.kubectl_lists_applies_watches_and_follows_logs();
    proxied.curl_gets_and_uploads();
    proxied.a_thousand_requests_of_mixed_kinds();
    assert_eq!(proxied.exchanges(), 1);
    pod.must_hold_no_secret(&envoy);
}

#[test]
fn bodies_stream_and_callers_leave() {
    let Some(pod) = Pod::new(&[]) else { return };
    let envoy = pod.start();
    let proxied = proxied(&pod, &envoy);
    proxied.bodies_stream_both_ways(GIBIBYTE / 4, 250);
    proxied.callers_leave();
    proxied.callers_identity_is_removed();
}

#[test]
fn the_token_rotates_under_a_watch() {
    let lifetime = Duration::from_secs(24);
    let config = EmulatorConfig {
        access_token_lifetime: lifetime,
        ..short_lived()
    };
    let Some(pod) = Pod::with(config, &[]) else {
        return;
    };
    let envoy = pod.start();
    proxied(&pod, &envoy).the_token_rotates_under_a_watch(lifetime);
}

#[test]
fn callers_over_a_unix_socket_are_served_too() {
    let Some(mut pod) = Pod::new(&[]) else { return };
    let socket = pod.private().join("callers.sock");
    pod.listen_at(&socket);
    let envoy = pod.start();
    let proxied = Proxied {
        address: Address::Unix(socket),
        ..proxied(&pod, &envoy)
    };
    proxied.curl_gets_and_uploads();
    assert_eq!(proxied.exchanges(), 1);
}
