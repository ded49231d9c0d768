//! `keyhole verify`, end to end over TLS.

use keyhole_emulator::Fault;
use keyhole_tests::World;
use keyhole_tests::leaks::Secret;
use keyhole_tests::program::run;
use serde_json::Value;

/// A token that the tests know, so that they can look for it.
pub(crate) const TOKEN: &str = "eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9.eyJhdWQiOiJrZXlob2xlLXRlc3QifQ.\
     dGhlLXNpZ25hdHVyZS1vZi1hbi1hY2Nlc3MtdG9rZW4tdGhhdC10aGUtdGVzdHMta25vdw";

fn granted() -> World {
    let world = World::new();
    world.emulator.always(Some(Fault::access_token(TOKEN)));
    world
}

#[test]
fn success_is_a_line_a_step_the_expiration_time_and_a_truncated_token() {
    let world = granted();
    let ran = run(&world, &["verify"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(ran.stderr, "", "{ran:?}");
    for part in [
        world.emulator.client_id(),
        world.emulator.tenant(),
        &world.token_file().display().to_string(),
        "localhost",
        "eyJ0eXAiOi",
        &format!("{}", TOKEN.len()),
        "Z (in 23 h 59 min)",
    ] {
        assert!(ran.stdout.contains(part), "{part:?} in:\n{}", ran.stdout);
    }
    assert!(!ran.stdout.contains(&TOKEN[..11]), "{}", ran.stdout);
    Secret::new("access token", TOKEN).must_not_be_in("verify", &ran.stdout);
    assert_eq!(world.honest_requests().len(), 1);
}

#[test]
fn as_json_it_is_one_document() {
    let world = granted();
    let ran = run(&world, &["verify", "--output", "json"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(ran.stderr, "", "{ran:?}");
    let report: Value = serde_json::from_str(&ran.stdout).expect("one JSON document");
    assert_eq!(report["ok"], true);
    assert_eq!(report["exit_code"], 0);
    assert_eq!(report["command"], "verify");
    assert_eq!(report["token"]["prefix"], "eyJ0eXAiOi");
    assert_eq!(report["token"]["length"], TOKEN.len());
    assert_eq!(report["token"]["requests"], 1);
    assert!(report["failure"].is_null());
    let left = report["token"]["expires_in_s"].as_i64().expect("a number");
    assert!((86_000..=86_399).contains(&left), "{left}");
    let steps = report["steps"].as_array().expect("steps");
    assert!(steps.len() >= 5, "{steps:?}");
    assert!(
        steps.iter().all(|step| step["state"] == "done"),
        "{steps:?}"
    );
    Secret::new("access token", TOKEN).must_not_be_in("verify", &ran.stdout);
}

#[test]
fn a_saved_report_is_one_page_without_secrets() {
    let world = granted();
    let page = world.folder().join("report.html");
    let name = page.display().to_string();
    let ran = run(&world, &["verify", "--save-report", &name]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let html = std::fs::read_to_string(&page).expect("the page");
    assert!(html.starts_with("<!DOCTYPE html>"), "{html}");
    assert!(html.contains("<h2>Granted and used</h2>"), "{html}");
    assert!(!html.contains("<script"), "{html}");
    assert!(!html.contains("http-equiv=\"refresh\""), "{html}");
    Secret::new("access token", TOKEN).must_not_be_in("the page", &html);
    Secret::new("federated token", &world.federated_token()).must_not_be_in("the page", &html);
}

#[test]
fn a_rotated_token_is_read_by_the_next_run() {
    let world = granted();
    assert_eq!(run(&world, &["verify"]).code, Some(0));
    let claims = world.emulator.claims().set("jti", "the-next-one");
    let next = world.emulator.issuer().mint(&claims);
    world.volume.rotate(&next).expect("a rotation");
    assert_eq!(run(&world, &["verify"]).code, Some(0));
    let requests = world.honest_requests();
    assert_eq!(requests[1].field("client_assertion"), Some(&*next));
    assert_ne!(requests[0].field("client_assertion"), Some(&*next));
}

#[test]
fn inspect_shows_the_grants_and_sends_nothing() {
    let world = World::new();
    let ran = run(&world, &["inspect", "--output", "json"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let digest = keyhole_tests::artifacts::identity("exchange")["sha256"]
        .as_str()
        .expect("a digest")
        .to_owned();
    assert!(ran.stdout.contains(&digest), "{digest} in:\n{}", ran.stdout);
    for import in keyhole_host::allowed_imports() {
        assert!(ran.stdout.contains(import), "{import} in:\n{}", ran.stdout);
    }
    assert_eq!(world.emulator.connections(), 0);
}
