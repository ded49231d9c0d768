//! Each exit code, of the program as users get it, as text and as JSON.

use keyhole_emulator::{Claims, Fault, Listener, RecordedRequest};
use keyhole_host::Digest;
use keyhole_tests::program::{Ran, command, full, run_command, slim};
use keyhole_tests::wat_component::WatComponent;
use keyhole_tests::{World, artifacts};
use serde_json::Value;
use std::process::{Command, Stdio};
use std::time::Duration;

/// Runs a case by `get-token`, `verify` and `verify --output json`, and checks
/// that all of them end alike.
fn must_exit(world: &World, code: i32, said: &[&str], change: impl Fn(&mut Command)) {
    let ran = |arguments: &[&str]| -> Ran {
        let mut command = command(&slim(), world);
        command.args(arguments);
        change(&mut command);
        run_command(&mut command, world)
    };
    must_end(code, said, ran);
}

fn must_end(code: i32, said: &[&str], ran: impl Fn(&[&str]) -> Ran) {
    ran(&["get-token"]).must_have_failed(code, said);

    let text = ran(&["verify"]);
    assert_eq!(text.code, Some(code), "{text:?}");
    assert!(text.stdout.contains("error: "), "{text:?}");

    let json = ran(&["verify", "--output", "json"]);
    assert_eq!(json.code, Some(code), "{json:?}");
    let report: Value = serde_json::from_str(&json.stdout).expect("one JSON document");
    assert_eq!(report["ok"], false);
    assert_eq!(report["exit_code"], code);
    assert!(report["failure"]["message"].is_string(), "{report}");
    assert!(report["token"].is_null(), "{report}");
    for part in said {
        for text in [&text.stdout, &json.stdout] {
            assert!(text.contains(part), "{part:?} in:\n{text}");
        }
    }
}

#[test]
fn a_setting_that_is_missing_exits_2() {
    let world = World::new();
    must_exit(&world, 2, &["AZURE_CLIENT_ID"], |command| {
        command.env_remove("AZURE_CLIENT_ID");
    });
    must_exit(&world, 2, &["AZURE_TENANT_ID"], |command| {
        command.env("AZURE_TENANT_ID", "common");
    });
    assert_eq!(world.emulator.connections(), 0);
}

#[test]
fn a_token_in_plain_text_exits_2_unless_it_is_asked_for() {
    let world = World::new();
    let http = world.emulator.http_authority();
    must_exit(&world, 2, &["plain text"], |command| {
        command.env("AZURE_AUTHORITY_HOST", &http);
    });
    assert_eq!(world.emulator.connections(), 0);
    let mut allowed = command(&slim(), &world);
    allowed
        .env("AZURE_AUTHORITY_HOST", &http)
        .env_remove("SSL_CERT_FILE")
        .args(["get-token", "--insecure-http"]);
    assert_eq!(run_command(&mut allowed, &world).code, Some(0));
}

#[test]
fn no_certificates_exits_2_and_names_the_place() {
    let world = World::new();
    let missing = world.folder().join("no-such-bundle.pem");
    must_exit(&world, 2, &["no-such-bundle.pem"], |command| {
        command.env("SSL_CERT_FILE", &missing);
    });
}

#[test]
fn an_unknown_flag_exits_2() {
    let world = World::new();
    let mut unknown = command(&slim(), &world);
    unknown.args(["get-token", "--no-such-flag"]);
    let ran = run_command(&mut unknown, &world);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert_eq!(ran.stdout, "");
    assert!(ran.stderr.contains("--no-such-flag"), "{ran:?}");
}

#[test]
fn a_token_file_that_cannot_be_used_exits_3_and_is_named() {
    let world = World::new();
    let missing = world.folder().join("no-such-token");
    must_exit(&world, 3, &["no-such-token", "no such file"], |command| {
        command.env("AZURE_FEDERATED_TOKEN_FILE", &missing);
    });
    assert_eq!(world.emulator.connections(), 0);
}

#[test]
fn an_expired_federated_token_exits_3_with_its_subject() {
    let world = World::new();
    let claims: Claims = world.emulator.claims().shifted(-7_200);
    let expired = world.emulator.issuer().mint(&claims);
    world.volume.rotate(&expired).expect("a rotation");
    must_exit(&world, 3, &[world.emulator.subject()], |_| {});
    assert_eq!(world.emulator.connections(), 0);
}

#[test]
fn a_refusal_exits_4_with_code_and_subject() {
    let world = World::new();
    let claims = world
        .emulator
        .claims()
        .set("sub", "system:serviceaccount:demo:somebody-else");
    let other = world.emulator.issuer().mint(&claims);
    world.volume.rotate(&other).expect("a rotation");
    let said = ["700213", "system:serviceaccount:demo:somebody-else"];
    must_exit(&world, 4, &said, |_| {});
}

#[test]
fn a_refusal_that_reflects_the_assertion_shows_nothing_of_it() {
    let world = World::new();
    world.emulator.always(Some(Fault::ReflectAssertion));
    must_exit(&world, 4, &["[redacted]"], |_| {});
}

#[test]
fn terminal_escapes_of_the_authority_reach_no_terminal() {
    let world = World::new();
    let fault: Fault = "error-escape".parse().expect("a fault");
    world.emulator.always(Some(fault));
    must_exit(&world, 4, &["700213"], |_| {});
}

#[test]
fn a_redirect_is_not_followed() {
    let world = World::new();
    let elsewhere = world.emulator.http_authority();
    for status in [301, 302, 307, 308] {
        let fault = Fault::redirect(status, &elsewhere);
        world.emulator.always(Some(fault));
        must_exit(&world, 6, &[&status.to_string()], |_| {});
    }
    let requests = world.honest_requests();
    assert_eq!(requests.len(), 4 * 3, "one request a run");
    let over_tls = |request: &RecordedRequest| request.listener == Listener::Https;
    assert!(requests.iter().all(over_tls), "{requests:?}");
}

#[test]
fn an_authority_that_has_no_time_exits_5() {
    let world = World::new();
    world.emulator.always(Some(Fault::throttled(3_600)));
    must_exit(&world, 5, &["3600"], |_| {});
}

#[test]
fn an_authority_that_never_answers_exits_5_at_the_timeout() {
    let world = World::new();
    world.emulator.always(Some(Fault::Hang));
    must_exit(&world, 5, &[], |command| {
        command.args(["--timeout", "1s"]);
    });
}

#[test]
fn an_authority_that_is_not_there_exits_5() {
    let world = World::new();
    let free = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let port = free.local_addr().expect("an address").port();
    drop(free);
    must_exit(&world, 5, &[&port.to_string()], |command| {
        command
            .env("AZURE_AUTHORITY_HOST", format!("https://localhost:{port}"))
            .args(["--timeout", "1s"]);
    });
}

#[test]
fn an_answer_that_is_no_token_exits_6() {
    let world = World::new();
    for fault in [
        "not-json",
        "token-crlf",
        "expires-in-missing",
        "wrong-token-type",
    ] {
        world.emulator.always(Some(fault.parse().expect("a fault")));
        must_exit(&world, 6, &[], |_| {});
    }
}

#[test]
fn an_answer_that_breaks_off_exits_5() {
    let world = World::new();
    for fault in ["reset", "truncated"] {
        world.emulator.always(Some(fault.parse().expect("a fault")));
        must_exit(&world, 5, &[], |command| {
            command.args(["--timeout", "1s"]);
        });
    }
}

#[test]
fn an_interrupt_ends_it_at_once_with_130() {
    let world = World::new();
    world.emulator.always(Some(Fault::Hang));
    let child = command(&slim(), &world)
        .arg("get-token")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("keyhole starts");
    assert!(
        world.emulator.wait_for_requests(1, Duration::from_secs(20)),
        "the request comes"
    );
    let sent = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .expect("kill starts");
    assert!(sent.success());
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(130), "{output:?}");
    assert!(output.stdout.is_empty(), "{output:?}");
}

#[test]
fn an_answer_that_takes_long_but_comes_in_time_is_an_answer() {
    let world = World::new();
    world.emulator.queue(Fault::delay(Duration::from_secs(1)));
    let mut command = command(&slim(), &world);
    command.args(["get-token", "--timeout", "30s"]);
    assert_eq!(run_command(&mut command, &world).code, Some(0));
}

#[test]
fn a_component_that_tries_more_than_it_was_granted_exits_7() {
    for (attempt, rule) in [
        ("open_sibling", "file.name"),
        ("post_other_host", "request.authority"),
        ("return_token_never_sent", "result.token"),
        ("grow_memory", "linear memory"),
    ] {
        let resource = format!("api://attempt/{attempt}");
        let world = World::granting(&resource);
        let path = artifacts::component("hostile");
        let digest = Digest::of(&artifacts::bytes("hostile")).to_string();
        must_end(7, &[rule], |arguments| {
            let mut command = command(&full(), &world);
            command
                .args(arguments)
                .args(["--scope", &format!("{resource}/.default")])
                .args(["--digest", &digest, "--component"])
                .arg(&path);
            run_command(&mut command, &world)
        });
    }
}

#[test]
fn terminal_escapes_of_a_component_reach_no_terminal() {
    let resource = "api://attempt/escapes_in_every_string";
    let world = World::granting(resource);
    let digest = Digest::of(&artifacts::bytes("hostile")).to_string();
    // Control characters in its output end the run of any program.
    must_end(4, &["AADSTS"], |arguments| {
        let mut command = command(&full(), &world);
        command
            .args(arguments)
            .args(["--scope", &format!("{resource}/.default")])
            .args(["--digest", &digest, "--component"])
            .arg(artifacts::component("hostile"));
        run_command(&mut command, &world)
    });
}

#[test]
fn a_component_with_another_digest_exits_2() {
    let world = World::new();
    let mut command = command(&full(), &world);
    command
        .arg("get-token")
        .args(["--digest", &Digest::of(b"another").to_string()])
        .arg("--component")
        .arg(artifacts::component("hostile"));
    let ran = run_command(&mut command, &world);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.stderr.contains("digest"), "{ran:?}");
}

/// Thousands of variables that meet after thousands of branches: a few hundred
/// kilobytes, and half a minute for the compiler.
fn slow_to_compile() -> Vec<u8> {
    const VARIABLES: usize = 2_000;
    let branch = |number: usize| {
        let [a, b, c] = [7_919, 104_729, 31].map(|step| number * step % VARIABLES);
        format!(
            "(if (local.get {a})
               (then (local.set {c} (i32.add (local.get {a}) (local.get {b}))))
               (else (local.set {c} (i32.mul (local.get {b}) (i32.const 3)))))"
        )
    };
    let branches: String = (0..5_000).map(branch).collect();
    let function = format!("(func (local {}) {branches})", "i32 ".repeat(VARIABLES));
    WatComponent {
        fields: &function.repeat(8),
        ..WatComponent::default()
    }
    .bytes()
}

#[test]
fn a_component_that_is_slow_to_compile_exits_at_the_timeout() {
    let world = World::new();
    let file = world.folder().join("slow.wasm");
    let bytes = slow_to_compile();
    std::fs::write(&file, &bytes).expect("a component");
    let mut look = command(&full(), &world);
    look.arg("inspect").arg(&file);
    let mut run = command(&full(), &world);
    run.args(["get-token", "--digest", &Digest::of(&bytes).to_string()]);
    run.arg("--component").arg(&file);
    for (mut command, code, said) in [(look, 2, "to compile"), (run, 5, "within 0.1 s")] {
        let ran = run_command(command.args(["--timeout", "100ms"]), &world);
        assert_eq!(ran.code, Some(code), "{ran:?}");
        assert!(ran.stderr.contains(said), "{ran:?}");
    }
}

#[test]
fn the_build_without_a_compiler_names_the_one_that_has_it() {
    let world = World::new();
    let digest = Digest::of(&artifacts::bytes("hostile")).to_string();
    must_exit(&world, 2, &["keyhole-full"], |command| {
        command
            .args(["--digest", &digest, "--component"])
            .arg(artifacts::component("hostile"));
    });
}
