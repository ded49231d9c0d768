//! In the place of kubelogin: which values are sent, and in which form the token
//! comes.

use keyhole_emulator::{AKS_SERVER_APP_ID, Fault};
use keyhole_tests::World;
use keyhole_tests::program::{Ran, command, run_command, slim};
use serde_json::Value;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::Command;

/// A link by the name `kubelogin`.
fn by_its_name(world: &World) -> PathBuf {
    let link = world.folder().join("kubelogin");
    if !link.exists() {
        symlink(slim(), &link).expect("a link");
    }
    link
}

/// kubelogin's usual command line, with the pod's variables.
fn kubelogin(world: &World, change: impl FnOnce(&mut Command)) -> Ran {
    let mut command = command(&by_its_name(world), world);
    command
        .args(["get-token", "--login", "workloadidentity"])
        .args(["--server-id", AKS_SERVER_APP_ID]);
    change(&mut command);
    run_command(&mut command, world)
}

fn keyhole(world: &World, change: impl FnOnce(&mut Command)) -> Ran {
    let mut command = command(&slim(), world);
    command.arg("get-token");
    change(&mut command);
    run_command(&mut command, world)
}

#[test]
fn by_its_name_variables_beat_flags() {
    let world = World::new();
    let overruled = |command: &mut Command| {
        command
            .args(["--client-id", "another", "--tenant-id", "another.example"])
            .args(["--authority-host", "https://another.example/"])
            .args(["--federated-token-file", "/another"]);
    };
    assert_eq!(kubelogin(&world, overruled).code, Some(0));
    let restored = keyhole(&world, |command| {
        overruled(command);
        command.arg("--env-overrides-flags");
    });
    assert_eq!(restored.code, Some(0));
    assert_eq!(world.honest_requests().len(), 2);
    // Otherwise flags win, and so what they say is wrong.
    let ran = keyhole(&world, overruled);
    ran.must_have_failed(3, &["/another", "--client-id overrules AZURE_CLIENT_ID"]);
}

#[test]
fn a_flag_that_a_variable_beats_is_named_when_that_goes_wrong() {
    let world = World::new();
    let ran = kubelogin(&world, |command| {
        command
            .env("AZURE_CLIENT_ID", "another")
            .args(["--client-id", world.emulator.client_id()]);
    });
    let said = ["AADSTS700016", "AZURE_CLIENT_ID overrules --client-id"];
    ran.must_have_failed(1, &said);
}

#[test]
fn by_its_name_the_three_variables_of_keyhole_are_not_read() {
    let world = World::new();
    let ran = kubelogin(&world, |command| {
        command
            .env("AZURE_SCOPE", "api://another/.default")
            .env("AKS_SERVER_APP_ID", "another")
            .env("AZURE_CLOUD", "Nowhere");
    });
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let scope = format!("{AKS_SERVER_APP_ID}/.default");
    assert_eq!(world.honest_requests()[0].field("scope"), Some(&*scope));
}

#[test]
fn its_other_variables_are_read() {
    let world = World::new();
    let ran = kubelogin(&world, |command| {
        command
            .env_remove("AZURE_CLIENT_ID")
            .env("AAD_LOGIN_METHOD", "workloadidentity")
            .env(
                "AAD_SERVICE_PRINCIPAL_CLIENT_ID",
                world.emulator.client_id(),
            );
    });
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let ran = keyhole(&world, |command| {
        command
            .env_remove("AZURE_CLIENT_ID")
            .env("AZURE_TENANT_ID", "another.example")
            .env("ARM_CLIENT_ID", world.emulator.client_id())
            .env("ARM_TENANT_ID", world.emulator.tenant())
            .arg("--use-azurerm-env-vars");
    });
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(world.honest_requests().len(), 2);

    world.emulator.always(Some(Fault::Hang));
    let ran = kubelogin(&world, |command| {
        command.env("AZURE_CLI_TIMEOUT", "300ms");
    });
    ran.must_have_failed(1, &["could not be asked"]);
    // One that is no duration is passed over, as there.
    let ran = kubelogin(&world, |command| {
        command
            .env("AZURE_CLI_TIMEOUT", "soon")
            .args(["--timeout", "300ms"]);
    });
    ran.must_have_failed(1, &["could not be asked"]);
}

#[test]
fn with_flags_alone_no_variable_is_needed() {
    let world = World::new();
    let ran = keyhole(&world, |command| {
        command
            .env("AZURE_CLIENT_ID", "another")
            .env("AZURE_SCOPE", "api://another/.default")
            .arg("--disable-environment-override")
            .args(["--client-id", world.emulator.client_id()])
            .args(["--tenant-id", world.emulator.tenant()])
            .args(["--authority-host", &world.emulator.https_authority()])
            .arg("--federated-token-file")
            .arg(world.token_file());
    });
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(world.honest_requests().len(), 1);
}

#[test]
fn where_kubelogin_is_silent_by_its_name_too_something_is_said() {
    let world = World::new();
    let ran = kubelogin(&world, |command| {
        command
            .env_remove("AZURE_AUTHORITY_HOST")
            .args(["--environment", "AzureGermanCloud"]);
    });
    ran.must_have_failed(1, &["AzureGermanCloud", "AzurePublicCloud"]);
    let ran = kubelogin(&world, |command| {
        command.arg("--pop-enabled");
    });
    ran.must_have_failed(1, &["--pop-enabled"]);
    assert_eq!(world.emulator.connections(), 0);
}

#[test]
fn what_kubelogin_takes_differently_by_its_name_too() {
    let world = World::new();
    // Variables of GitHub Actions change nothing.
    let ran = kubelogin(&world, |command| {
        command
            .env("ACTIONS_ID_TOKEN_REQUEST_URL", "https://another.example/")
            .env("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "another");
    });
    assert_eq!(ran.code, Some(0), "{ran:?}");
    // An empty variable is not set, an authority needs no slash.
    let authority = world.emulator.https_authority();
    let ran = kubelogin(&world, |command| {
        command
            .env("AZURE_CLIENT_ID", "")
            .args(["--client-id", world.emulator.client_id()])
            .env("AZURE_AUTHORITY_HOST", authority.trim_end_matches('/'));
    });
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(world.honest_requests().len(), 2);
}

#[test]
fn the_token_alone_is_for_scripts() {
    let world = World::new();
    let ran = keyhole(&world, |command| {
        command.args(["--output", "token"]);
    });
    let token = world.emulator.access_tokens().pop().expect("a token");
    assert_eq!(ran.stdout, format!("{token}\n"));
    assert_eq!(ran.stderr, "");
}

#[test]
fn as_json_it_has_the_names_of_az() {
    let world = World::new();
    let ran = keyhole(&world, |command| {
        command.args(["--output", "json"]);
    });
    let token = world.emulator.access_tokens().pop().expect("a token");
    let document: Value = serde_json::from_str(&ran.stdout).expect("JSON");
    assert_eq!(document["accessToken"], token);
    assert_eq!(document["tokenType"], "Bearer");
    assert_eq!(document["tenant"], world.emulator.tenant());
    assert_eq!(ran.stdout.lines().count(), 1);
}
