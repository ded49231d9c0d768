//! What the command line asks to be written.

use keyhole_exchange::SettingsError;
use keyhole_exchange::settings::{Flags, Settings, flag};

/// Values for the new entries, from flags alone: kubelogin's `convert-kubeconfig`
/// does not write what variables say either, because they hold for the pod
/// that runs it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    flags: Flags,
}

/// Stand-ins for settings that only `get-token` needs.
const SOME_ID: &str = "00000000-0000-0000-0000-000000000000";
const SOME_FILE: &str = "/token";

impl Wanted {
    /// Takes flags that `keyhole get-token` would take.
    ///
    /// # Errors
    /// The first flag whose value `get-token` would refuse.
    pub fn new(flags: Flags) -> Result<Self, SettingsError> {
        check(&flags)?;
        Ok(Self { flags })
    }

    /// The flags with a value, in the order in which they are written:
    /// kubelogin's (converter/convert.go), with `--environment`, which it drops
    /// for this login, behind the server.
    pub(crate) fn values(&self) -> [(&'static str, Option<&str>); 6] {
        [
            (flag::SERVER_ID, self.flags.server_id.as_deref()),
            (flag::ENVIRONMENT, self.flags.environment.as_deref()),
            (flag::CLIENT_ID, self.flags.client_id.as_deref()),
            (flag::TENANT_ID, self.flags.tenant_id.as_deref()),
            (flag::AUTHORITY_HOST, self.flags.authority_host.as_deref()),
            (
                flag::FEDERATED_TOKEN_FILE,
                self.flags.federated_token_file.as_deref(),
            ),
        ]
    }
}

/// Whether `get-token` would take the values of these flags.
pub(crate) fn check(flags: &Flags) -> Result<(), SettingsError> {
    let or = |value: &Option<String>, stand_in: &str| {
        Some(value.clone().unwrap_or_else(|| stand_in.to_owned()))
    };
    // The authority beats the environment, so each is looked at alone.
    let whole = Flags {
        client_id: or(&flags.client_id, SOME_ID),
        tenant_id: or(&flags.tenant_id, SOME_ID),
        federated_token_file: or(&flags.federated_token_file, SOME_FILE),
        environment: None,
        ..flags.clone()
    };
    let environment = Flags {
        authority_host: None,
        environment: flags.environment.clone(),
        ..whole.clone()
    };
    Settings::resolve(&whole, &|_| None)?;
    Settings::resolve(&environment, &|_| None)?;
    Ok(())
}
