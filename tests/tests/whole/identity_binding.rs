//! AKS identity binding: the token proxy is asked in the place of the
//! authority, by the rules of azidentity for Go.

use crate::proxy::port;
use keyhole_emulator::{
    BEHIND_PROXY, ForwardProxy, ForwardProxyConfig, Listener, TOKEN_PROXY_SNI, Verdict,
};
use keyhole_exchange::settings::Flags;
use keyhole_host::identity_binding::{BindingFlags, IdentityBinding};
use keyhole_host::{Artifact, Error};
use keyhole_tests::World;
use keyhole_tests::program::{Ran, command, run_command, slim};
use keyhole_tests::sandbox::Sandbox;
use std::process::Command;

const TOKEN_PROXY: &str = "AZURE_KUBERNETES_TOKEN_PROXY";
const SNI_NAME: &str = "AZURE_KUBERNETES_SNI_NAME";
const CA_FILE: &str = "AZURE_KUBERNETES_CA_FILE";
const CA_DATA: &str = "AZURE_KUBERNETES_CA_DATA";

/// A pod with an identity binding, as its webhook makes it.
fn bound(world: &World) -> Command {
    let mut command = command(&slim(), world);
    command
        .env(TOKEN_PROXY, world.emulator.token_proxy())
        .env(SNI_NAME, TOKEN_PROXY_SNI)
        .env(CA_FILE, world.emulator.token_proxy_ca_file());
    command
}

fn get_token(world: &World, command: &mut Command) -> Ran {
    run_command(
        command.args(["get-token", "--timeout", "3s", "--log-level", "trace"]),
        world,
    )
}

/// Where the requests of a pod came in.
fn listeners(world: &World) -> Vec<Listener> {
    let requests = world.emulator.requests();
    for request in &requests {
        assert_eq!(request.verdict, Verdict::Granted, "{request}");
    }
    requests.iter().map(|request| request.listener).collect()
}

#[test]
fn the_token_proxy_alone_is_asked_where_its_variable_is_set() {
    let world = World::new();
    let mut audited = bound(&world);
    audited.args(["get-token", "--audit", "-"]);
    let ran = run_command(&mut audited, &world);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(listeners(&world), [Listener::TokenProxy]);
    assert_eq!(world.emulator.connections(), 1);
    let request = &world.emulator.requests()[0];
    let path = format!(
        "/identity-binding/{}/oauth2/v2.0/token",
        world.emulator.tenant()
    );
    assert_eq!(request.target, path);
    let url = world.emulator.token_proxy();
    let host = format!("localhost:{}", port(&url));
    assert_eq!(request.header("host"), Some(host.as_str()));
    let said = format!("POST https://{host}{path}");
    assert!(ran.stderr.contains(&said), "{said} in {ran:?}");
}

#[test]
fn its_roots_may_be_text_and_flags_say_all_of_it_too() {
    let world = World::new();
    let ca = world.emulator.token_proxy_ca_file();
    let pem = std::fs::read_to_string(ca).expect("a CA");
    let ran = get_token(&world, bound(&world).env_remove(CA_FILE).env(CA_DATA, pem));
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let mut flags = command(&slim(), &world);
    flags
        .args(["--identity-binding", &world.emulator.token_proxy()])
        .args(["--identity-binding-sni", TOKEN_PROXY_SNI])
        .arg("--identity-binding-ca")
        .arg(ca);
    // The flags belong to the subcommand.
    let arguments: Vec<_> = flags.get_args().map(ToOwned::to_owned).collect();
    let mut flags = command(&slim(), &world);
    flags.arg("get-token").args(arguments);
    let ran = run_command(&mut flags, &world);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(listeners(&world), [Listener::TokenProxy; 2]);
}

#[test]
fn a_variable_chooses_nobody_where_only_known_authorities_are_asked() {
    let world = World::new();
    let only_known = |command: &mut Command| {
        command
            .args(["--known-authorities-only", "--authority-host"])
            .arg("login.microsoftonline.com");
    };
    let mut refused = bound(&world);
    refused.arg("get-token");
    only_known(&mut refused);
    run_command(&mut refused, &world).must_have_failed(
        2,
        &["AZURE_KUBERNETES_TOKEN_PROXY", "--known-authorities-only"],
    );
    // A flag may.
    let mut chosen = bound(&world);
    chosen.args(["get-token", "--identity-binding"]);
    chosen.arg(world.emulator.token_proxy());
    only_known(&mut chosen);
    assert_eq!(run_command(&mut chosen, &world).code, Some(0));
    assert_eq!(listeners(&world), [Listener::TokenProxy]);
}

#[test]
fn who_is_asked_in_the_place_of_the_authority_is_said() {
    let world = World::new();
    let said = format!(
        "the token proxy {}",
        world.emulator.token_proxy().trim_end_matches('/')
    );
    let ran = run_command(bound(&world).arg("verify"), &world);
    assert!(ran.stdout.contains(&said), "{said} in {ran:?}");
    let mut failing = bound(&world);
    let ran = get_token(&world, failing.env(SNI_NAME, "other.example"));
    assert!(ran.stderr.contains(&said), "{said} in {ran:?}");
}

#[test]
fn off_asks_the_authority_itself() {
    let world = World::new();
    let mut off = bound(&world);
    off.args(["get-token", "--identity-binding", "off"]);
    let ran = run_command(&mut off, &world);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(listeners(&world), [Listener::Https]);
}

#[test]
fn its_name_is_proved_by_its_own_roots_alone() {
    let world = World::new();
    let authority_ca = world.emulator.ca_file();
    let ran = get_token(&world, bound(&world).env(CA_FILE, authority_ca));
    ran.must_have_failed(5, &["certificate", TOKEN_PROXY_SNI]);
    for name in ["localhost", "other.example"] {
        let ran = get_token(&world, bound(&world).env(SNI_NAME, name));
        ran.must_have_failed(5, &["TLS", name]);
    }
    let ran = get_token(&world, bound(&world).env_remove(SNI_NAME));
    ran.must_have_failed(5, &["TLS"]);
    assert!(world.emulator.requests().is_empty());
}

#[test]
fn settings_that_do_not_go_together_exit_2() {
    let world = World::new();
    let ca = world.emulator.token_proxy_ca_file().display().to_string();
    for (name, value, said) in [
        (TOKEN_PROXY, "", "is not set"),
        (TOKEN_PROXY, "http://localhost", "https://"),
        (TOKEN_PROXY, "https://u:hunter2@localhost", "user"),
        (TOKEN_PROXY, "https://localhost/?x=1", "query"),
        (TOKEN_PROXY, "https://localhost/#x", "fragment"),
        (TOKEN_PROXY, "https://", "host"),
        (CA_DATA, "x", "only one may be"),
        (CA_FILE, "/no/such/file", "no such file"),
        (SNI_NAME, "no name", "DNS name"),
    ] {
        let ran = get_token(&world, bound(&world).env(name, value));
        ran.must_have_failed(2, &[said]);
        assert!(!ran.stderr.contains("hunter2"), "{ran:?}");
    }
    for name in [SNI_NAME, CA_FILE, CA_DATA] {
        let ran = get_token(&world, command(&slim(), &world).env(name, &ca));
        ran.must_have_failed(2, &[name, TOKEN_PROXY, "is not set"]);
    }
    assert_eq!(world.emulator.connections(), 0);
}

#[test]
fn its_ca_rotates_as_in_go() {
    let world = World::new();
    let ca = world.folder().join("ca.pem");
    let good = std::fs::read(world.emulator.token_proxy_ca_file()).expect("a CA");
    std::fs::write(&ca, &good).expect("a file");
    let binding = || {
        let flags = BindingFlags {
            token_proxy: Some(world.emulator.token_proxy()),
            sni_name: Some(TOKEN_PROXY_SNI.into()),
            ca_file: Some(ca.display().to_string()),
        };
        IdentityBinding::resolve(&flags, &|_| None).expect("a binding")
    };
    let start = || {
        let settings = world.settings(&Flags::default());
        let exchange = Artifact::embedded().expect("the exchange");
        Sandbox::with_settings(&world, &settings, exchange, |builder| {
            let timeout = std::time::Duration::from_secs(2);
            builder.identity_binding(binding()).timeout(timeout)
        })
    };
    let sandbox = start().expect("a sandbox");
    sandbox.get_token().expect("a token");
    std::fs::write(&ca, "").expect("a file");
    sandbox.get_token().expect("an empty file keeps the roots");
    // Of a host that starts now there are none to keep.
    assert!(matches!(start(), Err(Error::Roots(_))));
    std::fs::write(&ca, "garbage").expect("a file");
    let error = sandbox.get_token().expect_err("no certificates");
    assert!(matches!(error, Error::Roots(_)), "{error:?}");
    std::fs::copy(world.emulator.ca_file(), &ca).expect("another CA");
    sandbox.get_token().expect_err("another CA");
    std::fs::write(&ca, &good).expect("a file");
    sandbox.get_token().expect("a token");
    assert_eq!(listeners(&world), [Listener::TokenProxy; 3]);
}

#[test]
fn a_forward_proxy_stands_before_it_as_in_go() {
    let world = World::new();
    let at = port(&world.emulator.token_proxy());
    let name = format!("{BEHIND_PROXY}:{at}");
    let proxy = ForwardProxy::start(ForwardProxyConfig {
        names: [(name.clone(), ([127, 0, 0, 1], at).into())].into(),
        ..ForwardProxyConfig::default()
    })
    .expect("a proxy");
    let mut command = bound(&world);
    command
        .env(TOKEN_PROXY, format!("https://{name}/identity-binding"))
        .env("HTTPS_PROXY", proxy.url());
    let ran = get_token(&world, &mut command);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(proxy.heads()[0].starts_with(&format!("CONNECT {name} ")));
    assert_eq!(listeners(&world), [Listener::TokenProxy]);
}

#[test]
fn inspect_says_where_the_request_really_goes() {
    let world = World::new();
    let ran = run_command(bound(&world).arg("inspect"), &world);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    for said in [&world.emulator.token_proxy(), TOKEN_PROXY, TOKEN_PROXY_SNI] {
        assert!(ran.stdout.contains(said), "{said} in {ran:?}");
    }
}

#[test]
fn by_the_name_kubelogin_it_is_the_same_unless_no_variable_is_read() {
    let world = World::new();
    let link = world.folder().join("kubelogin");
    std::os::unix::fs::symlink(slim(), &link).expect("a link");
    let kubelogin = || {
        let mut command = command(&link, &world);
        command
            .env(TOKEN_PROXY, world.emulator.token_proxy())
            .env(SNI_NAME, TOKEN_PROXY_SNI)
            .env(CA_FILE, world.emulator.token_proxy_ca_file())
            .args(["get-token", "--login", "workloadidentity"])
            .args(["--server-id", keyhole_emulator::AKS_SERVER_APP_ID]);
        command
    };
    let ran = run_command(&mut kubelogin(), &world);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let mut nothing_read = kubelogin();
    nothing_read
        .arg("--disable-environment-override")
        .args(["--client-id", world.emulator.client_id()])
        .args(["--tenant-id", world.emulator.tenant()])
        .args(["--authority-host", &world.emulator.https_authority()])
        .arg("--federated-token-file")
        .arg(world.token_file());
    let ran = run_command(&mut nothing_read, &world);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(listeners(&world), [Listener::TokenProxy, Listener::Https]);
}
