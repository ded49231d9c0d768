//! The variables.

use alloc::boxed::Box;

use keyhole_exchange::cloud::Scheme;
use keyhole_proxy_rules::settings::{Settings, SettingsError};
use once_cell::race::OnceBox;

use crate::bindings::wasi::cli::environment;
use crate::bindings::wasi::http::types as http;

/// The settings that the variables make. Read once: a host may give an instance
/// many requests.
pub(crate) fn get() -> Result<&'static Settings, SettingsError> {
    static SETTINGS: OnceBox<Settings> = OnceBox::new();
    SETTINGS.get_or_try_init(|| read().map(Box::new))
}

fn read() -> Result<Settings, SettingsError> {
    let variables = environment::get_environment();
    Settings::from_env(|name| {
        let found = variables.iter().find(|(variable, _)| variable == name);
        found.map(|(_, value)| value.as_str())
    })
}

/// The upstream's scheme, as WASI has it.
pub(crate) fn scheme(settings: &Settings) -> http::Scheme {
    match settings.upstream.scheme() {
        Scheme::Http => http::Scheme::Http,
        Scheme::Https => http::Scheme::Https,
    }
}
