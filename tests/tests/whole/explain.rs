//! `keyhole verify --explain`: each check right and wrong, end to end.

use super::verify::TOKEN;
use keyhole_emulator::{BadCertificate, EmulatorConfig, Fault, ProjectedVolume};
use keyhole_tests::World;
use keyhole_tests::api_server::{ApiServer, Review};
use keyhole_tests::leaks::Secret;
use keyhole_tests::program::{Ran, command, run_command, slim};
use serde_json::Value;
use std::path::PathBuf;

/// The checks in their order, which scripts may rely on.
const CHECKS: [&str; 11] = [
    "variables",
    "token-file",
    "federated-token",
    "proxy",
    "name-resolution",
    "tcp",
    "tls",
    "http",
    "clock",
    "answer",
    "access-token",
];

/// The findings of a run, and how it ended.
struct Explained {
    code: Option<i32>,
    findings: Vec<Value>,
    report: Value,
}

impl Explained {
    fn get(&self, id: &str) -> &Value {
        let found = self.findings.iter().find(|finding| finding["id"] == id);
        found.unwrap_or_else(|| panic!("no {id} in {:?}", self.findings))
    }

    /// Fails unless this check ended so, with a fix where there is to be one.
    fn must_be(&self, id: &str, state: &str) -> &Value {
        let finding = self.get(id);
        assert_eq!(finding["state"], state, "{finding:#}");
        let sound = finding["state"] == "ok" || finding["state"] == "not-reached";
        assert_eq!(finding["fix"] == "", sound, "{finding:#}");
        finding
    }

    fn states(&self) -> Vec<(&str, &str)> {
        self.findings
            .iter()
            .map(|finding| {
                (
                    finding["id"].as_str().unwrap_or_default(),
                    finding["state"].as_str().unwrap_or_default(),
                )
            })
            .collect()
    }
}

fn explain_with(world: &World, arguments: &[&str], variables: &[(&str, &str)]) -> Explained {
    let mut command = command(&slim(), world);
    command.args(["verify", "--explain", "--output", "json"]);
    let ran = run_command(
        command.args(arguments).envs(variables.iter().copied()),
        world,
    );
    let report: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{ran:?}"));
    let findings = report["diagnosis"].as_array().expect("findings").clone();
    Explained {
        code: ran.code,
        findings,
        report,
    }
}

fn explain(world: &World) -> Explained {
    explain_with(world, &[], &[])
}

#[test]
fn where_all_is_right_every_check_says_so_with_its_values() {
    let world = World::new();
    let explained = explain(&world);
    assert_eq!(explained.code, Some(0));
    let expected: Vec<_> = CHECKS.iter().map(|id| (*id, "ok")).collect();
    assert_eq!(explained.states(), expected);
    let token = explained.get("federated-token");
    assert_eq!(token["facts"]["issuer"], world.emulator.issuer_url());
    assert_eq!(token["facts"]["subject"], world.emulator.subject());
    let pasted = token["snippets"].to_string();
    for part in [
        world.emulator.subject(),
        "az identity federated-credential create",
    ] {
        assert!(pasted.contains(part), "{part} in {pasted}");
    }
    let tls = explained.get("tls");
    let said = tls["said"].as_str().expect("text");
    assert!(said.starts_with("TLS 1.3, roots: SSL_CERT_FILE"), "{tls:#}");
    let root = tls["facts"]["root"].as_str().expect("a root");
    assert!(root.contains("CN="), "{tls:#}");
    let address = explained.get("name-resolution")["facts"]["addresses"].to_string();
    assert!(address.contains(": allowed"), "{address}");
    let uses = explained.report["uses"].as_array().expect("uses");
    let used = |grant: &str| {
        let one = uses.iter().find(|one| one["grant"] == grant);
        one.expect("the grant")["used"].as_u64()
    };
    assert_eq!(used("request"), Some(1), "{uses:?}");
    assert!(used("file") >= Some(1), "{uses:?}");
    assert!(
        uses.iter()
            .all(|one| one["refused"] == Value::Array(vec![])),
        "{uses:?}"
    );
    assert_eq!(world.honest_requests().len(), 1, "nothing else is sent");
}

#[test]
fn without_a_flag_nothing_is_explained() {
    let world = World::new();
    let ran = run_command(
        command(&slim(), &world).args(["verify", "--output", "json"]),
        &world,
    );
    let report: Value = serde_json::from_str(&ran.stdout).expect("JSON");
    assert!(report["diagnosis"].is_null(), "{report:#}");
}

#[test]
fn variables_that_are_missing_stop_the_rest_and_are_told_apart() {
    let world = World::new();
    let mut command = command(&slim(), &world);
    command.args(["verify", "--explain", "--output", "json"]);
    let ran = run_command(command.env_remove("AZURE_CLIENT_ID"), &world);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    let report: Value = serde_json::from_str(&ran.stdout).expect("JSON");
    let states: Vec<&str> = report["diagnosis"]
        .as_array()
        .expect("findings")
        .iter()
        .filter_map(|finding| finding["state"].as_str())
        .collect();
    assert_eq!(states[0], "failed", "{states:?}");
    assert!(
        states[1..].iter().all(|state| *state == "not-reached"),
        "{states:?}"
    );
    assert_eq!(
        report["diagnosis"][0]["facts"]["AZURE_CLIENT_ID"],
        "not set"
    );
}

#[test]
fn a_token_file_that_nobody_renews_is_pointed_out() {
    let world = World::new();
    let copy = world.folder().join("copy");
    std::fs::write(&copy, world.federated_token()).expect("a copy");
    let path = copy.display().to_string();
    let explained = explain_with(&world, &["--federated-token-file", &path], &[]);
    assert_eq!(explained.code, Some(0));
    let finding = explained.must_be("token-file", "warning");
    assert!(finding.to_string().contains("subPath"), "{finding:#}");

    let missing = explain_with(&world, &["--federated-token-file", "/nonexistent"], &[]);
    assert_eq!(missing.code, Some(3));
    missing.must_be("token-file", "failed");
    missing.must_be("federated-token", "not-reached");
    missing.must_be("http", "not-reached");
}

#[test]
fn issuer_subject_and_audience_that_no_credential_has_are_named() {
    for (code, what) in [
        (700_211, "this issuer"),
        (700_213, "this subject"),
        (700_212, "this audience"),
    ] {
        let world = World::new();
        world.emulator.always(Some(Fault::Entra(code)));
        let explained = explain(&world);
        assert_eq!(explained.code, Some(4), "{code}");
        let finding = explained.must_be("federated-token", "failed");
        let said = finding["said"].as_str().expect("text");
        assert!(said.contains(what), "{said}");
        assert!(!finding["snippets"].as_array().expect("a list").is_empty());
        let answer = explained.must_be("answer", "failed");
        assert!(answer.to_string().contains(&code.to_string()), "{answer:#}");
        explained.must_be("tls", "ok");
        explained.must_be("access-token", "not-reached");
    }
}

#[test]
fn a_subject_that_really_differs_is_found_by_the_authority_and_shown() {
    let world = World::new();
    let claims = world
        .emulator
        .claims()
        .subject("system:serviceaccount:demo:other");
    let token = world.emulator.issuer().mint(&claims);
    world.volume.rotate(&token).expect("a rotation");
    let explained = explain(&world);
    assert_eq!(explained.code, Some(4));
    let finding = explained.must_be("federated-token", "failed");
    assert_eq!(
        finding["facts"]["subject"],
        "system:serviceaccount:demo:other"
    );
}

#[test]
fn an_expired_token_is_the_federated_token_s_own_fault() {
    let world = World::new();
    let claims = world.emulator.claims().shifted(-7200);
    let token = world.emulator.issuer().mint(&claims);
    world.volume.rotate(&token).expect("a rotation");
    let explained = explain(&world);
    assert_eq!(explained.code, Some(3));
    explained.must_be("federated-token", "failed");
    explained.must_be("proxy", "not-reached");
    explained.must_be("answer", "not-reached");
}

#[test]
fn a_clock_that_differs_is_measured_against_the_date_header() {
    for (seconds, state) in [
        (2, "ok"),
        (60, "warning"),
        (900, "failed"),
        (-900, "failed"),
    ] {
        let world = World::new();
        world.emulator.always(Some(Fault::SkewedDate { seconds }));
        let explained = explain(&world);
        assert_eq!(explained.code, Some(0), "{seconds}");
        let finding = explained.must_be("clock", state);
        let side = if seconds < 0 { "ahead of" } else { "behind" };
        assert!(finding["said"].to_string().contains(side), "{finding:#}");
    }
}

#[test]
fn a_name_that_does_not_resolve_and_a_port_where_nobody_is_stop_there() {
    let world = World::new();
    let explained = explain_with(
        &world,
        &[
            "--authority-host",
            "https://login.invalid",
            "--timeout",
            "5s",
        ],
        &[],
    );
    assert_eq!(explained.code, Some(5));
    explained.must_be("name-resolution", "failed");
    explained.must_be("tcp", "not-reached");
    explained.must_be("http", "not-reached");

    let free = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let url = format!("https://{}", free.local_addr().expect("an address"));
    drop(free);
    let explained = explain_with(&world, &["--authority-host", &url, "--timeout", "5s"], &[]);
    assert_eq!(explained.code, Some(5));
    explained.must_be("name-resolution", "ok");
    explained.must_be("tcp", "failed");
    explained.must_be("tls", "not-reached");
    let facts = &explained.get("federated-token")["facts"];
    assert_eq!(facts["subject"], world.emulator.subject());
}

#[test]
fn a_certificate_that_is_not_trusted_is_shown_with_who_issued_it() {
    for kind in [
        BadCertificate::Expired,
        BadCertificate::WrongHost,
        BadCertificate::UnknownCa,
    ] {
        let world = World::new();
        let url = world.emulator.bad_authority(kind);
        let explained = explain_with(&world, &["--authority-host", &url, "--timeout", "5s"], &[]);
        assert_eq!(explained.code, Some(5), "{kind:?}");
        let finding = explained.must_be("tls", "failed");
        let first = finding["facts"]["certificate_1"].as_str().expect("text");
        assert!(first.contains("issued by "), "{finding:#}");
        assert!(first.contains("until "), "{finding:#}");
        let root = finding["facts"]["root"].as_str().expect("text");
        let unknown = matches!(kind, BadCertificate::UnknownCa);
        assert_eq!(root.starts_with("none of"), unknown, "{kind:?} {finding:#}");
        explained.must_be("http", "not-reached");
    }
}

#[test]
fn a_throttled_request_names_status_and_count() {
    let world = World::new();
    world.emulator.always(Some(Fault::throttled(1)));
    let explained = explain_with(&world, &["--timeout", "4s"], &[]);
    assert_eq!(explained.code, Some(5));
    let finding = explained.must_be("http", "failed");
    assert!(finding["said"].to_string().contains("429"), "{finding:#}");
    explained.must_be("answer", "failed");
}

#[test]
fn claims_are_shown_only_when_asked_for_and_an_opaque_token_has_none() {
    let world = World::new();
    let without = explain(&world);
    assert!(without.get("access-token")["facts"]["tid"].is_null());
    let shown = explain_with(&world, &["--show-claims"], &[]);
    assert_eq!(shown.code, Some(0));
    let facts = &shown.must_be("access-token", "ok")["facts"];
    assert_eq!(facts["tid"], world.emulator.tenant(), "{facts:#}");
    assert!(
        facts["claims"].to_string().contains("not verified"),
        "{facts:#}"
    );

    let world = World::new();
    world
        .emulator
        .always(Some(Fault::access_token(&"opaque".repeat(20))));
    let shown = explain_with(&world, &["--show-claims"], &[]);
    let facts = &shown.must_be("access-token", "ok")["facts"];
    assert!(facts["claims"].to_string().contains("opaque"), "{facts:#}");
}

fn ask_cluster(world: &World, server: &ApiServer, trusted: bool) -> Explained {
    world.emulator.always(Some(Fault::access_token(TOKEN)));
    let ca = world.folder().join("cluster.pem");
    std::fs::write(&ca, server.certificate()).expect("the server's certificate");
    let ca = ca.display().to_string();
    let (url, mut arguments) = (server.url(), vec!["--cluster"]);
    arguments.push(&url);
    if trusted {
        arguments.extend(["--cluster-ca", &ca]);
    }
    let log = audit_log(world).display().to_string();
    arguments.extend(["--audit", &log]);
    explain_with(world, &arguments, &[])
}

fn audit_log(world: &World) -> PathBuf {
    world.folder().join("audit.jsonl")
}

#[test]
fn a_cluster_says_whom_it_takes_the_token_for_and_gets_one_request() {
    let world = World::new();
    let server = ApiServer::start(TOKEN);
    let explained = ask_cluster(&world, &server, true);
    assert_eq!(explained.code, Some(0));
    let finding = explained.must_be("cluster", "ok");
    assert_eq!(finding["facts"]["username"], "the-object-id");
    let grant = explained.report["cluster"]["request"]
        .as_str()
        .expect("the grant");
    assert!(
        grant.starts_with(&format!("POST {}/apis/", server.url())),
        "{grant}"
    );
    assert_eq!(server.bearers(), [TOKEN]);

    let log = std::fs::read_to_string(audit_log(&world)).expect("the audit log");
    let target = format!("\"target\":\"POST {}/apis/", server.url());
    let mut of_the_cluster = log.lines().filter(|line| line.contains(&target));
    let (sent, answered) = (of_the_cluster.next(), of_the_cluster.next());
    assert!(
        sent.is_some_and(|line| line.contains("\"allowed\"")),
        "{log}"
    );
    assert!(
        answered.is_some_and(|line| line.contains("\"status\":201")),
        "{log}"
    );
    Secret::new("access token", TOKEN).must_not_be_in("the audit log", log);
}

#[test]
fn what_a_cluster_may_answer_has_its_meaning_and_exit_code() {
    let forbidden: Review = ("403 Forbidden", r#"{"message":"not allowed"}"#);
    let missing: Review = ("404 Not Found", "404 page not found");
    let redirect: Review = ("302 Found", "");
    let garbage: Review = ("201 Created", "<html>");
    for (review, state, code) in [
        (forbidden, "warning", 0),
        (missing, "warning", 0),
        (redirect, "failed", 6),
        (garbage, "failed", 6),
    ] {
        let world = World::new();
        let server = ApiServer::reviewing(TOKEN, review);
        let explained = ask_cluster(&world, &server, true);
        explained.must_be("cluster", state);
        assert_eq!(explained.code, Some(code), "{review:?}");
        assert_eq!(server.bearers().len(), 1, "{review:?}");
    }
    let world = World::new();
    let server = ApiServer::start("another token");
    let explained = ask_cluster(&world, &server, true);
    explained.must_be("cluster", "failed");
    assert_eq!(explained.code, Some(4));
}

#[test]
fn a_cluster_that_is_not_trusted_gets_no_token() {
    let world = World::new();
    let server = ApiServer::start(TOKEN);
    let explained = ask_cluster(&world, &server, false);
    explained.must_be("cluster", "failed");
    assert_eq!(explained.code, Some(5));
    assert!(server.bearers().is_empty(), "{:?}", server.bearers());
}

#[test]
fn an_answer_of_a_cluster_that_reflects_the_token_shows_nothing_of_it() {
    let world = World::new();
    let body =
        format!(r#"{{"status":{{"userInfo":{{"username":"{TOKEN}"}}}},"message":"{TOKEN}"}}"#);
    let server = ApiServer::reviewing(TOKEN, ("201 Created", body.leak()));
    // The search for secrets is the fixture's.
    let explained = ask_cluster(&world, &server, true);
    assert_eq!(explained.get("cluster")["facts"]["username"], "[redacted]");
    Secret::new("access token", TOKEN).must_not_be_in("JSON", explained.report.to_string());
}

#[test]
fn what_is_no_url_of_a_cluster_is_refused_before_anything_is_sent() {
    let world = World::new();
    for url in [
        "http://cluster",
        "cluster",
        "https://a@b",
        "https://c/?q",
        "https://",
    ] {
        let explained = explain_with(&world, &["--cluster", url], &[]);
        assert_eq!(explained.code, Some(2), "{url}");
        explained.must_be("cluster", "not-reached");
    }
    assert_eq!(world.emulator.connections(), 0);
}

/// A page of a run with everything on it.
fn page(world: &World, arguments: &[&str]) -> (Ran, String) {
    let file = world.folder().join("report.html");
    let mut command = command(&slim(), world);
    command.args(["verify", "--explain", "--show-claims", "--save-report"]);
    let ran = run_command(command.arg(&file).args(arguments), world);
    let html = std::fs::read_to_string(&file).expect("the page");
    (ran, html)
}

#[test]
fn the_page_is_well_formed_without_script_or_secret() {
    for fault in [
        None,
        Some(Fault::Entra(700_213)),
        Some(Fault::ReflectAssertion),
    ] {
        let world = World::new();
        world.emulator.always(fault);
        let (ran, html) = page(&world, &[]);
        assert!(ran.code.is_some(), "{ran:?}");
        for secret in world.secrets() {
            secret.must_not_be_in("the page", &html);
        }
        must_be_well_formed(&html);
        for title in [
            "<h2>Checks</h2>",
            "<h2>Timeline</h2>",
            "<h2>Granted and used</h2>",
        ] {
            assert!(html.contains(title), "{title} in {html}");
        }
        let lower = html.to_ascii_lowercase();
        for not in [
            "<script",
            "javascript:",
            " src=",
            " href=",
            "url(",
            "@import",
            "onload",
        ] {
            assert!(!lower.contains(not), "{not} in {html}");
        }
    }
}

/// Every tag is closed by its own, and none but those the page is made of.
fn must_be_well_formed(html: &str) {
    const VOID: [&str; 2] = ["meta", "br"];
    let mut open: Vec<&str> = Vec::new();
    for rest in html.split('<').skip(1) {
        let (tag, _) = rest.split_once('>').expect("a tag ends");
        let name = tag.split([' ', '\n']).next().unwrap_or_default();
        match name.strip_prefix('/') {
            Some(closed) => assert_eq!(open.pop(), Some(closed), "in {html}"),
            None if name == "!DOCTYPE" || VOID.contains(&name) => {}
            None => open.push(name),
        }
    }
    assert!(open.is_empty(), "{open:?} stay open in {html}");
}

#[test]
fn a_report_on_a_fifo_or_a_device_is_refused_and_never_waited_for() {
    let world = World::new();
    let fifo = world.folder().join("fifo");
    keyhole_tests::fifo(&fifo);
    for path in [
        fifo.as_path(),
        std::path::Path::new("/dev/null"),
        world.folder(),
    ] {
        let mut command = command(std::path::Path::new("timeout"), &world);
        command
            .arg("20")
            .arg(slim())
            .args(["verify", "--save-report"]);
        let ran = run_command(command.arg(path), &world);
        ran.must_have_failed(2, &["cannot be saved", "not a regular file"]);
    }
    assert_eq!(world.emulator.connections(), 0);
}

#[test]
fn the_text_is_a_line_a_check_and_fits_a_failure_s_message() {
    let world = World::with(EmulatorConfig {
        subject: "system:serviceaccount:demo:o'brien ${x}".to_owned(),
        ..EmulatorConfig::default()
    });
    world.emulator.always(Some(Fault::Entra(700_213)));
    let ran = run_command(
        command(&slim(), &world).args(["verify", "--explain"]),
        &world,
    );
    assert_eq!(ran.code, Some(4), "{ran:?}");
    let starts = |state: &str| {
        ran.stdout
            .lines()
            .filter(|line| line.starts_with(state))
            .count()
    };
    assert_eq!(starts("not-reached"), 1, "{}", ran.stdout);
    assert_eq!(starts("failed"), 3, "{}", ran.stdout);
    for quoted in [
        r"'system:serviceaccount:demo:o'\''brien ${x}'",
        "o'brien $${x}\"",
    ] {
        assert!(ran.stdout.contains(quoted), "{quoted} in {}", ran.stdout);
    }
}

#[test]
fn a_mount_of_the_webhook_is_known_by_its_path() {
    // Nothing can be mounted at the webhook's own path here: it is named and
    // not there, which the findings say.
    let world = World::new();
    let path = "/var/run/secrets/azure/wi/token/azure-identity-token";
    let explained = explain_with(&world, &[], &[("AZURE_FEDERATED_TOKEN_FILE", path)]);
    assert_eq!(explained.code, Some(3));
    let said = explained.get("variables")["said"].to_string();
    assert!(said.contains("webhook, 1.6.0 or newer"), "{said}");
    explained.must_be("token-file", "failed");
}

#[test]
fn a_volume_that_is_mounted_elsewhere_is_projected_all_the_same() {
    let world = World::new();
    let mount = world.folder().join("elsewhere");
    std::fs::create_dir(&mount).expect("a folder");
    let volume = ProjectedVolume::create(mount, &world.federated_token()).expect("a volume");
    let path = volume.token_file().display().to_string();
    let explained = explain_with(&world, &["--federated-token-file", &path], &[]);
    let finding = explained.must_be("token-file", "ok");
    assert!(finding["facts"]["renewal"].is_string(), "{finding:#}");
}
