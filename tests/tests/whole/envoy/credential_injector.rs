//! Envoy's own `credential_injector` in the plugin's place, for the table in
//! docs/envoy.md: what it does with a federated token, and what not.

use keyhole_emulator::Verdict;
use keyhole_tests::envoy::{Pod, wait_until};

/// The older variant's egress takes the form as the filter writes it.
const FLAGS: &[&str] = &["--older-envoy"];

/// The filter, with the federated token as the secret, and no plugin `exchange`.
fn pod(of_cluster: bool) -> Option<Pod> {
    let mut pod = Pod::new(FLAGS)?;
    let (tenant, client) = (pod.world.emulator.tenant(), pod.world.emulator.client_id());
    let filter = format!(
        r#"        - name: injector
          typed_config:
            "@type": type.googleapis.com/envoy.extensions.filters.http.credential_injector.v3.CredentialInjector
            overwrite: true
            allow_request_without_credential: true
            credential:
              name: envoy.http.injected_credentials.oauth2
              typed_config:
                "@type": type.googleapis.com/envoy.extensions.http.injected_credentials.oauth2.v3.OAuth2
                token_endpoint: {{uri: "http://egress/{tenant}/oauth2/v2.0/token", cluster: egress, timeout: 5s}}
                scopes: ["6dae42f8-4368-4678-94ff-3960e28e3630/.default"]
                client_credentials:
                  client_id: "{client}"
                  client_secret: {{name: federated-token}}
                  auth_type: URL_ENCODED_BODY
"#
    );
    let secret = format!(
        "static_resources:\n  secrets:\n  - name: federated-token\n    generic_secret: {{secret: \
         {{filename: \"{}\"}}}}\n",
        pod.world.token_file().display()
    );
    pod.edit("static_resources:\n", &secret);
    let indent = if of_cluster { "" } else { "  " };
    let filter: String = filter
        .lines()
        .map(|line| format!("{indent}{line}\n"))
        .collect();
    pod.put_in_the_plugin_s_place(&filter, of_cluster);
    // It has a list of its own for the rate; it asks once a worker.
    pod.edit("max_tokens: 4", "max_tokens: 100");
    Some(pod)
}

/// Makes the secret a client assertion.
const RENAME: &str = r#"          - name: rename
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua
              default_source_code:
                inline_string: |
                  function envoy_on_request(handle)
                    local body = handle:body()
                    local form = body:getBytes(0, body:length())
                    local kind = "client_assertion_type=urn%%3Aietf%%3Aparams%%3Aoauth%%3Aclient-assertion-type%%3Ajwt-bearer"
                    form = form:gsub("client_secret=", kind .. "&client_assertion=")
                    body:setBytes(form)
                    handle:headers():replace("content-length", tostring(#form))
                  end
"#;

#[test]
fn credential_injector_sends_the_federated_token_as_a_secret_and_is_refused() {
    let Some(pod) = pod(false) else { return };
    let envoy = pod.start();
    wait_until(|| !pod.world.emulator.requests().is_empty(), || envoy.log());
    let asked = pod.world.emulator.requests();
    assert!(
        matches!(asked[0].verdict, Verdict::Refused(_)),
        "{}",
        asked[0]
    );
    let answer = envoy.get_with("/version", "impersonate-user: root\r\n");
    assert_eq!(answer.status, 401, "{answer:?}\n{}", envoy.log());
    let arrived = pod.arrived();
    let last = arrived.last().expect("it goes on without a token");
    assert_eq!(last.header("impersonate-user"), Some("root"));
}

#[test]
fn credential_injector_works_with_a_script_that_renames_the_field() {
    let Some(mut pod) = pod(false) else { return };
    pod.edit(
        "          # With a length instead of chunks.\n",
        &format!("{RENAME}          # With a length instead of chunks.\n"),
    );
    let envoy = pod.start();
    wait_until(|| envoy.get("/version").status == 200, || envoy.log());
    let granted = pod.exchanges();
    println!(
        "{granted} exchanges for {} workers, {} requests went on before",
        pod.workers,
        pod.arrived().len() - 1
    );
    assert_eq!(granted, 1, "{:?}", pod.world.emulator.requests());
    // Those before it went on without.
    let first = &pod.arrived()[0];
    assert!(
        matches!(first.verdict, Verdict::Unauthenticated(_)),
        "{first}"
    );
}

#[test]
fn credential_injector_as_filter_of_the_cluster_ends_envoy_1_40() {
    let Some(pod) = pod(true) else { return };
    let log = pod.try_start().err().expect("Envoy does not start");
    assert!(log.contains("Segmentation fault"), "{log}");
}
