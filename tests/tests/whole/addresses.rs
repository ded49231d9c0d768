//! Addresses that are never connected to, as the whole host sees them.

use keyhole_exchange::settings::Flags;
use keyhole_host::{Artifact, Error};
use keyhole_tests::World;
use keyhole_tests::sandbox::{Sandbox, refused};

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
