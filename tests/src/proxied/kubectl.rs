//! A real kubectl through the proxy.

use super::{PATIENCE, Proxied, wait_until};
use crate::skipped;
use serde_json::json;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// A kubectl that runs on; it ends with this.
struct Running {
    child: Child,
    lines: mpsc::Receiver<String>,
}

impl Running {
    fn start(mut kubectl: Command) -> Self {
        let mut child = kubectl
            .stdout(Stdio::piped())
            .spawn()
            .expect("kubectl starts");
        let stdout = BufReader::new(child.stdout.take().expect("a pipe"));
        let (sender, lines) = mpsc::channel();
        std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                // Nobody may listen any more.
                let _ = sender.send(line);
            }
        });
        Self { child, lines }
    }

    /// The next line.
    fn line(&self) -> String {
        let line = self.lines.recv_timeout(PATIENCE);
        line.expect("a line of kubectl")
    }

    fn must_end(&mut self) {
        let status = self.child.wait().expect("kubectl ends");
        assert!(status.success(), "{status}");
        assert!(
            self.lines.recv_timeout(Duration::from_secs(5)).is_err(),
            "no line more"
        );
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Proxied<'_> {
    /// kubectl lists, applies (twice, and server-side), creates, deletes, watches
    /// and follows a log, all through the proxy and without any credential.
    ///
    /// # Panics
    /// If it cannot.
    pub fn kubectl_lists_applies_watches_and_follows_logs(&self) {
        if !self.has_kubectl() {
            return;
        }
        let ran = |arguments: &[&str]| {
            let output = self.kubectl(arguments).output().expect("kubectl starts");
            printed(&output, arguments)
        };
        let listed = ran(&["get", "namespaces", "--output", "name"]);
        assert!(listed.contains("namespace/kube-system\n"), "{listed}");

        let mut watch = self.kubectl(&["get", "configmaps", "--all-namespaces"]);
        watch.args(["--watch", "--output", "name"]);
        let watch = Running::start(watch);
        wait_until("kubectl's watch", || {
            let requests = self.api_server.requests();
            let watches = |target: &str| target.contains("watch=true");
            requests.iter().any(|request| watches(&request.target))
        });

        let file = self.manifest("demo.json", "1");
        let file = file.to_str().expect("UTF-8");
        let apply = ["apply", "--validate=false", "--filename", file];
        let applied = ran(&apply);
        assert_eq!(
            applied,
            "namespace/demo created\nconfigmap/settings created\n"
        );
        assert_eq!(watch.line(), "configmap/settings");

        self.manifest("demo.json", "2");
        let applied = ran(&apply);
        assert!(
            applied.ends_with("configmap/settings configured\n"),
            "{applied}"
        );
        assert_eq!(watch.line(), "configmap/settings");

        self.manifest("demo.json", "3");
        let server_side = [
            "apply",
            "--server-side",
            "--validate=false",
            "--filename",
            file,
        ];
        let applied = ran(&server_side);
        assert!(
            applied.ends_with("configmap/settings serverside-applied\n"),
            "{applied}"
        );
        assert_eq!(watch.line(), "configmap/settings");
        let value = [
            "get",
            "configmap/settings",
            "--namespace",
            "demo",
            "--output",
        ];
        let value = ran(&[&value[..], &["jsonpath={.data.value}"]].concat());
        assert_eq!(value, "3");

        let other = self.manifest_of("other.json", &[config_map("other", "1")]);
        let other = other.to_str().expect("UTF-8");
        let made = ran(&["create", "--validate=false", "--filename", other]);
        assert_eq!(made, "configmap/other created\n");
        assert_eq!(watch.line(), "configmap/other");
        let deleted = ran(&["delete", "configmap/other", "--namespace", "demo"]);
        assert!(
            deleted.starts_with("configmap \"other\" deleted"),
            "{deleted}"
        );
        assert_eq!(watch.line(), "configmap/other");

        let log = self.api_server.run_pod("demo", "talker").expect("a pod");
        log.push("first");
        let follow = ["logs", "--follow", "--namespace", "demo", "talker"];
        let mut follow = Running::start(self.kubectl(&follow));
        assert_eq!(follow.line(), "first");
        for line in ["second", "third"] {
            log.push(line);
            assert_eq!(follow.line(), line);
        }
        log.end();
        follow.must_end();
        ran(&[
            "delete",
            "namespace/demo",
            "pod/talker",
            "--namespace",
            "demo",
        ]);
    }

    fn has_kubectl(&self) -> bool {
        let version = Command::new(program())
            .args(["version", "--client"])
            .output();
        let why = match version {
            _ if self.url().is_none() => "kubectl cannot use a Unix socket",
            Ok(output) if output.status.success() => return true,
            _ => "no kubectl; `cargo xtask test --all` builds one",
        };
        skipped(why);
        false
    }

    /// kubectl with nothing but the proxy's address.
    fn kubectl(&self, arguments: &[&str]) -> Command {
        let mut kubectl = Command::new(program());
        kubectl
            .env_clear()
            .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
            .env("HOME", self.world.folder())
            .env("KUBECONFIG", self.world.folder().join("no-kubeconfig"))
            .stdin(Stdio::null())
            .args(["--server", &self.url().unwrap_or_default()])
            .args(arguments);
        kubectl
    }

    /// A namespace and what is in it.
    fn manifest(&self, name: &str, value: &str) -> PathBuf {
        let namespace = json!({
            "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": "demo" },
        });
        self.manifest_of(name, &[namespace, config_map("settings", value)])
    }

    fn manifest_of(&self, name: &str, items: &[serde_json::Value]) -> PathBuf {
        let path = self.world.folder().join(name);
        let list = json!({ "apiVersion": "v1", "kind": "List", "items": items });
        std::fs::write(&path, list.to_string()).expect("a manifest");
        path
    }
}

fn config_map(name: &str, value: &str) -> serde_json::Value {
    json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": { "name": name, "namespace": "demo" },
        "data": { "value": value },
    })
}

/// The one of the PATH, or the one that `cargo xtask test` has got.
fn program() -> PathBuf {
    std::env::var_os("KEYHOLE_KUBECTL").map_or_else(|| Path::new("kubectl").into(), PathBuf::from)
}

fn printed(output: &Output, arguments: &[&str]) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let said = text(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {said}");
    text(&output.stdout)
}
