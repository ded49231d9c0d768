//! A real kubectl with `keyhole get-token` as its credential plugin.

use super::verify::TOKEN;
use keyhole_emulator::Fault;
use keyhole_tests::World;
use keyhole_tests::api_server::ApiServer;
use keyhole_tests::leaks::Secret;
use keyhole_tests::program::{command, slim};
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;

/// ExecCredential v1 is known since this minor release of Kubernetes 1.
const OLDEST: u32 = 24;

/// The kubectl of the PATH, if there is one that is new enough.
fn found() -> Option<String> {
    let output = Command::new("kubectl")
        .args(["version", "--client", "--output", "json"])
        .output()
        .ok()?;
    let version: Value = serde_json::from_slice(&output.stdout).ok()?;
    let version = &version["clientVersion"];
    let minor = version["minor"].as_str()?.trim_end_matches('+');
    (version["major"] == "1" && minor.parse::<u32>().ok()? >= OLDEST)
        .then(|| version["gitVersion"].as_str().map(str::to_owned))?
}

fn kubeconfig(server: &ApiServer, world: &World, api_version: &str) -> Value {
    let variables: Vec<Value> = world
        .variables()
        .into_iter()
        .map(|(name, value)| json!({ "name": name, "value": value }))
        .collect();
    json!({
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "aks",
        "clusters": [{ "name": "aks", "cluster": {
            "server": server.url(),
            "certificate-authority": world.folder().join("api-server.pem"),
        }}],
        "contexts": [{ "name": "aks", "context": { "cluster": "aks", "user": "aks" } }],
        "users": [{ "name": "aks", "user": { "exec": {
            "apiVersion": api_version,
            "command": slim(),
            "args": ["get-token"],
            "env": variables,
            "interactiveMode": "Never",
            "provideClusterInfo": false,
        }}}],
    })
}

#[test]
fn kubectl_reaches_the_api_server_with_the_token() {
    let Some(version) = found() else {
        eprintln!("no kubectl 1.{OLDEST} or newer is on the PATH: not tested with a real one");
        return;
    };
    println!("kubectl {version} of the PATH");
    for api_version in [
        "client.authentication.k8s.io/v1",
        "client.authentication.k8s.io/v1beta1",
    ] {
        let world = World::new();
        world.emulator.always(Some(Fault::access_token(TOKEN)));
        let server = ApiServer::start(TOKEN);
        let certificate = world.folder().join("api-server.pem");
        std::fs::write(&certificate, server.certificate()).expect("the server's certificate");
        let config = world.folder().join("kubeconfig");
        let text = kubeconfig(&server, &world, api_version).to_string();
        std::fs::write(&config, text).expect("a kubeconfig");

        let mut kubectl = command(Path::new("kubectl"), &world);
        // The pod's variables come from the kubeconfig, not from here.
        for (name, _) in world.variables() {
            kubectl.env_remove(name);
        }
        let output = kubectl
            .env("HOME", world.folder())
            .arg("--kubeconfig")
            .arg(&config)
            .args(["--request-timeout", "20s", "get", "--raw", "/version"])
            .output()
            .expect("kubectl starts");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{stderr}");
        let stdout = String::from_utf8_lossy(&output.stdout);
        assert!(stdout.contains("v1.32.0-stand-in"), "{stdout}");
        let bearers = server.bearers();
        // A dispatcher of kubectl versions asks for the server's first.
        assert!(!bearers.is_empty());
        assert!(bearers.iter().all(|bearer| bearer == TOKEN), "{bearers:?}");
        assert!(!world.honest_requests().is_empty());
        for text in [&*stdout, &*stderr] {
            Secret::new("access token", TOKEN).must_not_be_in("kubectl's output", text);
        }
    }
}
