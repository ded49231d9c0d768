//! The trials of proxies, tried on a proxy that everybody knows: `kubectl proxy`
//! with a token in its kubeconfig. It shows that they can be passed. What it does
//! not do by design is not asked of it: it never gets another token, and takes
//! `Impersonate-User` and a caller's `Authorization` for its user's will.

use crate::kubectl;
use keyhole_emulator::{ApiServer, EmulatorConfig};
use keyhole_tests::World;
use keyhole_tests::proxied::{Address, GIBIBYTE, Proxied};
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

/// A running `kubectl proxy`, which ends with this, and what is behind it.
struct KubectlProxy {
    world: World,
    api_server: ApiServer,
    child: Child,
    address: Address,
}

impl KubectlProxy {
    fn start() -> Self {
        let world = World::with(EmulatorConfig::default());
        let api_server = ApiServer::start(&world.emulator, 0).expect("the API server starts");
        let claims = world.emulator.access_token_claims();
        let token = world.emulator.access_token_issuer().mint(&claims);
        let ca = world.folder().join("api-server-ca.pem");
        std::fs::write(&ca, api_server.ca_certificate()).expect("a file");
        let kubeconfig = world.folder().join("with-token");
        let config = serde_json::json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "one",
            "clusters": [{ "name": "one", "cluster": {
                "server": api_server.url(), "certificate-authority": ca,
            }}],
            "users": [{ "name": "one", "user": { "token": token } }],
            "contexts": [{ "name": "one", "context": { "cluster": "one", "user": "one" } }],
        });
        std::fs::write(&kubeconfig, config.to_string()).expect("a kubeconfig");
        let mut child = Command::new(kubectl::program())
            .args(["proxy", "--port", "0", "--kubeconfig"])
            .arg(kubeconfig)
            .env("HOME", world.folder())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("kubectl starts");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("a pipe");
        BufReader::new(stdout)
            .read_line(&mut line)
            .expect("kubectl's address");
        let address = line.trim().rsplit(' ').next().and_then(|a| a.parse().ok());
        let address = Address::Tcp(address.unwrap_or_else(|| panic!("no address: {line:?}")));
        Self {
            world,
            api_server,
            child,
            address,
        }
    }

    fn proxied(&self) -> Proxied<'_> {
        Proxied {
            address: self.address.clone(),
            world: &self.world,
            api_server: &self.api_server,
            process: Some(self.child.id()),
        }
    }
}

impl Drop for KubectlProxy {
    fn drop(&mut self) {
        // It has ended, or ends now.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn kubectl_proxy_passes_the_trials_of_traffic() {
    if !kubectl::is_there() {
        return;
    }
    let proxy = KubectlProxy::start();
    let proxied = proxy.proxied();
    proxied.kubectl_lists_applies_watches_and_follows_logs();
    proxied.a_thousand_requests_of_mixed_kinds();
    proxied.bodies_stream_both_ways(GIBIBYTE / 8, 150);
    proxied.callers_leave();
    // Go's proxy drops those of requests.
    proxied.trailers_of_answers_pass();
    proxied.faults_of_the_upstream();
}

#[test]
fn kubectl_proxy_withstands_the_attacks_of_callers() {
    if !kubectl::is_there() {
        return;
    }
    let proxy = KubectlProxy::start();
    let outcomes = proxy.proxied().smuggling_and_floods();
    let refused = outcomes.iter().filter(|outcome| outcome.is_refused());
    let refused: Vec<_> = refused.map(|outcome| outcome.name).collect();
    for name in ["two lengths", "another host", "ten thousand headers"] {
        assert!(refused.contains(&name), "{name} is not among {refused:?}");
    }
}
