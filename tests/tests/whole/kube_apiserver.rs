//! A real kube-apiserver judges the token, so that nobody has to believe the
//! stand-in: kubectl through the same converted kubeconfig.

use super::kubectl::{get_namespaces, is_there, kubectl, text, who_am_i};
use keyhole_emulator::{Claims, Emulator, Fault, Signature};
use keyhole_tests::kube_apiserver::{KubeApiserver, Programs};
use keyhole_tests::{Cluster, skipped};
use serde_json::json;
use std::process::Output;
use std::time::{Duration, Instant};

/// A kube-apiserver on a busy machine makes its namespaces some seconds after
/// it serves, and fetches the issuer's keys meanwhile.
const PATIENCE: Duration = Duration::from_secs(120);

fn until(what: &str, mut happened: impl FnMut() -> Result<(), String>) {
    let end = Instant::now() + PATIENCE;
    // Each try takes as long as kubectl and a request do.
    while let Err(said) = happened() {
        assert!(Instant::now() < end, "not {what}: {said}");
    }
}

fn is_refused(output: &Output) -> bool {
    let said = text(&output.stderr);
    let words = ["Unauthorized", "You must be logged in to the server"];
    !output.status.success() && words.iter().any(|words| said.contains(words))
}

#[test]
fn a_real_kube_apiserver_takes_the_token_and_refuses_an_expired_and_a_forged_one() {
    let Some(programs) = Programs::find() else {
        skipped("no kube-apiserver and etcd; `cargo xtask test --all` gets them");
        return;
    };
    if !is_there() {
        return;
    }
    let cluster = Cluster::not_converted();
    let emulator = &cluster.world.emulator;
    let server = KubeApiserver::start(&programs, emulator);
    let config = emulator.aks_kubeconfig(server.url(), server.ca_certificate());
    std::fs::write(cluster.kubeconfig(), config).expect("a kubeconfig");
    cluster.convert();

    until("ready", || {
        let output = kubectl(&cluster, &["get", "--raw", "/readyz"]);
        let ready = text(&output.stdout) == "ok";
        ready.then_some(()).ok_or_else(|| text(&output.stderr))
    });
    until("there", || {
        let output = get_namespaces(&cluster);
        let names = text(&output.stdout);
        let all = |name| names.contains(&format!("namespace/{name}"));
        let there = Cluster::NAMESPACES.into_iter().all(all);
        there.then_some(()).ok_or(names + &text(&output.stderr))
    });
    let user = &who_am_i(&cluster)["status"]["userInfo"];
    assert_eq!(user["username"], emulator.object_id());
    let groups = json!([Cluster::GROUP, "system:authenticated"]);
    assert_eq!(user["groups"], groups, "{user}");

    type Change = fn(Claims) -> Claims;
    let bad: [(&str, Change); 4] = [
        ("expired", |claims| claims.shifted(-2 * 86_400)),
        ("forged", |claims| claims.signed(Signature::Stranger)),
        ("unsigned", |claims| claims.signed(Signature::None)),
        ("for another server", |claims| claims.set("aud", "api://x")),
    ];
    for (kind, change) in bad {
        emulator.always(Some(Fault::access_token(&minted(emulator, change))));
        let output = kubectl(&cluster, &["get", "--raw", "/api/v1/namespaces"]);
        assert!(is_refused(&output), "{kind}: {output:?}");
    }
    emulator.always(None);
    let output = get_namespaces(&cluster);
    assert!(output.status.success(), "{}", text(&output.stderr));
}

fn minted(emulator: &Emulator, change: fn(Claims) -> Claims) -> String {
    let claims = change(emulator.access_token_claims());
    emulator.access_token_issuer().mint(&claims)
}
