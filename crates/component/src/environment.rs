//! The variables.

use keyhole_exchange::{Settings, SettingsError};

use crate::bindings::wasi::cli::environment;

/// The settings that the variables make.
pub(crate) fn settings() -> Result<Settings, SettingsError> {
    let variables = environment::get_environment();
    Settings::from_env(&|name| {
        variables
            .iter()
            .find(|(variable, _)| variable == name)
            .map(|(_, value)| value.clone())
    })
}
