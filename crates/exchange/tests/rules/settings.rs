//! Which setting counts, and which is refused.

use keyhole_exchange::settings::{GUEST_TOKEN_FILE, Note, Origin, SettingsError, flag, variable};
use keyhole_exchange::{Flags, Settings};

use crate::fixture::{CLIENT, TENANT, pod};

fn resolve(flags: &Flags, changes: &[(&str, &str)]) -> Result<Settings, SettingsError> {
    Settings::resolve(flags, &pod(changes))
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

#[test]
fn a_pods_variables_are_enough() {
    let settings = resolve(&Flags::default(), &[]).unwrap();
    assert_eq!(settings.client_id().as_str(), CLIENT);
    assert_eq!(settings.tenant().as_str(), TENANT);
    assert_eq!(
        settings.authority().url(),
        "https://login.microsoftonline.com/"
    );
    assert_eq!(
        settings.scope().as_str(),
        "6dae42f8-4368-4678-94ff-3960e28e3630/.default"
    );
    assert_eq!(settings.token_file(), "/keyhole/federated-token");
    assert_eq!(
        settings.endpoint().to_string(),
        format!("https://login.microsoftonline.com/{TENANT}/oauth2/v2.0/token")
    );
    assert_eq!(settings.notes(), []);
    assert_eq!(settings.origins().authority, Origin::Default);
    assert_eq!(
        settings.origins().client_id,
        Origin::Variable("AZURE_CLIENT_ID")
    );
}

#[test]
fn each_flag_beats_its_variables() {
    let flags = Flags {
        client_id: some("flag-client"),
        tenant_id: some("flag.example"),
        server_id: some("flag-server"),
        federated_token_file: some("/flag"),
        environment: some("azurechinacloud"),
        ..Flags::default()
    };
    let settings = resolve(
        &flags,
        &[
            (
                variable::AUTHORITY_HOST,
                "https://login.microsoftonline.us/",
            ),
            (variable::CLOUD, "AzureUSGovernment"),
            (variable::SCOPE, "variable/.default"),
            (variable::SERVER_APP_ID, "variable"),
        ],
    )
    .unwrap();
    assert_eq!(settings.client_id().as_str(), "flag-client");
    assert_eq!(settings.tenant().as_str(), "flag.example");
    assert_eq!(settings.scope().as_str(), "flag-server/.default");
    assert_eq!(settings.token_file(), "/flag");
    assert_eq!(settings.authority().host(), "login.chinacloudapi.cn");
    let notes: Vec<String> = settings.notes().iter().map(ToString::to_string).collect();
    insta::assert_snapshot!("overruled_variables", notes.join("\n"));
}

#[test]
fn of_two_flags_the_more_specific_wins_and_the_other_is_named() {
    let flags = Flags {
        scope: some("scope"),
        server_id: some("server"),
        authority_host: some("login.windows.net"),
        environment: some("AzureChinaCloud"),
        ..Flags::default()
    };
    let settings = resolve(&flags, &[]).unwrap();
    assert_eq!(settings.scope().as_str(), "scope");
    assert_eq!(settings.authority().host(), "login.windows.net");
    let ignored: Vec<Origin> = settings
        .notes()
        .iter()
        .filter_map(|note| match note {
            Note::Overruled { ignored, .. } => Some(*ignored),
            _ => None,
        })
        .collect();
    assert_eq!(
        ignored,
        [
            Origin::Flag(flag::ENVIRONMENT),
            Origin::Flag(flag::SERVER_ID)
        ]
    );
}

#[test]
fn of_two_variables_the_more_specific_wins() {
    let settings = resolve(
        &Flags::default(),
        &[
            (variable::AUTHORITY_HOST, "login.microsoftonline.us"),
            (variable::CLOUD, "AzureChinaCloud"),
            (variable::SCOPE, "api://x/y.z"),
            (variable::SERVER_APP_ID, "server"),
        ],
    )
    .unwrap();
    assert_eq!(settings.authority().host(), "login.microsoftonline.us");
    assert_eq!(settings.scope().as_str(), "api://x/y.z");
}

#[test]
fn a_flag_that_says_what_the_variable_says_overrules_nothing() {
    let flags = Flags {
        environment: some("AzureUSGovernment"),
        client_id: some(CLIENT),
        ..Flags::default()
    };
    let settings = resolve(
        &flags,
        &[(
            variable::AUTHORITY_HOST,
            "https://LOGIN.microsoftonline.us/",
        )],
    )
    .unwrap();
    assert_eq!(settings.notes(), []);
}

#[test]
fn a_bad_variable_does_no_harm_where_a_flag_overrules_it() {
    let flags = Flags {
        environment: some("AzurePublicCloud"),
        ..Flags::default()
    };
    let settings = resolve(&flags, &[(variable::AUTHORITY_HOST, "http://evil")]).unwrap();
    assert_eq!(settings.authority().host(), "login.microsoftonline.com");
    assert_eq!(settings.notes().len(), 1);
}

#[test]
fn an_empty_variable_counts_as_unset() {
    let settings = resolve(
        &Flags::default(),
        &[
            (variable::AUTHORITY_HOST, ""),
            (variable::CLOUD, ""),
            (variable::SCOPE, ""),
            (variable::SERVER_APP_ID, ""),
            (variable::REGIONAL_AUTHORITY_NAME, ""),
        ],
    )
    .unwrap();
    assert_eq!(settings.origins().scope, Origin::Default);
    assert_eq!(
        resolve(&Flags::default(), &[(variable::TENANT_ID, "")]),
        Err(SettingsError::Missing {
            variable: "AZURE_TENANT_ID",
            flag: "--tenant-id",
        })
    );
}

#[test]
fn the_component_gets_five_variables_that_resolve_to_the_same_settings() {
    let flags = Flags {
        authority_host: some("https://LOGIN.Example:8443"),
        server_id: some("api://server/"),
        federated_token_file: some("/real/path"),
        ..Flags::default()
    };
    let outside = resolve(&flags, &[]).unwrap();
    let variables = outside.for_component();
    assert_eq!(
        variables.iter().map(|(name, _)| *name).collect::<Vec<_>>(),
        [
            "AZURE_CLIENT_ID",
            "AZURE_TENANT_ID",
            "AZURE_AUTHORITY_HOST",
            "AZURE_SCOPE",
            "AZURE_FEDERATED_TOKEN_FILE",
        ]
    );
    let inside = Settings::from_env(&|name| {
        variables
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value.clone())
    })
    .unwrap();
    assert_eq!(inside.endpoint(), outside.endpoint());
    assert_eq!(inside.client_id(), outside.client_id());
    assert_eq!(inside.scope(), outside.scope());
    assert_eq!(inside.token_file(), GUEST_TOKEN_FILE);
}

#[test]
fn an_unknown_authority_is_taken_and_said_or_refused_on_demand() {
    let changes = [(variable::AUTHORITY_HOST, "login.example.com")];
    let settings = resolve(&Flags::default(), &changes).unwrap();
    assert_eq!(
        settings.notes()[0].to_string(),
        "the authority https://login.example.com/ (from AZURE_AUTHORITY_HOST) is not one of Microsoft's known authorities"
    );
    let strict = Flags {
        known_authorities_only: true,
        ..Flags::default()
    };
    assert!(matches!(
        resolve(&strict, &changes),
        Err(SettingsError::UnknownAuthority { .. })
    ));
    assert!(resolve(&strict, &[]).is_ok());
}

#[test]
fn every_refusal_names_the_setting_and_the_way_out() {
    let long = "x".repeat(300);
    let jwt = crate::fixture::token();
    let flags: [(&str, Flags); 6] = [
        (
            "--client-id",
            Flags {
                client_id: some(""),
                ..Flags::default()
            },
        ),
        (
            "--scope",
            Flags {
                scope: some(" "),
                ..Flags::default()
            },
        ),
        (
            "--server-id",
            Flags {
                server_id: some("/"),
                ..Flags::default()
            },
        ),
        (
            "--federated-token-file",
            Flags {
                federated_token_file: some(""),
                ..Flags::default()
            },
        ),
        (
            "--environment",
            Flags {
                environment: some("AzureGermanCloud"),
                ..Flags::default()
            },
        ),
        (
            "--known-authorities-only",
            Flags {
                authority_host: some("https://login.example.com"),
                known_authorities_only: true,
                ..Flags::default()
            },
        ),
    ];
    let variables: [(&str, &str); 22] = [
        (variable::CLIENT_ID, ""),
        (variable::TENANT_ID, ""),
        (variable::FEDERATED_TOKEN_FILE, ""),
        (variable::CLIENT_ID, "\"11111111\""),
        (variable::CLIENT_ID, &long),
        (variable::CLIENT_ID, &jwt),
        (variable::TENANT_ID, "common"),
        (variable::TENANT_ID, "no dots"),
        (variable::FEDERATED_TOKEN_FILE, &jwt),
        (variable::FEDERATED_TOKEN_FILE, "/a\0b"),
        (variable::CLOUD, "AzureStackCloud"),
        (
            variable::AUTHORITY_HOST,
            "http://login.microsoftonline.com/",
        ),
        (
            variable::AUTHORITY_HOST,
            "https://login.microsoftonline.com/tenant",
        ),
        (variable::AUTHORITY_HOST, "ftp://login.microsoftonline.com"),
        (
            variable::AUTHORITY_HOST,
            "https://login.microsоftonline.com",
        ),
        (variable::AUTHORITY_HOST, "https://"),
        (
            variable::AUTHORITY_HOST,
            "https://user@login.microsoftonline.com",
        ),
        (
            variable::AUTHORITY_HOST,
            "https://login.microsoftonline.com:0",
        ),
        (variable::SCOPE, "a\"b"),
        (variable::SCOPE, &long),
        (variable::SERVER_APP_ID, "two words"),
        (variable::REGIONAL_AUTHORITY_NAME, "westeurope"),
    ];
    let mut text = String::new();
    let mut add = |title: &str, result: Result<Settings, SettingsError>| {
        let error = result.expect_err(title);
        assert!(!error.to_string().contains('\n'), "{error}");
        text += &format!(
            "{title}\n  {error}\n  {:?}: {}\n\n",
            error.setting(),
            error.next_step()
        );
    };
    for (name, value) in variables {
        let result = resolve(&Flags::default(), &[(name, value)]);
        add(name, result);
    }
    for (name, flags) in flags {
        add(name, resolve(&flags, &[]));
    }
    assert!(!text.contains(&jwt));
    insta::assert_snapshot!("settings_refusals", text);
}
