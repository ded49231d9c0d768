//! A plugin of somebody else's in the same Envoy, with every capability: it
//! sends wherever it likes, and reads what is shared.

use keyhole_tests::envoy::{Envoy, Pod};
use std::fmt::Write as _;
use std::fs;

/// A request of the hostile plugin.
struct Attempt<'a> {
    cluster: &'a str,
    headers: &'a [(&'a str, &'a str)],
}

/// Headers in the ABI's form.
fn serialized(headers: &[(&str, &str)]) -> Vec<u8> {
    let number = |value: usize| u32::try_from(value).expect("a short text").to_le_bytes();
    let mut bytes = number(headers.len()).to_vec();
    for (name, value) in headers {
        bytes.extend(number(name.len()));
        bytes.extend(number(value.len()));
    }
    for text in headers.iter().flat_map(|(name, value)| [name, value]) {
        bytes.extend(text.as_bytes());
        bytes.push(0);
    }
    bytes
}

fn data(at: usize, bytes: &[u8]) -> String {
    let mut text = format!("(data (i32.const {at}) \"");
    for byte in bytes {
        let _ = write!(text, "\\{byte:02x}");
    }
    text + "\")"
}

/// A module that makes the attempt at its first tick and logs the status of the
/// call, then that of the answer; and reads the shared token at each tick.
fn module(attempt: &Attempt<'_>) -> Vec<u8> {
    let headers = serialized(attempt.headers);
    let wat = format!(
        r#"(module
  (import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
  (import "env" "proxy_set_tick_period_milliseconds" (func $tick (param i32) (result i32)))
  (import "env" "proxy_http_call" (func $call
    (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_get_header_map_value" (func $header
    (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_get_shared_data" (func $shared
    (param i32 i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 4)
  (global $free (mut i32) (i32.const 131072))
  (global $sent (mut i32) (i32.const 0))
  {cluster}
  {headers_data}
  {trailers}
  (data (i32.const 12288) "{{}}")
  (data (i32.const 12320) "hostile call X.")
  (data (i32.const 12352) "hostile answer ")
  (data (i32.const 12384) ":status")
  (data (i32.const 12416) "keyhole.token")
  (data (i32.const 12448) "hostile shared X.")
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "proxy_on_memory_allocate") (param $size i32) (result i32)
    (local $at i32)
    (local.set $at (global.get $free))
    (global.set $free (i32.add (global.get $free) (local.get $size)))
    (local.get $at))
  (func (export "proxy_on_context_create") (param i32 i32))
  (func (export "proxy_on_configure") (param i32 i32) (result i32)
    (drop (call $tick (i32.const 500)))
    (i32.const 1))
  (func (export "proxy_on_tick") (param i32)
    (i32.store8 (i32.const 12463) (i32.add (i32.const 65)
      (call $shared (i32.const 12416) (i32.const 13)
        (i32.const 16384) (i32.const 16388) (i32.const 16392))))
    (drop (call $log (i32.const 2) (i32.const 12448) (i32.const 17)))
    (if (global.get $sent) (then (return)))
    (global.set $sent (i32.const 1))
    (i32.store8 (i32.const 12333) (i32.add (i32.const 65)
      (call $call (i32.const 1024) (i32.const {cluster_size})
        (i32.const 2048) (i32.const {headers_size})
        (i32.const 12288) (i32.const 2)
        (i32.const 8192) (i32.const 4)
        (i32.const 5000) (i32.const 16396))))
    (drop (call $log (i32.const 2) (i32.const 12320) (i32.const 15))))
  (func (export "proxy_on_http_call_response")
    (param i32) (param i32) (param $headers i32) (param i32) (param i32)
    (if (i32.eqz (local.get $headers)) (then
      (drop (call $log (i32.const 2) (i32.const 12352) (i32.const 15))) (return)))
    (drop (call $header (i32.const 6) (i32.const 12384) (i32.const 7)
      (i32.const 16384) (i32.const 16388)))
    (memory.copy (i32.const 12367) (i32.load (i32.const 16384)) (i32.const 3))
    (drop (call $log (i32.const 2) (i32.const 12352) (i32.const 18))))
)"#,
        cluster = data(1024, attempt.cluster.as_bytes()),
        headers_data = data(2048, &headers),
        trailers = data(8192, &serialized(&[])),
        cluster_size = attempt.cluster.len(),
        headers_size = headers.len(),
    );
    wat::parse_str(wat).expect("a module")
}

/// A letter for each status of the ABI, from `A` for Ok.
const OK: &str = "A.";
const NOT_FOUND: &str = "B.";
const INTERNAL_FAILURE: &str = "K.";

/// Starts Envoy with the plugin beside ours and waits until it has done its
/// worst.
fn run(pod: &mut Pod, attempt: &Attempt<'_>, vm_id: &str) -> Envoy {
    let file = pod.world.folder().join("hostile.wasm");
    fs::write(&file, module(attempt)).expect("a module");
    let hostile = format!(
        "bootstrap_extensions:\n- name: hostile\n  typed_config:\n    \"@type\": \
         type.googleapis.com/envoy.extensions.wasm.v3.WasmService\n    singleton: true\n    \
         config:\n      name: hostile\n      root_id: hostile\n      vm_config: {{vm_id: \
         \"{vm_id}\", runtime: envoy.wasm.runtime.v8, code: {{local: {{filename: {:?}}}}}}}\n",
        file.display().to_string()
    );
    pod.edit("bootstrap_extensions:\n", &hostile);
    let envoy = pod.start();
    envoy.wait_for_log("hostile call ");
    envoy
}

#[test]
fn a_plugin_that_sends_to_the_tls_clusters_itself_gets_nowhere() {
    let path = "/5d2a71c4-8f0e-4b6a-9c3d-1e7f60a4b852/oauth2/v2.0/token";
    let to = [
        (":method", "POST"),
        (":path", path),
        (":authority", "x"),
        ("content-type", "application/json"),
    ];
    for cluster in ["authority", "upstream"] {
        let Some(mut pod) = Pod::new(&[]) else { return };
        let envoy = run(
            &mut pod,
            &Attempt {
                cluster,
                headers: &to,
            },
            "hostile",
        );
        assert!(
            !envoy.log().contains(&format!("hostile call {OK}")),
            "{cluster}: {}",
            envoy.log()
        );
        envoy.wait_for_log(&format!("hostile call {INTERNAL_FAILURE}"));
        assert_eq!(envoy.get("/version").status, 200, "{}", envoy.log());
        assert_eq!(pod.exchanges(), 1, "one of ours alone");
        assert_eq!(pod.arrived().len(), 1, "{:?}", pod.arrived());
    }
}

#[test]
fn a_plugin_that_sends_through_the_egress_reaches_the_token_endpoint_alone() {
    let path = "/5d2a71c4-8f0e-4b6a-9c3d-1e7f60a4b852/oauth2/v2.0/token";
    let query = format!("{path}?x=1");
    let detour = format!("/x/..{path}");
    let json = ("content-type", "application/json");
    for headers in [
        [
            (":method", "POST"),
            (":path", "/evil"),
            (":authority", "x"),
            json,
        ],
        [
            (":method", "POST"),
            (":path", &*query),
            (":authority", "x"),
            json,
        ],
        [
            (":method", "POST"),
            (":path", &*detour),
            (":authority", "x"),
            json,
        ],
        [
            (":method", "GET"),
            (":path", path),
            (":authority", "x"),
            json,
        ],
        [
            (":method", "PUT"),
            (":path", path),
            (":authority", "x"),
            json,
        ],
        // Not what the transformation takes: it must not pass as it is.
        [
            (":method", "POST"),
            (":path", path),
            (":authority", "x"),
            ("content-type", "text/plain"),
        ],
    ] {
        let Some(mut pod) = Pod::new(&[]) else { return };
        let envoy = run(
            &mut pod,
            &Attempt {
                cluster: "egress",
                headers: &headers,
            },
            "hostile",
        );
        envoy.wait_for_log("hostile answer 404");
        assert_eq!(envoy.get("/version").status, 200, "{}", envoy.log());
        assert_eq!(
            pod.exchanges(),
            1,
            "{headers:?}: {:?}",
            pod.world.emulator.requests()
        );
    }
    // Another host is ours again, and its own headers change nothing.
    let Some(mut pod) = Pod::new(&[]) else { return };
    let headers = [
        (":method", "POST"),
        (":path", path),
        (":authority", "evil.example"),
        json,
    ];
    let envoy = run(
        &mut pod,
        &Attempt {
            cluster: "egress",
            headers: &headers,
        },
        "hostile",
    );
    envoy.wait_for_log("hostile answer 200");
    for request in pod.world.emulator.requests() {
        let host = request.header("host").unwrap_or_default();
        assert!(host.starts_with("localhost:"), "{host}");
        assert_eq!(request.header("x-envoy-original-host"), None);
    }
}

#[test]
fn a_plugin_of_another_vm_id_does_not_find_the_token() {
    let attempt = Attempt {
        cluster: "none",
        headers: &[(":method", "GET"), (":path", "/"), (":authority", "x")],
    };
    let Some(mut pod) = Pod::new(&[]) else { return };
    let envoy = run(&mut pod, &attempt, "hostile");
    assert_eq!(envoy.get("/version").status, 200, "{}", envoy.log());
    envoy.wait_for_log(&format!("hostile shared {NOT_FOUND}"));
    let log = envoy.log();
    assert!(!log.contains(&format!("hostile shared {OK}")), "{log}");
    drop(envoy);

    // The same with our id finds it: the attempt is one that can succeed.
    let Some(mut pod) = Pod::new(&[]) else { return };
    let vm_id = pod
        .yaml
        .split("vm_id: \"")
        .nth(1)
        .and_then(|rest| rest.split('"').next());
    let vm_id = vm_id.expect("a vm_id").to_owned();
    let envoy = run(&mut pod, &attempt, &vm_id);
    envoy.wait_for_log(&format!("hostile shared {OK}"));
}
