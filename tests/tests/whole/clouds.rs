//! Clouds by name and by authority, by the program as users get it.

use keyhole_emulator::Fault;
use keyhole_tests::World;
use keyhole_tests::program::{Ran, command, run_command, slim};
use serde_json::Value;

/// Names as kubelogin, go-autorest, azcore and the Azure CLI write them.
const NAMES: &[(&str, &str)] = &[
    ("AzurePublicCloud", "https://login.microsoftonline.com/"),
    ("AzureCloud", "https://login.microsoftonline.com/"),
    ("AzurePublic", "https://login.microsoftonline.com/"),
    (
        "AzureUSGovernmentCloud",
        "https://login.microsoftonline.us/",
    ),
    ("AzureUSGovernment", "https://login.microsoftonline.us/"),
    ("AzureGovernment", "https://login.microsoftonline.us/"),
    ("AzureChinaCloud", "https://login.chinacloudapi.cn/"),
    ("AzureChina", "https://login.chinacloudapi.cn/"),
    ("azurechinacloud", "https://login.chinacloudapi.cn/"),
    ("AZUREUSGOVERNMENT", "https://login.microsoftonline.us/"),
];

/// Every authority that MSAL knows and that is not closed.
const AUTHORITIES: &[&str] = &[
    "login.microsoftonline.com",
    "login.windows.net",
    "login.microsoft.com",
    "sts.windows.net",
    "login.microsoftonline.us",
    "login.usgovcloudapi.net",
    "login-us.microsoftonline.com",
    "login.partner.microsoftonline.cn",
    "login.chinacloudapi.cn",
    "login.sovcloud-identity.fr",
    "login.sovcloud-identity.de",
    "login.sovcloud-identity.sg",
];

fn run(world: &World, variables: &[(&str, &str)], arguments: &[&str]) -> Ran {
    let mut command = command(&slim(), world);
    command
        .env_remove("AZURE_AUTHORITY_HOST")
        .envs(variables.iter().copied())
        .args(arguments);
    run_command(&mut command, world)
}

fn inspected(ran: &Ran) -> Value {
    assert_eq!(ran.code, Some(0), "{ran:?}");
    serde_json::from_str(&ran.stdout).expect("JSON")
}

#[test]
fn each_name_of_a_cloud_means_its_authority() {
    let world = World::new();
    for (name, authority) in NAMES {
        for (variables, arguments) in [
            (
                &[][..],
                &["inspect", "--output", "json", "--environment", name][..],
            ),
            (&[("AZURE_CLOUD", *name)], &["inspect", "--output", "json"]),
        ] {
            let report = inspected(&run(&world, variables, arguments));
            assert_eq!(
                report["settings"]["authority"], *authority,
                "{name}: {report}"
            );
            let request = format!(
                "POST {authority}{}/oauth2/v2.0/token",
                world.emulator.tenant()
            );
            assert_eq!(report["grants"]["request"], request, "{name}");
            assert_eq!(report["notes"], Value::Array(Vec::new()), "{name}");
        }
    }
}

#[test]
fn each_authority_of_microsoft_is_known() {
    let world = World::new();
    for host in AUTHORITIES {
        let arguments = [
            "inspect",
            "--output",
            "json",
            "--known-authorities-only",
            "--authority-host",
            host,
        ];
        let report = inspected(&run(&world, &[], &arguments));
        assert_eq!(report["settings"]["authority"], format!("https://{host}/"));
        assert_eq!(report["notes"], Value::Array(Vec::new()), "{host}");
    }
    let arguments = [
        "inspect",
        "--output",
        "json",
        "--authority-host",
        "login.example",
    ];
    let report = inspected(&run(&world, &[], &arguments));
    assert!(
        report["notes"][0].to_string().contains("login.example"),
        "{report}"
    );
}

#[test]
fn a_cloud_that_cannot_be_asked_is_refused_with_the_reason() {
    let world = World::new();
    for (name, reason) in [
        ("AzureGermanCloud", "closed in 2021"),
        ("AzureStackCloud", "Azure Stack"),
        ("ADFS", "AD FS"),
        ("BleuCloud", "--authority-host login.sovcloud-identity.fr"),
        ("DelosCloud", "--authority-host login.sovcloud-identity.de"),
        ("GovSGCloud", "--authority-host login.sovcloud-identity.sg"),
        ("Azure", "AzurePublicCloud"),
    ] {
        let said = [name, reason, "AzureUSGovernment", "AzureChinaCloud"];
        let ran = run(&world, &[], &["get-token", "--environment", name]);
        ran.must_have_failed(2, &said);
        run(&world, &[("AZURE_CLOUD", name)], &["get-token"]).must_have_failed(2, &said);
    }
    let closed = "https://login.microsoftonline.de/";
    let ran = run(&world, &[], &["get-token", "--authority-host", closed]);
    ran.must_have_failed(2, &[closed, "closed in 2021"]);
    assert_eq!(world.emulator.connections(), 0);
}

#[test]
fn a_tenant_of_another_cloud_is_told_the_names_of_the_others() {
    let world = World::new();
    let get_token = || {
        let mut command = command(&slim(), &world);
        run_command(command.arg("get-token"), &world)
    };
    for code in [90_002, 90_038, 900_382, 900_432] {
        world.emulator.queue(Fault::Entra(code));
        let authority = world.emulator.https_authority();
        get_token().must_have_failed(
            4,
            &[
                &format!("AADSTS{code}"),
                &format!("Asked was {authority}"),
                "--environment AzurePublicCloud (https://login.microsoftonline.com/)",
                "--environment AzureUSGovernment (https://login.microsoftonline.us/)",
                "--environment AzureChinaCloud (https://login.chinacloudapi.cn/)",
            ],
        );
    }
    world.emulator.queue(Fault::EntraText {
        code: 90_038,
        text: "The specified tenant 'contoso' belongs to the National Cloud \
               'MicrosoftOnline.US'. Current cloud instance 'MicrosoftOnline.COM' does not \
               federate with MicrosoftOnline.US."
            .to_owned(),
    });
    let ran = get_token();
    let said = "by the answer the tenant is in --environment AzureUSGovernment";
    ran.must_have_failed(4, &[said]);
    assert!(!ran.stderr.contains("AzureChinaCloud"), "{ran:?}");
}
