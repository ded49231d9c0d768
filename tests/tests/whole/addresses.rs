//! Addresses that are never connected to, as the whole host sees them.

use keyhole_exchange::settings::Flags;
use keyhole_host::{Artifact, Error};
use keyhole_tests::World;
use keyhole_tests::program::{Ran, command, run_command, slim};
use keyhole_tests::sandbox::{Sandbox, refused};
use std::path::Path;
use std::process::Command;

#[test]
fn an_authority_at_a_forbidden_address_is_refused_before_anything_is_connected() {
    for host in [
        "169.254.169.254",
        "168.63.129.16",
        "100.100.100.200",
        "0.0.0.0",
        "255.255.255.255",
        "224.0.0.1",
        "[fe80::1]",
        "[fd00:ec2::254]",
        "[::ffff:169.254.169.254]",
        "[64:ff9b::a9fe:a9fe]",
        "[2002:a9fe:a9fe::1]",
    ] {
        let world = World::new();
        let flags = Flags {
            authority_host: Some(format!("https://{host}/")),
            ..Flags::default()
        };
        let exchange = Artifact::embedded().expect("the exchange");
        let sandbox =
            Sandbox::with_settings(&world, &world.settings(&flags), exchange, |builder| builder)
                .expect("a sandbox");
        let error = sandbox.get_token().expect_err("no token");
        let Error::Refused(refusals) = &error else {
            panic!("{host}: {error:?}");
        };
        assert_eq!(refusals.len(), 1, "{refusals:?}");
        assert_eq!(refusals[0].rule, "address.forbidden", "{host}");
        let events = sandbox.events();
        assert_eq!(refused(&events), ["address.forbidden"], "{host}");
        crate::audit_log::must_be_valid(&events);
        assert!(
            !events
                .iter()
                .any(|event| event.capability == keyhole_host::audit::Capability::Connect),
            "{host}: {events:?}"
        );
    }
}

#[test]
fn a_certificate_that_does_not_prove_the_name_gets_no_request() {
    use keyhole_emulator::BadCertificate;
    use keyhole_host::{TokenError, UnavailableCause};
    use std::time::Duration;

    let world = World::new();
    for kind in BadCertificate::ALL {
        let flags = Flags {
            authority_host: Some(world.emulator.bad_authority(kind)),
            ..Flags::default()
        };
        let exchange = Artifact::embedded().expect("the exchange");
        let sandbox =
            Sandbox::with_settings(&world, &world.settings(&flags), exchange, |builder| {
                builder.timeout(Duration::from_secs(2))
            })
            .expect("a sandbox");
        match sandbox.get_token() {
            Err(Error::Token {
                error,
                transport: Some(why),
            }) => {
                let TokenError::Unavailable(error) = *error else {
                    panic!("{kind:?}: {error:?}")
                };
                assert!(
                    matches!(
                        error.cause,
                        UnavailableCause::Transport | UnavailableCause::Timeout
                    ),
                    "{kind:?}: {:?}",
                    error.cause
                );
                assert!(why.contains("certificate"), "{kind:?}: {why}");
            }
            Err(Error::Deadline {
                transport: Some(why),
                ..
            }) => assert!(why.contains("certificate"), "{kind:?}: {why}"),
            other => panic!("{kind:?}: {other:?}"),
        }
    }
    assert!(world.emulator.requests().is_empty());
}

/// A command that runs another one where this file is `/etc/hosts`, in a mount
/// namespace of its own.
fn with_hosts(world: &World, hosts: &Path) -> Command {
    let mut command = command(Path::new("unshare"), world);
    command
        .args(["--map-root-user", "--mount", "sh", "-c"])
        .arg("mount --bind \"$0\" /etc/hosts && exec \"$@\"")
        .arg(hosts);
    command
}

#[test]
fn a_name_that_leads_to_a_forbidden_address_is_refused_before_anything_is_connected() {
    const NAMES: &[(&str, &[&str], &str)] = &[
        ("link-local", &["169.254.169.254"], "address.forbidden"),
        ("link-local-6", &["fe80::1"], "address.forbidden"),
        ("mapped", &["::ffff:169.254.169.254"], "address.forbidden"),
        ("wire-server", &["168.63.129.16"], "address.forbidden"),
        ("unspecified", &["0.0.0.0"], "address.forbidden"),
        ("multicast", &["224.0.0.1"], "address.forbidden"),
        ("loopback", &["127.0.0.1"], "address.loopback"),
        ("loopback-6", &["::1"], "address.loopback"),
        ("loopback-far", &["127.8.9.10"], "address.loopback"),
        (
            "mixed",
            &["192.0.2.1", "169.254.169.254"],
            "address.forbidden",
        ),
    ];
    let world = World::new();
    let hosts = world.folder().join("hosts");
    let lines = NAMES.iter().flat_map(|(name, addresses, _)| {
        let line = move |address| format!("{address} {name}.example\n");
        addresses.iter().map(line)
    });
    let lines: String = lines.chain(["127.0.0.1 localhost\n".to_owned()]).collect();
    std::fs::write(&hosts, lines).expect("a hosts file");
    let can = with_hosts(&world, &hosts).arg("true").output();
    if !can.is_ok_and(|output| output.status.success()) {
        eprintln!("skipped: this machine gives no mount namespace, so names cannot lead elsewhere");
        return;
    }
    let port = world.emulator.https_authority();
    let port = port.trim_end_matches('/').rsplit(':').next();
    let port = port.expect("a port");
    let get_token = |name: &str| -> Ran {
        let mut command = with_hosts(&world, &hosts);
        command
            .env("AZURE_AUTHORITY_HOST", format!("https://{name}:{port}/"))
            .arg(slim())
            .args(["get-token", "--timeout", "5s", "--log-level", "trace"]);
        run_command(&mut command, &world)
    };
    for (name, addresses, rule) in NAMES {
        let ran = get_token(&format!("{name}.example"));
        assert_eq!(ran.code, Some(7), "{name}: {ran:?}");
        let address = addresses.last().expect("an address");
        let shown = address.trim_start_matches("::ffff:");
        for said in [shown, rule, "DNS"] {
            assert!(ran.stderr.contains(said), "{said:?} for {name} in {ran:?}");
        }
    }
    assert_eq!(world.emulator.connections(), 0);
    // The very file that leads the others astray leads this name home.
    assert_eq!(get_token("localhost").code, Some(0));
}
