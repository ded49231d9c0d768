//! Settings, as reports show them.

use alloc::borrow::ToOwned as _;
use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec;

use keyhole_exchange::cloud;
use keyhole_exchange::settings::{Settings, SettingsError};
use keyhole_report::{ExitClass, Fact, Failure, Section};

/// Settings that are missing or cannot be used.
#[must_use]
pub fn unusable(error: &SettingsError) -> Failure {
    let reason = match error {
        SettingsError::UnknownCloud { name, .. } => cloud::without_name(name),
        _ => None,
    };
    Failure::new(
        ExitClass::Configuration,
        error.to_string(),
        reason.unwrap_or_default().to_owned() + &error.next_step(),
    )
}

/// Who asks whom, in a line.
#[must_use]
pub fn summary(settings: &Settings) -> String {
    format!(
        "client {}, tenant {}, authority {}",
        settings.client_id(),
        settings.tenant(),
        settings.authority()
    )
}

/// The settings, and which flag or variable each is from.
#[must_use]
pub fn section(settings: &Settings) -> Section {
    let origins = settings.origins();
    let from = [
        ("client id", origins.client_id),
        ("tenant", origins.tenant),
        ("authority", origins.authority),
        ("scope", origins.scope),
        ("token file", origins.token_file),
    ];
    Section {
        key: "settings",
        title: "Settings",
        facts: vec![
            Fact::new("client id", settings.client_id().as_str()),
            Fact::new("tenant", settings.tenant().as_str()),
            Fact::new("authority", settings.authority().url()),
            Fact::new("scope", settings.scope().as_str()),
            Fact::new("token file", settings.token_file()),
            Fact::new(
                "from",
                from.map(|(what, origin)| format!("{what}: {origin}"))
                    .to_vec(),
            ),
        ],
    }
}

/// Refuses an authority on `http://`, which the settings allow for loopback
/// alone, unless `--insecure-http` allows it too. The texts are the host's.
///
/// # Errors
/// It is one, and that is not allowed.
pub fn refuse_plain_text(settings: &Settings, allowed: bool) -> Result<(), Failure> {
    if allowed || settings.authority().scheme() != cloud::Scheme::Http {
        return Ok(());
    }
    Err(Failure::new(
        ExitClass::Configuration,
        format!(
            "the authority {} would get the federated token in plain text",
            settings.authority().url()
        ),
        "use https://, or allow it for this loopback authority with --insecure-http",
    ))
}
