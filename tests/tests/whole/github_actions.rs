//! A job of GitHub Actions: the federated token is asked for, held in memory,
//! and handed to the component as its one file.

use keyhole_emulator::{Answer, BadCertificate, Fault, Framing, RecordedRequest, Verdict};
use keyhole_tests::World;
use keyhole_tests::program::{Ran, command, run_command, slim};
use serde_json::{Value, json};
use std::process::Command;

const URL: &str = "ACTIONS_ID_TOKEN_REQUEST_URL";
const TOKEN: &str = "ACTIONS_ID_TOKEN_REQUEST_TOKEN";
const FLAG: &str = "--github-actions-token";

/// Runs `keyhole` in a job that may ask for a token: there is no token file.
fn job(world: &World, arguments: &[&str], change: impl FnOnce(&mut Command)) -> Ran {
    let emulator = &world.emulator;
    let mut command = command(&slim(), world);
    command
        .env_remove("AZURE_FEDERATED_TOKEN_FILE")
        .env(
            URL,
            emulator.actions_request_url(&emulator.https_authority()),
        )
        .env(TOKEN, emulator.actions_request_token())
        .args(arguments);
    change(&mut command);
    run_command(&mut command, world)
}

fn asked(world: &World) -> Vec<RecordedRequest> {
    let mut requests = world.emulator.requests();
    requests.retain(|request| request.target.contains("idtoken"));
    requests
}

#[test]
fn a_job_gets_its_token_and_exchanges_it() {
    let world = World::new();
    let ran = job(&world, &["get-token", FLAG, "--audit", "-"], |_| {});
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let asked = asked(&world);
    let [request] = &asked[..] else {
        panic!("{asked:?}")
    };
    assert_eq!(request.verdict, Verdict::Minted);
    assert_eq!(request.method, "GET");
    assert_eq!(
        request.target,
        "/_apis/actions/idtoken?api-version=2.0&audience=api%3A%2F%2FAzureADTokenExchange"
    );
    let bearer = format!("bearer {}", world.emulator.actions_request_token());
    assert_eq!(request.header("authorization"), Some(&*bearer));
    let names: Vec<&str> = request.headers.iter().map(|(name, _)| &**name).collect();
    assert_eq!(
        names,
        [
            "host",
            "authorization",
            "accept",
            "accept-encoding",
            "user-agent",
            "connection"
        ]
    );
    // What the authority got is what GitHub gave.
    let requests = world.emulator.requests();
    let exchange = requests.last().expect("a request");
    let given = world.emulator.actions_tokens();
    assert_eq!(exchange.field("client_assertion"), Some(&*given[0]));
    assert_eq!(exchange.verdict, Verdict::Granted);
    // The log has both requests, without query and header.
    let log: Vec<Value> = ran
        .stderr
        .lines()
        .map(|line| serde_json::from_str(line).expect("an event"))
        .collect();
    let requests: Vec<&Value> = log
        .iter()
        .filter(|event| event["capability"] == "request" && event["status"] == 200)
        .collect();
    assert_eq!(requests.len(), 2, "{log:?}");
    let target = requests[0]["target"].to_string();
    assert!(target.contains("GET https://localhost:"), "{target}");
    assert!(target.ends_with("/_apis/actions/idtoken\""), "{target}");
}

#[test]
fn verify_says_where_the_token_is_from() {
    let world = World::new();
    let ran = job(&world, &["verify", FLAG], |command| {
        command.env("AZURE_FEDERATED_TOKEN_FILE", world.token_file());
    });
    assert_eq!(ran.code, Some(0), "{ran:?}");
    for part in [
        "GET https://localhost:",
        "GitHub Actions, ",
        "--github-actions-token overrules AZURE_FEDERATED_TOKEN_FILE",
    ] {
        assert!(ran.stdout.contains(part), "{part:?} in {ran:?}");
    }
}

#[test]
fn inspect_shows_the_grant_and_asks_nobody() {
    let world = World::new();
    let ran = job(&world, &["inspect", FLAG, "--output", "json"], |_| {});
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let report: Value = serde_json::from_str(&ran.stdout).expect("JSON");
    let grant = report["grants"]["token_request"].as_str().expect("a grant");
    assert!(grant.starts_with("GET https://localhost:"), "{grant}");
    assert!(grant.contains("/_apis/actions/idtoken for"), "{grant}");
    assert!(grant.contains("api://AzureADTokenExchange"), "{grant}");
    assert!(!grant.contains("api-version"), "{grant}");
    assert_eq!(report["settings"]["token_file"], "GitHub Actions");
    assert_eq!(world.emulator.connections(), 0);
}

#[test]
fn the_audience_is_the_cloud_s_unless_it_is_given() {
    let world = World::new();
    for (arguments, audience) in [
        (
            &["--environment", "AzureUSGovernment"][..],
            "api://AzureADTokenExchangeUSGov",
        ),
        (
            &["--environment", "AzureChinaCloud"],
            "api://AzureADTokenExchangeChina",
        ),
        (&["--github-audience", "api://other"], "api://other"),
    ] {
        let arguments = [&["inspect", FLAG], arguments].concat();
        let ran = job(&world, &arguments, |command| {
            command.env_remove("AZURE_AUTHORITY_HOST");
        });
        assert!(
            ran.stdout.contains(&format!("{audience}, at most")),
            "{ran:?}"
        );
    }
    // The authority says no to another one, and the hint names it.
    let other = ["get-token", FLAG, "--github-audience", "api://other"];
    let ran = job(&world, &other, |_| {});
    ran.must_have_failed(4, &["AADSTS700212", "api://other"]);
}

#[test]
fn a_job_that_may_not_ask_is_told_of_the_permission() {
    let world = World::new();
    for name in [URL, TOKEN] {
        for command in ["get-token", "verify"] {
            let ran = job(&world, &[command, FLAG], |command| {
                command.env_remove(name);
            });
            assert_eq!(ran.code, Some(2), "{ran:?}");
            let said = ran.stdout + &ran.stderr;
            assert!(said.contains(name), "{said}");
            assert!(said.contains("permissions: {id-token: write}"), "{said}");
        }
    }
    assert_eq!(world.emulator.connections(), 0);
}

#[test]
fn a_url_that_is_not_asked_exits_2_without_showing_the_secret() {
    let world = World::new();
    let http = world
        .emulator
        .actions_request_url(&world.emulator.http_authority());
    for (url, part) in [
        ("http://actions.example/t", "127.0.0.0/8"),
        ("https://user@actions.example/t", "user name"),
        ("ftp://actions.example/t", "scheme"),
        ("token", "scheme"),
        (&http, "--insecure-http"),
    ] {
        let ran = job(&world, &["get-token", FLAG], |command| {
            command.env(URL, url);
        });
        ran.must_have_failed(2, &[URL, part]);
    }
    let ran = job(&world, &["get-token", FLAG], |command| {
        command.env(TOKEN, "two words");
    });
    ran.must_have_failed(2, &[TOKEN]);
    assert!(!ran.stderr.contains("two words"), "{ran:?}");
    assert_eq!(world.emulator.connections(), 0);

    let ran = job(&world, &["get-token", FLAG, "--insecure-http"], |command| {
        command.env(URL, &http);
    });
    assert_eq!(ran.code, Some(0), "{ran:?}");
}

#[test]
fn each_fault_of_github_has_its_exit_code() {
    let world = World::new();
    let value = |value: Value| Fault::Answer(Answer::json(200, &json!({ "value": value })));
    let huge = Fault::HugeBody {
        bytes: 100_000,
        framing: Framing::Chunked,
    };
    for (fault, code, said) in [
        (Fault::status(401), 3, "permissions: {id-token: write}"),
        (Fault::status(403), 3, "permissions: {id-token: write}"),
        (Fault::ReflectAssertion, 3, "refused (HTTP 4"),
        (Fault::redirect(302, "https://evil.example/"), 6, "redirect"),
        (Fault::not_json(), 6, "not JSON"),
        (
            Fault::Raw(b"\x16\x03 no HTTP".to_vec()),
            6,
            "cannot be used",
        ),
        (Fault::Answer(Answer::empty(200)), 6, "it is empty"),
        (Fault::Answer(Answer::json(200, &json!({}))), 6, "\"value\""),
        (value(json!(null)), 6, "\"value\""),
        (value(json!("hunter2 is no token")), 6, "not a JWT"),
        (huge, 6, "larger than 65536 bytes"),
        (Fault::HugeHead { bytes: 100_000 }, 6, "head is larger"),
    ] {
        let name = fault.name();
        world.emulator.queue_for_actions(fault);
        let ran = job(&world, &["get-token", FLAG], |_| {});
        assert_eq!(ran.code, Some(code), "{name}: {ran:?}");
        ran.must_have_failed(code, &["GitHub Actions (https://localhost:", said]);
        assert!(!ran.stderr.contains("hunter2"), "{ran:?}");
    }
    // Nothing went on to the authority.
    let exchanges = world.emulator.requests().len() - asked(&world).len();
    assert_eq!(exchanges, 0);
}

#[test]
fn what_may_pass_is_asked_again_and_no_more_than_three_times() {
    let world = World::new();
    world.emulator.queue_for_actions(Fault::status(500));
    world.emulator.queue_for_actions(Fault::Reset);
    let ran = job(&world, &["get-token", FLAG], |_| {});
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(asked(&world).len(), 3);
    for _ in 0..3 {
        world.emulator.queue_for_actions(Fault::html_unavailable());
    }
    let ran = job(&world, &["get-token", FLAG], |_| {});
    ran.must_have_failed(5, &["GitHub Actions", "HTTP 503"]);
    assert_eq!(asked(&world).len(), 6);
}

#[test]
fn an_answer_that_never_comes_ends_at_the_timeout() {
    let world = World::new();
    world.emulator.queue_for_actions(Fault::Hang);
    let ran = job(&world, &["get-token", FLAG, "--timeout", "500ms"], |_| {});
    ran.must_have_failed(5, &["0.5 s", "--timeout"]);
}

#[test]
fn the_request_token_goes_to_the_proved_name_alone() {
    let world = World::new();
    let bad = world.emulator.bad_authority(BadCertificate::ALL[0]);
    let ran = job(&world, &["get-token", FLAG], |command| {
        command.env(URL, world.emulator.actions_request_url(&bad));
    });
    ran.must_have_failed(5, &["GitHub Actions", "certificate"]);
    let ran = job(&world, &["get-token", FLAG], |command| {
        command.env(URL, "https://169.254.169.254/metadata/identity");
    });
    ran.must_have_failed(7, &["GitHub Actions", "169.254.169.254, which is refused"]);
    assert_eq!(world.emulator.requests().len(), 0);
}

#[test]
fn without_the_flag_nothing_changes_and_a_failure_mentions_it() {
    let world = World::new();
    let mention = "this looks like GitHub Actions";
    for arguments in [&["get-token"][..], &["verify"]] {
        let ran = job(&world, arguments, |_| {});
        assert_eq!(ran.code, Some(2), "{ran:?}");
        let said = ran.stdout + &ran.stderr;
        assert!(said.contains(mention) && said.contains(FLAG), "{said}");
    }
    let ran = job(&world, &["get-token"], |command| {
        command.env("AZURE_FEDERATED_TOKEN_FILE", "/nonexistent/token");
    });
    ran.must_have_failed(3, &["/nonexistent/token", mention]);
    let ran = job(&world, &["get-token"], |command| {
        command.env("AZURE_FEDERATED_TOKEN_FILE", world.token_file());
    });
    assert_eq!((ran.code, &*ran.stderr), (Some(0), ""));
    assert_eq!(asked(&world).len(), 0);
    // Of two places one must be chosen.
    let both = ["get-token", FLAG, "--federated-token-file", "/x"];
    assert_eq!(job(&world, &both, |_| {}).code, Some(2));
}
