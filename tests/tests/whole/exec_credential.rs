//! `keyhole get-token`, end to end over TLS.

use super::verify::TOKEN;
use keyhole_emulator::Fault;
use keyhole_tests::World;
use keyhole_tests::program::{Ran, command, run_command, slim};
use std::time::{SystemTime, UNIX_EPOCH};

fn get_token(world: &World, exec_info: Option<&str>) -> Ran {
    let mut command = command(&slim(), world);
    command.arg("get-token");
    if let Some(info) = exec_info {
        command.env("KUBERNETES_EXEC_INFO", info);
    }
    run_command(&mut command, world)
}

/// The reply is kubelogin's to the byte, in the version that was asked for.
#[test]
fn the_reply_is_exact_in_both_versions() {
    for (info, version) in [
        (None, "client.authentication.k8s.io/v1beta1"),
        (
            Some("client.authentication.k8s.io/v1beta1"),
            "client.authentication.k8s.io/v1beta1",
        ),
        (
            Some("client.authentication.k8s.io/v1"),
            "client.authentication.k8s.io/v1",
        ),
    ] {
        let world = World::new();
        world.emulator.always(Some(Fault::access_token(TOKEN)));
        let info = info.map(|version| {
            format!(
                r#"{{"apiVersion":"{version}","kind":"ExecCredential","spec":{{"interactive":false}}}}"#
            )
        });
        let ran = get_token(&world, info.as_deref());
        assert_eq!(ran.code, Some(0), "{ran:?}");
        assert_eq!(ran.stderr, "", "{ran:?}");
        let expires = ran
            .stdout
            .split("\"expirationTimestamp\":\"")
            .nth(1)
            .and_then(|rest| rest.split('"').next())
            .expect("a time");
        assert_eq!(
            ran.stdout,
            format!(
                "{{\"kind\":\"ExecCredential\",\"apiVersion\":\"{version}\",\
                 \"spec\":{{\"interactive\":false}},\
                 \"status\":{{\"expirationTimestamp\":\"{expires}\",\"token\":\"{TOKEN}\"}}}}\n"
            )
        );
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("time");
        let now = i64::try_from(now.as_secs()).expect("time");
        let left = seconds(expires) - now;
        assert!((86_300..=86_400).contains(&left), "{expires}: {left} s");
    }
}

/// Unix seconds of `2026-11-24T22:54:27Z`, which is also its only form.
fn seconds(time: &str) -> i64 {
    assert_eq!(time.len(), 20, "{time}");
    let part = |from: usize, to: usize| -> i64 { time[from..to].parse().expect("a number") };
    let (year, month, day) = (part(0, 4), part(5, 7), part(8, 10));
    // Days from civil, Howard Hinnant.
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year - era * 400;
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    let days = era * 146_097 + day_of_era - 719_468;
    ((days * 24 + part(11, 13)) * 60 + part(14, 16)) * 60 + part(17, 19)
}

#[test]
fn a_version_that_is_not_known_is_refused_before_anything_is_sent() {
    let world = World::new();
    let info = r#"{"apiVersion":"client.authentication.k8s.io/v1alpha1"}"#;
    let ran = get_token(&world, Some(info));
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert_eq!(ran.stdout, "");
    assert!(ran.stderr.contains("v1alpha1"), "{ran:?}");
    assert_eq!(world.emulator.connections(), 0);
}

#[test]
fn kubelogin_s_command_line_is_taken() {
    let world = World::new();
    world.emulator.always(Some(Fault::access_token(TOKEN)));
    let mut command = command(&slim(), &world);
    command
        .env_remove("AZURE_CLIENT_ID")
        .env_remove("AZURE_TENANT_ID")
        .env_remove("AZURE_AUTHORITY_HOST")
        .env_remove("AZURE_FEDERATED_TOKEN_FILE")
        .args(["get-token", "--login", "workloadidentity"])
        .args(["--environment", "AzurePublicCloud"])
        .args(["--server-id", "6dae42f8-4368-4678-94ff-3960e28e3630"])
        .args(["--client-id", world.emulator.client_id()])
        .args(["--tenant-id", world.emulator.tenant()])
        .args(["--authority-host", &world.emulator.https_authority()])
        .arg("--federated-token-file")
        .arg(world.token_file());
    let ran = run_command(&mut command, &world);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.stdout.contains(TOKEN));
    assert_eq!(world.honest_requests().len(), 1);
}
