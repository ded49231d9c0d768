//! A real kubectl with Keyhole as its credential plugin, through a kubeconfig
//! that `keyhole convert-kubeconfig` has converted.

use keyhole_emulator::Fault;
use keyhole_tests::program::slim;
use keyhole_tests::{Cluster, skipped};
use serde_json::Value;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::OnceLock;

/// `kubectl auth whoami` is there since this minor release of Kubernetes 1, and
/// ExecCredential v1 before it.
const OLDEST: u64 = 28;

const VERSIONS: [&str; 2] = [
    "client.authentication.k8s.io/v1beta1",
    "client.authentication.k8s.io/v1",
];

/// Whether there is a kubectl that is new enough; says so if not.
pub(crate) fn is_there() -> bool {
    static FOUND: OnceLock<Result<String, String>> = OnceLock::new();
    match FOUND.get_or_init(found) {
        Ok(version) => {
            println!("kubectl {version}");
            true
        }
        Err(why) => {
            skipped(&format!("{why}; `cargo xtask test --all` builds one"));
            false
        }
    }
}

/// The one of the PATH, or the one that `cargo xtask test` has got.
pub(crate) fn program() -> PathBuf {
    std::env::var_os("KEYHOLE_KUBECTL").map_or_else(|| "kubectl".into(), PathBuf::from)
}

fn found() -> Result<String, String> {
    let output = Command::new(program())
        .args(["version", "--client", "--output", "json"])
        .output()
        .map_err(|error| format!("no kubectl: {error}"))?;
    let version: Value =
        serde_json::from_slice(&output.stdout).map_err(|_| "kubectl does not tell its version")?;
    let text = |name| version["clientVersion"][name].as_str().unwrap_or_default();
    match text("minor").trim_end_matches('+').parse::<u64>() {
        Ok(minor) if text("major") == "1" && minor >= OLDEST => Ok(text("gitVersion").to_owned()),
        _ => Err(format!("kubectl is {}", text("gitVersion"))),
    }
}

pub(crate) fn kubectl(cluster: &Cluster, arguments: &[&str]) -> Output {
    let mut kubectl = cluster.client(program());
    cluster.run(kubectl.args(["--request-timeout", "20s"]).args(arguments))
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

pub(crate) fn must_list_namespaces(output: &Output) {
    assert!(output.status.success(), "{}", text(&output.stderr));
    let names: Vec<String> = text(&output.stdout).lines().map(str::to_owned).collect();
    let expected = Cluster::NAMESPACES.map(|name| format!("namespace/{name}"));
    assert_eq!(names, expected, "{}", text(&output.stderr));
}

pub(crate) fn get_namespaces(cluster: &Cluster) -> Output {
    kubectl(cluster, &["get", "namespaces", "--output", "name"])
}

pub(crate) fn who_am_i(cluster: &Cluster) -> Value {
    let output = kubectl(cluster, &["auth", "whoami", "--output", "json"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// The lines of kubectl's standard error that the plugin wrote.
fn of_the_plugin(output: &Output) -> Vec<String> {
    let is_kubectls = |line: &&str| {
        // klog's header, and kubectl's own last word.
        line.starts_with(['E', 'I', 'W']) && line.contains(".go:")
            || line.starts_with("Unable to connect")
            || line.is_empty()
    };
    let all = text(&output.stderr);
    let lines = all.lines().filter(|line| !is_kubectls(line));
    lines.map(str::to_owned).collect()
}

#[test]
fn kubectl_lists_namespaces_and_knows_who_it_is_through_a_converted_kubeconfig() {
    if !is_there() {
        return;
    }
    for version in VERSIONS {
        for cluster_info in ["false", "true"] {
            let cluster = Cluster::new();
            cluster.edit(VERSIONS[0], version);
            let info = format!("provideClusterInfo: {cluster_info}");
            cluster.edit("provideClusterInfo: false", &info);

            let output = get_namespaces(&cluster);
            must_list_namespaces(&output);
            assert_eq!(text(&output.stderr), "", "{version} {info}");

            let user = &who_am_i(&cluster)["status"]["userInfo"];
            assert_eq!(user["username"], cluster.world.emulator.object_id());
            let groups = [Cluster::GROUP, "system:authenticated"];
            assert_eq!(user["groups"], serde_json::json!(groups), "{user}");

            let (let_in, not) = cluster.let_in_and_not();
            assert!(let_in >= 2 && not == 0, "{let_in} let in, {not} not");
            assert!(cluster.world.honest_requests().len() >= 2);
        }
    }
}

#[test]
fn the_name_kubelogin_is_enough_for_a_kubeconfig_that_is_left_as_it_is() {
    if !is_there() {
        return;
    }
    let cluster = Cluster::not_converted();
    // As after `kubelogin convert-kubeconfig -l workloadidentity`.
    cluster.edit("devicecode", "workloadidentity");
    symlink(slim(), cluster.programs().join("kubelogin")).expect("a link");
    must_list_namespaces(&get_namespaces(&cluster));
}

#[test]
fn an_expired_token_makes_kubectl_ask_for_another_and_go_on() {
    if !is_there() {
        return;
    }
    for version in VERSIONS {
        let cluster = Cluster::new();
        cluster.edit(VERSIONS[0], version);
        let emulator = &cluster.world.emulator;
        let old = emulator.access_token_claims().shifted(-2 * 86_400);
        let old = emulator.access_token_issuer().mint(&old);
        // Two: where kubectl is a dispatcher, it takes the first to ask for the
        // server's version, and then starts the kubectl of that version.
        for _ in 0..2 {
            emulator.queue(Fault::access_token(&old));
        }
        // Nothing is known of the server yet. kubectl discovers it again after
        // a 401, with another token; a single request it does not repeat.
        must_list_namespaces(&get_namespaces(&cluster));
        let (let_in, not) = cluster.let_in_and_not();
        assert!(not >= 2, "{not} requests with an expired token");
        assert!(let_in >= 1, "{let_in} requests let in");
        assert!(emulator.requests().len() > 2, "the plugin ran again");
    }
}

#[test]
fn each_run_of_a_failing_plugin_is_one_short_and_complete_message() {
    if !is_there() {
        return;
    }
    for version in VERSIONS {
        let cluster = Cluster::new();
        cluster.edit(VERSIONS[0], version);
        let emulator = &cluster.world.emulator;
        emulator.always(Some(Fault::Entra(700_213)));
        let output = get_namespaces(&cluster);
        assert!(!output.status.success());
        let said = text(&output.stderr);
        let runs = emulator.requests().len();
        assert!((2..=8).contains(&runs), "{runs} runs:\n{said}");

        let lines = of_the_plugin(&output);
        let starting = |mark| lines.iter().filter(|line| line.starts_with(mark)).count();
        assert_eq!(starting("error: "), runs, "{said}");
        assert_eq!(starting("hint: "), runs, "{said}");
        assert!(lines.len() <= 4 * runs, "{runs} runs:\n{said}");
        for error in lines.iter().filter(|line| line.starts_with("error: ")) {
            assert!(error.contains("AADSTS700213"), "{error}");
            assert!(error.contains(emulator.subject()), "{error}");
        }
        assert!(said.contains("failed with exit code 4"), "{said}");
        assert_eq!(cluster.let_in_and_not(), (0, 0));
    }
}
