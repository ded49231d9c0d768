//! Configurations that are wrong: refused by the plugin at Envoy's start, by
//! `keyhole envoy check` before it, or without effect on what is safe.

use keyhole_tests::envoy::Pod;
use keyhole_tests::program::{command, run_command, slim};
use std::fs;

use super::VARIANTS;

fn refusal(pod: &Pod) -> String {
    match pod.try_start() {
        Err(log) => log,
        Ok(_) => panic!("Envoy has started with:\n{}", pod.yaml),
    }
}

#[test]
fn a_bad_plugin_configuration_stops_envoy_at_its_start_and_names_the_field() {
    for (from, to, part) in [
        (
            "\"wait_ms\": 2000",
            "\"wait_ms\": \"2s\"",
            "\"wait_ms\" must be",
        ),
        ("\"wait_ms\": 2000", "\"wait\": 1", "\"wait\" is unknown"),
        (
            "\"plugin\": \"inject\"",
            "\"plugin\": \"other\"",
            "\"plugin\" is \"other\"",
        ),
        (
            "\"cluster\": \"egress\"",
            "\"cluster\": 7",
            "\"cluster\" must be a string",
        ),
        (
            "\"scope\": \"",
            "\"scope\": \"\\\"",
            "\"scope\" cannot be used",
        ),
        (
            "\"authority_host\": \"https",
            "\"authority_host\": \"ftp",
            "\"authority_host\"",
        ),
        (
            "            \"plugin\": \"exchange\",\n",
            "",
            "\"plugin\" is missing",
        ),
    ] {
        let Some(mut pod) = Pod::new(&[]) else { return };
        pod.edit(from, to);
        let log = refusal(&pod);
        assert!(log.contains(part), "{to}: {part:?} in:\n{log}");
    }
}

#[test]
fn capabilities_that_the_plugin_can_try_are_missed_at_envoy_s_start() {
    for capability in [
        "proxy_get_current_time_nanoseconds",
        "proxy_set_tick_period_milliseconds",
        "proxy_get_shared_data",
    ] {
        let Some(mut pod) = Pod::new(&[]) else { return };
        pod.edit(&format!("{capability}: {{}}\n"), "proxy_none: {}\n");
        let log = refusal(&pod);
        let said = log.contains(&format!(
            "{capability} is not among the allowed capabilities"
        ));
        assert!(said, "{capability}:\n{log}");
    }
}

/// Whatever is left out of the list of `inject`, nothing goes on without a token.
#[test]
fn a_short_capability_list_lets_no_request_through_without_a_token() {
    for capability in [
        "proxy_on_configure",
        "proxy_get_header_map_pairs",
        "proxy_replace_header_map_value",
        "proxy_get_buffer_bytes",
    ] {
        let Some(mut pod) = Pod::new(&[]) else { return };
        pod.let_the_plugin_strip();
        let place = pod
            .yaml
            .find("        - name: keyhole-inject")
            .expect("the filter");
        let (before, behind) = pod.yaml.split_at(place);
        let behind = behind.replacen(&format!("{capability}: {{}}\n"), "proxy_none: {}\n", 1);
        pod.yaml = format!("{before}{behind}");
        let Ok(envoy) = pod.try_start() else { continue };
        let answer = envoy.get("/version");
        assert!(
            (500..=503).contains(&answer.status),
            "{capability}: {answer:?}"
        );
        assert!(
            pod.arrived().is_empty(),
            "{capability}: {:?}",
            pod.arrived()
        );
    }
}

/// Runs the check on a text.
fn check(pod: &Pod, yaml: &str) -> keyhole_tests::program::Ran {
    let file = pod.world.folder().join("checked.yaml");
    fs::write(&file, yaml).expect("a file");
    run_command(
        command(&slim(), &pod.world)
            .args(["envoy", "check"])
            .arg(&file),
        &pod.world,
    )
}

#[test]
fn the_check_finds_nothing_in_what_the_command_writes_and_each_weakness_in_what_is_changed() {
    let Some(pod) = Pod::new(&[]) else { return };
    for flags in VARIANTS {
        let Some(pod) = Pod::new(flags) else { return };
        let ran = check(&pod, &pod.yaml);
        assert_eq!(ran.code, Some(0), "{ran:?}");
    }
    let vm_id = pod
        .yaml
        .split("vm_id: \"")
        .nth(1)
        .and_then(|rest| rest.split('"').next());
    let vm_id = vm_id.expect("a vm_id").to_owned();
    let list: String = pod
        .yaml
        .lines()
        .skip_while(|line| !line.contains("allowed_capabilities:"))
        .skip(1)
        .take_while(|line| line.contains(": {}"))
        .map(|line| format!("{line}\n"))
        .collect();
    let other = format!(
        "bootstrap_extensions:\n- name: other\n  typed_config: {{config: {{name: o, root_id: o, \
         vm_config: {{vm_id: \"{vm_id}\"}}}}}}\n"
    );
    for (from, to, part) in [
        (&*list, "", "empty or missing"),
        (
            "            proxy_http_call: {}\n",
            "",
            "lack proxy_http_call",
        ),
        (
            "            proxy_set_shared_data: {}\n",
            "            proxy_set_shared_data: {}\n            proxy_get_property: {}\n",
            "have proxy_get_property",
        ),
        (&*vm_id, "", "no vm_id"),
        (&*vm_id, "keyhole", "is short"),
        ("bootstrap_extensions:\n", &*other, "can read the token"),
        ("singleton: true", "singleton: false", "no singleton"),
        (
            "failure_policy: FAIL_CLOSED",
            "failure_policy: FAIL_OPEN",
            "lets requests pass",
        ),
        (
            "egress.sock\", mode: 384",
            "egress.sock\", mode: 438",
            "the mode 438",
        ),
        ("egress.sock\", mode: 384", "egress.sock\"", "of the umask"),
        (
            "{pipe: {path: \"PRIVATE/egress.sock\"}}",
            "{socket_address: {address: 127.0.0.1, port_value: 9}}",
            "no Unix socket",
        ),
        ("NO_FALLBACK", "ANY_ENDPOINT", "whatever the routes say"),
        ("{exact: POST}", "{exact: GET}", "takes any method"),
        ("name: \":path\"", "name: path", "lets a query through"),
        (
            "host_rewrite_literal: \"localhost",
            "host_rewrite_header: \"x",
            "the host that the plugin chose",
        ),
        ("filter_enforced", "filter_disabled", "local_ratelimit"),
        (
            "transform.v3.TransformConfig",
            "other.v3.Other",
            "no transform filter",
        ),
        ("trusted_ca", "crl", "any server with a certificate"),
        ("UpstreamTlsContext", "Raw", "without TLS"),
        (
            "static_resources:",
            "dynamic_resources: {}\nstatic_resources:",
            "control plane",
        ),
        (
            "{remove: authorization}",
            "{remove: author}",
            "nothing removes authorization of",
        ),
        (
            "prefix: \"x_remote-\"",
            "exact: \"x_remote-\"",
            "nothing removes x_remote-* of",
        ),
        (
            ", \"strip_by\": \"envoy\"",
            "",
            "lack proxy_get_header_map_pairs, proxy_remove_header_map_value",
        ),
        ("vm_id: \"", "vm_id: &a \"", "nothing"),
    ] {
        let private = pod.private().display().to_string();
        let from = from.replace("PRIVATE", &private);
        assert!(pod.yaml.contains(&from), "{from:?}");
        let ran = check(&pod, &pod.yaml.replacen(&from, to, usize::MAX));
        if part == "nothing" {
            assert_eq!(ran.code, Some(0), "an anchor alone is no alias: {ran:?}");
        } else {
            ran.must_have_failed(2, &[part]);
        }
    }
    check(&pod, "a: [").must_have_failed(2, &["cannot be checked"]);
}

/// The settings of the examples: what a newcomer replaces.
const EXAMPLE: [&str; 12] = [
    "envoy",
    "config",
    "--upstream",
    "https://kubernetes.default.svc",
    "--client-id",
    "00000000-0000-0000-0000-000000000001",
    "--tenant-id",
    "00000000-0000-0000-0000-000000000002",
    "--federated-token-file",
    "/var/run/secrets/azure/tokens/azure-identity-token",
    "--authority-host",
    "https://login.microsoftonline.com/",
];

#[test]
fn the_examples_are_what_the_command_writes_and_envoy_starts_with_them() {
    for (flags, name) in VARIANTS.into_iter().zip(["envoy.yaml", "envoy-older.yaml"]) {
        let Some(mut pod) = Pod::new(flags) else {
            return;
        };
        let ran = run_command(
            command(&slim(), &pod.world).args(EXAMPLE).args(flags),
            &pod.world,
        );
        assert_eq!(ran.code, Some(0), "{ran:?}");
        let path = keyhole_tests::artifacts::workspace()
            .join("deploy/envoy")
            .join(name);
        let example = fs::read_to_string(&path).expect("the example");
        assert_eq!(
            example, ran.stdout,
            "{name} is another than the command writes"
        );
        // The places of this machine, and nothing else.
        pod.yaml = example;
        let own = |path: &std::path::Path| path.display().to_string();
        let module = keyhole_tests::artifacts::component("envoy-filter");
        let token = pod.world.token_file();
        let ca = own(pod.world.emulator.ca_file());
        let port = format!("port_value: {}", pod.port());
        for (from, to) in [
            ("/run/keyhole", &*own(&pod.private())),
            ("/etc/keyhole/envoy-filter.wasm", &*own(&module)),
            (
                "/var/run/secrets/azure/tokens/azure-identity-token",
                &*own(&token),
            ),
            (
                "/var/run/secrets/azure/tokens",
                &*own(token.parent().expect("a folder")),
            ),
            ("/etc/ssl/certs/ca-certificates.crt", &*ca),
            ("/var/run/secrets/kubernetes.io/serviceaccount/ca.crt", &*ca),
            ("port_value: 8001", &*port),
        ] {
            if from.ends_with("/tokens") && !pod.yaml.contains(from) {
                continue;
            }
            pod.edit(from, to);
        }
        drop(pod.start());
    }
}

/// What is in the mesh is what was tried here.
#[test]
fn istio_s_patches_are_parts_of_the_example() {
    let deploy = keyhole_tests::artifacts::workspace().join("deploy");
    let read = |name: &str| fs::read_to_string(deploy.join(name)).expect("a file");
    let filter = read("istio/envoyfilter.yaml");
    let parsed: serde_json::Value = serde_yaml_ng::from_str(&filter).expect("YAML");
    assert_eq!(parsed["kind"], "EnvoyFilter");
    assert_eq!(parsed["apiVersion"], "networking.istio.io/v1alpha3");
    let example: serde_json::Value =
        serde_yaml_ng::from_str(&read("envoy/envoy.yaml")).expect("YAML");
    let patches = parsed["spec"]["configPatches"].as_array().expect("patches");
    let [bootstrap, cluster] = &patches[..] else {
        panic!("{} patches", patches.len());
    };
    let bootstrap = &bootstrap["patch"]["value"];
    assert_eq!(
        bootstrap["bootstrap_extensions"],
        example["bootstrap_extensions"]
    );
    let mut parts = 0;
    for kind in ["listeners", "clusters"] {
        let of = |value: &serde_json::Value| value["static_resources"][kind].as_array().cloned();
        let example = of(&example).expect("a list");
        for part in of(bootstrap).expect("a list") {
            assert!(example.contains(&part), "{part:#}");
            parts += 1;
        }
    }
    assert_eq!(parts, 3);
    let options = "typed_extension_protocol_options";
    let upstream = &example["static_resources"]["clusters"][0];
    assert_eq!(upstream["name"], "upstream");
    // The listener is the mesh's: there the plugin removes the callers' headers.
    let mut expected = upstream[options].clone();
    let filter = "/envoy.extensions.upstreams.http.v3.HttpProtocolOptions/http_filters/0";
    let config = expected.pointer_mut(&format!("{filter}/typed_config/config"));
    let config = config.expect("the plugin");
    config["configuration"]["value"] = "{\"plugin\": \"inject\", \"wait_ms\": 2000}".into();
    let list = &mut config["vm_config"]["capability_restriction_config"]["allowed_capabilities"];
    for more in [
        "proxy_get_header_map_pairs",
        "proxy_remove_header_map_value",
    ] {
        list[more] = serde_json::json!({});
    }
    assert_eq!(cluster["patch"]["value"][options], expected);
}
