//! What the user chose: flags and variables, resolved once and checked.

mod error;
mod note;
mod origin;

use alloc::borrow::ToOwned;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

pub use error::{SettingsError, TokenFileFault};
pub use note::Note;
pub use origin::{Origin, Origins, flag, variable};

use crate::bounds::looks_like_a_jwt;
use crate::cloud::{AuthorityHost, Cloud};
use crate::identity::{ClientId, Tenant};
use crate::request::Endpoint;
use crate::scope::Scope;

/// Where the component finds the federated token: the one file of the one
/// folder it is given, whatever the path outside.
pub const GUEST_TOKEN_FILE: &str = "/keyhole/federated-token";

/// Longest path of a token file in bytes (Linux: `PATH_MAX`).
pub const PATH_BYTES: usize = 4096;

/// Values from a command line. A flag that was not given is `None`; one that
/// was given empty is an error, not a default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Flags {
    /// `--client-id`.
    pub client_id: Option<String>,
    /// `--tenant-id`.
    pub tenant_id: Option<String>,
    /// `--server-id`.
    pub server_id: Option<String>,
    /// `--scope`.
    pub scope: Option<String>,
    /// `--federated-token-file`.
    pub federated_token_file: Option<String>,
    /// `--authority-host`.
    pub authority_host: Option<String>,
    /// `--environment`.
    pub environment: Option<String>,
    /// `--known-authorities-only`.
    pub known_authorities_only: bool,
}

/// Settings of one identity, complete and checked. They hold no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    client_id: ClientId,
    tenant: Tenant,
    authority: AuthorityHost,
    scope: Scope,
    token_file: String,
    origins: Origins,
    notes: Vec<Note>,
}

/// A value and where it was found.
type Found = (Origin, String);

/// The value that counts, where it is from, and those it overrules.
struct Choice<T> {
    value: T,
    origin: Origin,
    overruled: Vec<Found>,
}

impl Settings {
    /// Resolves flags and variables. Any flag beats any variable; of two of
    /// one kind the more specific wins (DESIGN 5, 1). A variable that is empty
    /// counts as not set.
    ///
    /// # Errors
    /// The first setting that is missing or cannot be used.
    pub fn resolve(
        flags: &Flags,
        env: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, SettingsError> {
        let env = |name: &'static str| {
            env(name)
                .filter(|value| !value.is_empty())
                .map(|value| (Origin::Variable(name), value))
        };
        let flag = |name: &'static str, value: &Option<String>| {
            value.clone().map(|value| (Origin::Flag(name), value))
        };

        if let Some((_, region)) = env(variable::REGIONAL_AUTHORITY_NAME) {
            return Err(SettingsError::RegionalAuthority { region });
        }
        let client_id = choose(
            [
                flag(flag::CLIENT_ID, &flags.client_id),
                env(variable::CLIENT_ID),
            ],
            client_id,
        )?
        .ok_or(SettingsError::Missing {
            variable: variable::CLIENT_ID,
            flag: flag::CLIENT_ID,
        })?;
        let tenant = choose(
            [
                flag(flag::TENANT_ID, &flags.tenant_id),
                env(variable::TENANT_ID),
            ],
            tenant,
        )?
        .ok_or(SettingsError::Missing {
            variable: variable::TENANT_ID,
            flag: flag::TENANT_ID,
        })?;
        let token_file = choose(
            [
                flag(flag::FEDERATED_TOKEN_FILE, &flags.federated_token_file),
                env(variable::FEDERATED_TOKEN_FILE),
            ],
            token_file,
        )?
        .ok_or(SettingsError::Missing {
            variable: variable::FEDERATED_TOKEN_FILE,
            flag: flag::FEDERATED_TOKEN_FILE,
        })?;
        let authority = choose(
            [
                flag(flag::AUTHORITY_HOST, &flags.authority_host),
                flag(flag::ENVIRONMENT, &flags.environment),
                env(variable::AUTHORITY_HOST),
                env(variable::CLOUD),
            ],
            authority,
        )?
        .unwrap_or_else(|| Choice::default(Cloud::Public.authority()));
        let scope = choose(
            [
                flag(flag::SCOPE, &flags.scope),
                flag(flag::SERVER_ID, &flags.server_id),
                env(variable::SCOPE),
                env(variable::SERVER_APP_ID),
            ],
            scope,
        )?
        .unwrap_or_else(|| Choice::default(Scope::aks()));

        let mut notes = Vec::new();
        if !authority.value.is_known() {
            if flags.known_authorities_only {
                return Err(SettingsError::UnknownAuthority {
                    origin: authority.origin,
                    authority: authority.value,
                });
            }
            notes.push(Note::UnknownAuthority {
                origin: authority.origin,
                authority: authority.value.clone(),
            });
        }
        let origins = Origins {
            client_id: client_id.origin,
            tenant: tenant.origin,
            authority: authority.origin,
            scope: scope.origin,
            token_file: token_file.origin,
        };
        Ok(Self {
            client_id: client_id.settle(&mut notes),
            tenant: tenant.settle(&mut notes),
            authority: authority.settle(&mut notes),
            scope: scope.settle(&mut notes),
            token_file: token_file.settle(&mut notes),
            origins,
            notes,
        })
    }

    /// Resolves variables alone.
    ///
    /// # Errors
    /// See [`Settings::resolve`].
    pub fn from_env(env: &dyn Fn(&str) -> Option<String>) -> Result<Self, SettingsError> {
        Self::resolve(&Flags::default(), env)
    }

    /// Who asks.
    #[must_use]
    pub const fn client_id(&self) -> &ClientId {
        &self.client_id
    }

    /// In which tenant.
    #[must_use]
    pub const fn tenant(&self) -> &Tenant {
        &self.tenant
    }

    /// Who is asked.
    #[must_use]
    pub const fn authority(&self) -> &AuthorityHost {
        &self.authority
    }

    /// For what.
    #[must_use]
    pub const fn scope(&self) -> &Scope {
        &self.scope
    }

    /// The path of the federated token, as it was given.
    #[must_use]
    pub fn token_file(&self) -> &str {
        &self.token_file
    }

    /// Where each value is from.
    #[must_use]
    pub const fn origins(&self) -> &Origins {
        &self.origins
    }

    /// What a person should know about these settings: `verify` prints it and
    /// every failure repeats it.
    #[must_use]
    pub fn notes(&self) -> &[Note] {
        &self.notes
    }

    /// Where the request goes.
    #[must_use]
    pub fn endpoint(&self) -> Endpoint {
        Endpoint::new(&self.authority, &self.tenant)
    }

    /// The five variables that the component sees, resolved: nothing is left
    /// to choose for it, and the file is where the host's grant puts it.
    #[must_use]
    pub fn for_component(&self) -> [(&'static str, String); 5] {
        [
            (variable::CLIENT_ID, self.client_id.to_string()),
            (variable::TENANT_ID, self.tenant.to_string()),
            (variable::AUTHORITY_HOST, self.authority.url()),
            (variable::SCOPE, self.scope.to_string()),
            (variable::FEDERATED_TOKEN_FILE, GUEST_TOKEN_FILE.to_owned()),
        ]
    }
}

/// Takes the first value that is there and reads it. A later one that cannot
/// be read or means something else is overruled; one that means the same is
/// not worth a word.
fn choose<T: PartialEq, const N: usize>(
    candidates: [Option<Found>; N],
    read: impl Fn(Origin, &str) -> Result<T, SettingsError>,
) -> Result<Option<Choice<T>>, SettingsError> {
    let mut found = candidates.into_iter().flatten();
    let Some((origin, text)) = found.next() else {
        return Ok(None);
    };
    let value = read(origin, &text)?;
    let overruled = found
        .filter(|(origin, text)| read(*origin, text).as_ref() != Ok(&value))
        .collect();
    Ok(Some(Choice {
        value,
        origin,
        overruled,
    }))
}

impl<T> Choice<T> {
    const fn default(value: T) -> Self {
        Self {
            value,
            origin: Origin::Default,
            overruled: Vec::new(),
        }
    }

    fn settle(self, notes: &mut Vec<Note>) -> T {
        let by = self.origin;
        notes.extend(
            self.overruled
                .into_iter()
                .map(|(ignored, value)| Note::Overruled { by, ignored, value }),
        );
        self.value
    }
}

fn client_id(origin: Origin, text: &str) -> Result<ClientId, SettingsError> {
    ClientId::parse(text).map_err(|fault| SettingsError::ClientId {
        origin,
        value: text.to_owned(),
        fault,
    })
}

fn tenant(origin: Origin, text: &str) -> Result<Tenant, SettingsError> {
    Tenant::parse(text).map_err(|fault| SettingsError::Tenant {
        origin,
        value: text.to_owned(),
        fault,
    })
}

fn token_file(origin: Origin, text: &str) -> Result<String, SettingsError> {
    let fault = if text.is_empty() {
        TokenFileFault::Empty
    } else if text.contains('\0') {
        TokenFileFault::Nul
    } else if text.len() > PATH_BYTES {
        TokenFileFault::TooLong
    } else if looks_like_a_jwt(text) {
        TokenFileFault::TokenItself
    } else {
        return Ok(text.to_owned());
    };
    Err(SettingsError::TokenFile { origin, fault })
}

fn authority(origin: Origin, text: &str) -> Result<AuthorityHost, SettingsError> {
    match origin {
        Origin::Flag(flag::ENVIRONMENT) | Origin::Variable(variable::CLOUD) => Cloud::named(text)
            .map(Cloud::authority)
            .ok_or_else(|| SettingsError::UnknownCloud {
                origin,
                name: text.to_owned(),
            }),
        _ => AuthorityHost::parse(text).map_err(|fault| SettingsError::Authority {
            origin,
            value: text.to_owned(),
            fault,
        }),
    }
}

fn scope(origin: Origin, text: &str) -> Result<Scope, SettingsError> {
    match origin {
        Origin::Flag(flag::SERVER_ID) | Origin::Variable(variable::SERVER_APP_ID) => {
            Scope::of_server(text)
        }
        _ => Scope::parse(text),
    }
    .map_err(|fault| SettingsError::Scope {
        origin,
        value: text.to_owned(),
        fault,
    })
}
