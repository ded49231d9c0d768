use std::time::Duration;

use super::*;

fn parse(words: &[&str]) -> Result<Invocation, Failure> {
    let words: Vec<String> = words.iter().map(|&word| word.to_owned()).collect();
    Invocation::parse(&words)
}

fn parsed(words: &[&str]) -> Invocation {
    let invocation = parse(words).unwrap_or_else(|failure| panic!("{words:?}: {failure:?}"));
    assert_eq!(invocation.refusal, None, "{words:?}");
    invocation
}

fn refused(words: &[&str]) -> Failure {
    match parse(words) {
        Ok(invocation) => invocation.refusal.expect("it is refused"),
        Err(failure) => failure,
    }
}

#[test]
fn a_runtime_may_give_the_component_s_name_first_or_not() {
    for words in [
        &["verify"][..],
        &["keyhole.wasm", "verify"],
        &["/opt/keyhole.wasm", "--log-level", "debug", "verify"],
    ] {
        assert_eq!(parsed(words).command, Command::Verify, "{words:?}");
    }
    for words in [&[][..], &["keyhole.wasm"], &[""]] {
        assert_eq!(parsed(words).command, Command::Greet, "{words:?}");
    }
}

#[test]
fn values_stand_behind_a_space_an_equals_sign_or_a_letter() {
    for words in [
        &["get-token", "--tenant-id", "t"][..],
        &["get-token", "--tenant-id=t"],
        &["get-token", "-t", "t"],
        &["get-token", "-tt"],
        &["get-token", "-t=t"],
        &["get-token", "--tenant-id", "other", "-t", "t"],
    ] {
        let tenant = parsed(words).flags.tenant_id;
        assert_eq!(tenant.as_deref(), Some("t"), "{words:?}");
    }
}

#[test]
fn a_command_line_of_kubelogin_s_is_taken() {
    let invocation = parsed(&[
        "get-token",
        "--login",
        "workloadidentity",
        "--server-id",
        "6dae42f8-4368-4678-94ff-3960e28e3630",
        "--environment",
        "AzurePublicCloud",
        "--legacy=false",
        "--token-cache-dir",
        "/tmp",
        "-v",
        "5",
    ]);
    assert_eq!(invocation.output, Output::Exec);
    assert_eq!(
        invocation.flags.environment.as_deref(),
        Some("AzurePublicCloud")
    );
}

#[test]
fn another_login_is_refused_as_by_the_program() {
    let failure = refused(&["get-token", "-l", "azurecli"]);
    assert_eq!(
        failure.message,
        "'azurecli' is not done by Keyhole; the one method here is workloadidentity"
    );
}

#[test]
fn limits_are_durations_as_go_writes_them() {
    let invocation = parsed(&["verify", "--timeout=1m30s", "--retry-propagation", "500ms"]);
    assert_eq!(invocation.limits.timeout(), Duration::from_secs(90));
    assert_eq!(
        invocation.limits.retry_propagation,
        Some(Duration::from_millis(500))
    );
    assert_eq!(
        parsed(&["verify"]).limits.timeout(),
        Duration::from_secs(60)
    );
    let failure = refused(&["verify", "--timeout", "60"]);
    assert!(
        failure
            .message
            .starts_with("invalid value '60' for '--timeout <DURATION>': a number has no unit"),
        "{failure:?}"
    );
}

#[test]
fn each_command_has_its_forms_of_output() {
    for (words, output) in [
        (&["verify"][..], Output::Text),
        (&["verify", "--output", "json"], Output::Json),
        (&["--output=json", "verify"], Output::Json),
        (&["get-token"], Output::Exec),
        (&["get-token", "--output", "exec"], Output::Exec),
        (&["get-token", "--output", "token"], Output::Token),
        (&["get-token", "--output", "json"], Output::Json),
    ] {
        assert_eq!(parsed(words).output, output, "{words:?}");
    }
    for words in [
        &["verify", "--output", "exec"],
        &["get-token", "--output", "text"],
    ] {
        let failure = refused(words);
        assert!(failure.message.contains("possible values"), "{failure:?}");
    }
}

#[test]
fn what_only_the_program_can_do_is_refused_with_the_reason() {
    for (words, reason) in [
        (
            &["verify", "--proxy", "http://p"][..],
            "the runtime makes its connections",
        ),
        (
            &["verify", "--authority-ca=ca.pem"],
            "the runtime makes its connections",
        ),
        (
            &["verify", "--explain"],
            "does not see what its runtime sees",
        ),
        (&["verify", "--save-report", "r.html"], "it writes no file"),
        (&["get-token", "--cache", "file"], "it writes no file"),
        (
            &["get-token", "--env-overrides-flags"],
            "one order of flags",
        ),
        (&["inspect"], "'inspect' cannot be done by a component"),
        (
            &["keyhole.wasm", "proxy"],
            "'proxy' cannot be done by a component",
        ),
    ] {
        let failure = refused(words);
        assert_eq!(failure.class, ExitClass::Configuration);
        assert!(failure.message.contains(reason), "{words:?}: {failure:?}");
        assert!(failure.next_step.contains("program keyhole"), "{failure:?}");
    }
}

#[test]
fn a_secret_on_the_command_line_is_refused_and_not_repeated() {
    let failure = refused(&["get-token", "--client-secret", "hunter2-and-more"]);
    let said = format!("{failure:?}");
    assert!(said.contains("would put a secret"), "{said}");
    assert!(!said.contains("hunter2"), "{said}");
}

#[test]
fn what_is_not_known_is_named() {
    for (words, message) in [
        (
            &["verify", "--no-such-flag=1"][..],
            "unexpected argument '--no-such-flag' found",
        ),
        (&["verify", "-x"], "unexpected argument '-x' found"),
        (&["verify", "-"], "unexpected argument '-' found"),
        (&["verify", "more"], "unexpected argument 'more' found"),
        (
            &["keyhole.wasm", "verifi"],
            "unrecognized subcommand 'verifi'",
        ),
        (
            &["verify", "--scope"],
            "a value is required for '--scope' but none was supplied",
        ),
        (
            &["get-token", "--legacy=maybe"],
            "invalid value 'maybe' for '--legacy': it is neither true nor false",
        ),
    ] {
        assert_eq!(refused(words).message, message, "{words:?}");
    }
    let failure = refused(&["--scope", "s"]);
    assert!(
        failure.message.contains("requires a subcommand"),
        "{failure:?}"
    );
}

#[test]
fn a_switch_has_no_value_but_for_kubelogin_s() {
    assert!(parsed(&["verify", "--insecure-http"]).insecure_http);
    assert!(parsed(&["verify", "--no-assertion-checks"]).no_assertion_checks);
    parsed(&["get-token", "--pop-enabled=false", "--legacy=T"]);
    assert!(
        refused(&["get-token", "--pop-enabled"])
            .message
            .contains("proof-of-possession")
    );
    assert_eq!(
        refused(&["verify", "--insecure-http=true"]).message,
        "unexpected value 'true' for '--insecure-http' found; no more were expected"
    );
}

#[test]
fn help_wins_wherever_it_stands_and_version_before_a_command() {
    assert_eq!(parsed(&["verify", "--help"]).command, Command::Help);
    assert_eq!(parsed(&["-h"]).command, Command::Help);
    assert_eq!(
        parsed(&["keyhole.wasm", "--version"]).command,
        Command::Version
    );
    assert_eq!(parsed(&["help"]).command, Command::Help);
    for word in ["help", "-V", "--version"] {
        let said = refused(&["verify", word]).message;
        assert_eq!(said, format!("unexpected argument '{word}' found"));
    }
}

#[test]
fn values_of_flags_that_mean_nothing_here_are_those_of_the_program() {
    parsed(&[
        "verify",
        "--log-level",
        "debug",
        "--log-format=json",
        "-v",
        "9",
    ]);
    for (arguments, said) in [
        (
            ["--log-level", "loud"],
            "invalid value 'loud' for '--log-level <LEVEL>' [possible values: off, error, warn, \
             info, debug, trace]",
        ),
        (
            ["--log-format", "xml"],
            "invalid value 'xml' for '--log-format <FORMAT>' [possible values: text, json]",
        ),
        (
            ["--v", "300"],
            "invalid value '300' for '--v <NUMBER>': number too large to fit in target type",
        ),
    ] {
        let arguments = [&["verify"], &arguments[..]].concat();
        assert_eq!(refused(&arguments).message, said);
    }
}

#[test]
fn no_two_flags_share_a_name_or_a_letter() {
    for (index, flag) in FLAGS.iter().enumerate() {
        for other in &FLAGS[index + 1..] {
            assert_ne!(flag.name, other.name);
            assert!(
                flag.short.is_none() || flag.short != other.short,
                "{flag:?}"
            );
        }
    }
}
