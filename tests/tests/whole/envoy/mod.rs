//! The plugin in a real Envoy with four workers, in front of the emulator's API
//! server.

mod attacks;
mod configuration;
mod credential_injector;
mod faults;
mod hostile_guest;
mod trials;

use keyhole_emulator::{EmulatorConfig, Verdict};
use keyhole_tests::envoy::{Pod, client, wait_until};
use keyhole_tests::envoy_filters::Filter;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Both ways of asking: Envoy builds the form, or the plugin does.
const VARIANTS: [&[&str]; 2] = [&[], &["--older-envoy"]];

/// An authority whose tokens are soon renewed: after twelve seconds at the
/// latest, and two before they are not sent any more.
fn short_lived() -> EmulatorConfig {
    EmulatorConfig {
        access_token_lifetime: Duration::from_secs(24),
        refresh_in: Some(Duration::from_secs(1)),
        ..EmulatorConfig::default()
    }
}

#[test]
fn four_workers_share_one_exchange_and_a_thousand_requests_carry_its_token() {
    for flags in VARIANTS {
        let Some(pod) = Pod::new(flags) else { return };
        let envoy = pod.start();
        std::thread::scope(|scope| {
            for _ in 0..20 {
                scope.spawn(|| {
                    for _ in 0..50 {
                        let answer = envoy.get("/api/v1/namespaces");
                        assert_eq!(answer.status, 200, "{answer:?}");
                    }
                });
            }
        });
        let arrived = pod.arrived();
        assert_eq!(arrived.len(), 1_000);
        for request in &arrived {
            assert_eq!(request.verdict, Verdict::Authenticated, "{request}");
        }
        let asked = pod.world.emulator.requests();
        assert_eq!(asked.len(), 1, "{asked:?}");
        assert_eq!(asked[0].verdict, Verdict::Granted, "{}", asked[0]);
        let headers: Vec<&str> = asked[0].headers.iter().map(|(name, _)| &**name).collect();
        for name in &headers {
            assert!(
                [
                    "host",
                    "accept",
                    "content-type",
                    "content-length",
                    "user-agent"
                ]
                .contains(name),
                "{headers:?}"
            );
        }
        pod.must_hold_no_secret(&envoy);
    }
}

#[test]
fn kubectl_lists_namespaces_through_envoy() {
    let Some(pod) = Pod::new(&[]) else { return };
    let envoy = pod.start();
    let kubectl =
        std::env::var_os("KEYHOLE_KUBECTL").map_or_else(|| "kubectl".into(), PathBuf::from);
    let output = client(&kubectl, &pod)
        .args([
            "--server",
            &envoy.url(),
            "--request-timeout",
            "20s",
            "get",
            "ns",
        ])
        .output()
        .expect("kubectl starts");
    let listed = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{output:?}");
    assert!(listed.contains("kube-system"), "{listed}");
    assert!(
        pod.arrived()
            .iter()
            .all(|request| request.verdict == Verdict::Authenticated)
    );
    assert_eq!(pod.exchanges(), 1);
    pod.must_hold_no_secret(&envoy);
}

#[test]
fn the_filter_works_on_a_listener_too() {
    let Some(mut pod) = Pod::new(&[]) else { return };
    // From the cluster's filters to the listener's.
    let start = pod
        .yaml
        .find("        - name: keyhole-inject")
        .expect("the filter");
    let end = pod.yaml.find("        - name: codec").expect("the codec");
    let filter = pod.yaml[start..end].replace("\n        ", "\n          ");
    pod.edit("        - name: keyhole-inject", "        - name: PLACE");
    let (before, rest) = pod
        .yaml
        .split_once("        - name: PLACE")
        .expect("the place");
    let (_, codec) = rest.split_once("        - name: codec").expect("the codec");
    pod.yaml = format!("{before}        - name: codec{codec}");
    let router = "          http_filters:\n          - name: router";
    pod.yaml = pod.yaml.replacen(
        router,
        &format!(
            "          http_filters:\n  {}          - name: router",
            filter.trim_end_matches(' ')
        ),
        1,
    );
    let envoy = pod.start();
    let answer = envoy.get("/version");
    assert_eq!(answer.status, 200, "{answer:?}\n{}", envoy.log());
    assert_eq!(pod.exchanges(), 1);
}

#[test]
fn an_access_token_is_renewed_under_traffic_and_no_request_fails() {
    let Some(pod) = Pod::with(short_lived(), &[]) else {
        return;
    };
    let envoy = pod.start();
    let sent = AtomicUsize::new(0);
    let deadline = Instant::now() + Duration::from_secs(60);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while pod.exchanges() < 4 {
                    assert!(Instant::now() < deadline, "{} exchanges", pod.exchanges());
                    let answer = envoy.get("/version");
                    assert_eq!(answer.status, 200, "{answer:?}\n{}", envoy.log());
                    sent.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    let arrived = pod.arrived();
    assert!(sent.into_inner() > 100 && !arrived.is_empty());
    for request in &arrived {
        assert_eq!(request.verdict, Verdict::Authenticated, "{request}");
    }
    pod.must_hold_no_secret(&envoy);
}

#[test]
fn a_rotated_federated_token_is_sent_at_the_next_exchange() {
    for flags in VARIANTS {
        let Some(pod) = Pod::with(short_lived(), flags) else {
            return;
        };
        let envoy = pod.start();
        assert_eq!(envoy.get("/version").status, 200, "{}", envoy.log());
        let fresh = pod.world.emulator.issuer().mint(
            &pod.world
                .emulator
                .claims()
                .lifetime(Duration::from_secs(1_800)),
        );
        let old = pod.world.federated_token();
        assert_ne!(fresh, old);
        pod.world.volume.rotate(&fresh).expect("kubelet rotates");
        assert!(
            pod.world
                .emulator
                .wait_for_requests(2, Duration::from_secs(30))
        );
        wait_until(
            || pod.world.emulator.access_tokens().len() >= 2,
            || format!("no second token:\n{}", envoy.log()),
        );
        let asked = pod.world.emulator.requests();
        let sent: Vec<_> = asked
            .iter()
            .map(|request| request.verdict.clone())
            .collect();
        assert_eq!(sent, vec![Verdict::Granted; asked.len()]);
        assert_ne!(
            asked[0].field("client_assertion"),
            asked[1].field("client_assertion"),
            "the first token again"
        );
        pod.must_hold_no_secret(&envoy);
    }
}

/// What measurements compare: only ours brings a token that is one.
#[test]
fn other_filters_can_stand_in_the_plugin_s_place() {
    for (filter, status) in [
        (Filter::None, 401),
        (Filter::HeaderMutation(1_400), 401),
        (Filter::Keyhole, 200),
    ] {
        let Some(mut pod) = Pod::new(&[]) else { return };
        pod.filter_with(filter);
        let envoy = pod.start();
        let answer = envoy.get("/version");
        assert_eq!(
            answer.status,
            status,
            "{filter:?}: {answer:?}\n{}",
            envoy.log()
        );
        let size = pod.arrived()[0].header("authorization").map(str::len);
        assert_eq!(
            size.is_some_and(|size| size > 500),
            filter != Filter::None,
            "{size:?}"
        );
    }
}
