//! Names of flags and variables, and which of them a value is from.

use crate::text::{Say, display};
use alloc::string::String;

/// The variables that Keyhole reads.
pub mod variable {
    /// The client id; the workload identity webhook sets it.
    pub const CLIENT_ID: &str = "AZURE_CLIENT_ID";
    /// The tenant; the workload identity webhook sets it.
    pub const TENANT_ID: &str = "AZURE_TENANT_ID";
    /// The authority's URL; the workload identity webhook sets it.
    pub const AUTHORITY_HOST: &str = "AZURE_AUTHORITY_HOST";
    /// The cloud's name.
    pub const CLOUD: &str = "AZURE_CLOUD";
    /// The scope, verbatim.
    pub const SCOPE: &str = "AZURE_SCOPE";
    /// The application id of the server that the token is for.
    pub const SERVER_APP_ID: &str = "AKS_SERVER_APP_ID";
    /// The path of the federated token; the workload identity webhook sets it.
    pub const FEDERATED_TOKEN_FILE: &str = "AZURE_FEDERATED_TOKEN_FILE";
    /// Not read but refused: it would send the token to another host.
    pub const REGIONAL_AUTHORITY_NAME: &str = "AZURE_REGIONAL_AUTHORITY_NAME";

    /// Every variable above, for those who show or clear them.
    pub const ALL: [&str; 8] = [
        CLIENT_ID,
        TENANT_ID,
        AUTHORITY_HOST,
        CLOUD,
        SCOPE,
        SERVER_APP_ID,
        FEDERATED_TOKEN_FILE,
        REGIONAL_AUTHORITY_NAME,
    ];
}

/// The flags that say the same on a command line.
pub mod flag {
    /// Beats `AZURE_CLIENT_ID`.
    pub const CLIENT_ID: &str = "--client-id";
    /// Beats `AZURE_TENANT_ID`.
    pub const TENANT_ID: &str = "--tenant-id";
    /// Beats `AZURE_SCOPE` and `AKS_SERVER_APP_ID`.
    pub const SERVER_ID: &str = "--server-id";
    /// Beats `AZURE_FEDERATED_TOKEN_FILE`: GitHub Actions is asked instead.
    pub const GITHUB_ACTIONS_TOKEN: &str = "--github-actions-token";
    /// Beats `--server-id` and the variables.
    pub const SCOPE: &str = "--scope";
    /// Beats `AZURE_FEDERATED_TOKEN_FILE`.
    pub const FEDERATED_TOKEN_FILE: &str = "--federated-token-file";
    /// Beats `--environment` and the variables.
    pub const AUTHORITY_HOST: &str = "--authority-host";
    /// Beats `AZURE_AUTHORITY_HOST` and `AZURE_CLOUD`.
    pub const ENVIRONMENT: &str = "--environment";
    /// Refuses authorities that are not known to be Microsoft's.
    pub const KNOWN_AUTHORITIES_ONLY: &str = "--known-authorities-only";
}

/// Where a value is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A flag, by its name with the dashes.
    Flag(&'static str),
    /// An environment variable, by its name.
    Variable(&'static str),
    /// Nobody set it.
    Default,
}

impl Origin {
    /// The flag's or variable's name.
    #[must_use]
    pub const fn name(self) -> Option<&'static str> {
        match self {
            Self::Flag(name) | Self::Variable(name) => Some(name),
            Self::Default => None,
        }
    }
}

impl Say for Origin {
    fn say(&self, text: &mut String) {
        text.push_str(self.name().unwrap_or("default"))
    }
}

/// Where each setting is from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origins {
    /// Of the client id.
    pub client_id: Origin,
    /// Of the tenant.
    pub tenant: Origin,
    /// Of the authority.
    pub authority: Origin,
    /// Of the scope.
    pub scope: Origin,
    /// Of the token file's path.
    pub token_file: Origin,
}

display!(Origin);
