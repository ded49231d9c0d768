//! Client libraries of other people's with Keyhole as their credential plugin,
//! through the same kubeconfig as kubectl. `cargo xtask test` gets Python's,
//! `cargo xtask test --all` builds Rust's as well.

use keyhole_tests::{Cluster, skipped};
use std::process::Command;

/// Lists namespaces and asks who it is, a line each.
const PYTHON: &str = "
from kubernetes import client, config
config.load_kube_config()
for namespace in client.CoreV1Api().list_namespace().items:
    print(namespace.metadata.name)
review = client.AuthenticationV1Api().create_self_subject_review({
    'apiVersion': 'authentication.k8s.io/v1', 'kind': 'SelfSubjectReview'})
print(review.status.user_info.username)
";

/// Runs a client with either version of the plugin's protocol.
fn must_list_namespaces_and_know_who_it_is(client: impl Fn(&Cluster) -> Command) {
    for version in ["v1beta1", "v1"] {
        let cluster = Cluster::new();
        let before = "client.authentication.k8s.io/v1beta1";
        cluster.edit(before, &format!("client.authentication.k8s.io/{version}"));
        let output = cluster.run(&mut client(&cluster));
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let said = text(&output.stderr);
        assert!(output.status.success(), "{version}: {said}");
        let mut expected: Vec<_> = Cluster::NAMESPACES.map(str::to_owned).into();
        expected.push(cluster.world.emulator.object_id());
        let lines: Vec<_> = text(&output.stdout).lines().map(str::to_owned).collect();
        assert_eq!(lines, expected, "{version}: {said}");
        let (let_in, not) = cluster.let_in_and_not();
        assert!(let_in >= 2 && not == 0, "{let_in} let in, {not} not");
        assert!(!cluster.world.honest_requests().is_empty());
    }
}

#[test]
fn the_python_client_lists_namespaces_and_knows_who_it_is() {
    let Some(python) = std::env::var_os("KEYHOLE_PYTHON") else {
        skipped("no Python with the package kubernetes; see `cargo xtask test`");
        return;
    };
    must_list_namespaces_and_know_who_it_is(|cluster| {
        let mut client = cluster.client(&python);
        client.args(["-c", PYTHON]);
        client
    });
}

#[test]
fn the_crate_kube_lists_namespaces_and_knows_who_it_is() {
    let Some(program) = std::env::var_os("KEYHOLE_KUBE_CLIENT") else {
        skipped("no client with the crate kube; `cargo xtask test --all` builds one");
        return;
    };
    must_list_namespaces_and_know_who_it_is(|cluster| cluster.client(&program));
}
