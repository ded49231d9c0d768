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

use crate::bounds::{has, looks_like_a_jwt};
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
    /// Whom `--github-actions-token` asks for the federated token, in words; it
    /// stands in the place of a path and is never opened.
    pub github_actions_token: Option<String>,
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
        let find = |flags: &[(&'static str, &Option<String>)], variables: &[&'static str]| {
            let mut found = Vec::new();
            for (name, value) in flags {
                if let Some(value) = value {
                    found.push((Origin::Flag(name), value.clone()));
                }
            }
            found.extend(variables.iter().filter_map(|name| env(name)));
            found
        };

        if let Some((_, region)) = env(variable::REGIONAL_AUTHORITY_NAME) {
            return Err(SettingsError::RegionalAuthority { region });
        }
        let mut overruled = Vec::new();
        let found = find(
            &[(flag::CLIENT_ID, &flags.client_id)],
            &[variable::CLIENT_ID],
        );
        let (client_id, client_id_origin) = choose(found, client_id, &mut overruled)?
            .ok_or_else(|| missing(variable::CLIENT_ID, flag::CLIENT_ID))?;
        let found = find(
            &[(flag::TENANT_ID, &flags.tenant_id)],
            &[variable::TENANT_ID],
        );
        let (tenant, tenant_origin) = choose(found, tenant, &mut overruled)?
            .ok_or_else(|| missing(variable::TENANT_ID, flag::TENANT_ID))?;
        let found = find(
            &[
                (flag::GITHUB_ACTIONS_TOKEN, &flags.github_actions_token),
                (flag::FEDERATED_TOKEN_FILE, &flags.federated_token_file),
            ],
            &[variable::FEDERATED_TOKEN_FILE],
        );
        // Named last, though a fault in it comes before those of the defaults.
        let mut overruled_files = Vec::new();
        let (token_file, token_file_origin) = choose(found, token_file, &mut overruled_files)?
            .ok_or_else(|| missing(variable::FEDERATED_TOKEN_FILE, flag::FEDERATED_TOKEN_FILE))?;
        let found = find(
            &[
                (flag::AUTHORITY_HOST, &flags.authority_host),
                (flag::ENVIRONMENT, &flags.environment),
            ],
            &[variable::AUTHORITY_HOST, variable::CLOUD],
        );
        let (authority, authority_origin) = choose(found, authority, &mut overruled)?
            .unwrap_or_else(|| (Cloud::Public.authority(), Origin::Default));
        let found = find(
            &[
                (flag::SCOPE, &flags.scope),
                (flag::SERVER_ID, &flags.server_id),
            ],
            &[variable::SCOPE, variable::SERVER_APP_ID],
        );
        let (scope, scope_origin) = choose(found, scope, &mut overruled)?
            .unwrap_or_else(|| (Scope::aks(), Origin::Default));

        let mut notes = Vec::new();
        if !authority.is_known() {
            if flags.known_authorities_only {
                return Err(SettingsError::UnknownAuthority {
                    origin: authority_origin,
                    authority,
                });
            }
            notes.push(Note::UnknownAuthority {
                origin: authority_origin,
                authority: authority.clone(),
            });
        }
        notes.append(&mut overruled);
        notes.append(&mut overruled_files);
        Ok(Self {
            client_id,
            tenant,
            authority,
            scope,
            token_file,
            origins: Origins {
                client_id: client_id_origin,
                tenant: tenant_origin,
                authority: authority_origin,
                scope: scope_origin,
                token_file: token_file_origin,
            },
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

    /// The path of the federated token, as it was given, or who is asked for it.
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

/// Reads the first value that was found, and says of the others that they are
/// overruled: those that cannot be read or mean something else. One that means
/// the same is not worth a word.
fn choose<T: PartialEq>(
    found: Vec<Found>,
    read: fn(Origin, &str) -> Result<T, SettingsError>,
    notes: &mut Vec<Note>,
) -> Result<Option<(T, Origin)>, SettingsError> {
    let mut found = found.into_iter();
    let Some((by, text)) = found.next() else {
        return Ok(None);
    };
    let chosen = read(by, &text)?;
    let means_the_same = |origin, text: &str| read(origin, text).as_ref() == Ok(&chosen);
    overrule(by, found.as_slice(), &means_the_same, notes);
    Ok(Some((chosen, by)))
}

fn overrule(
    by: Origin,
    found: &[Found],
    means_the_same: &dyn Fn(Origin, &str) -> bool,
    notes: &mut Vec<Note>,
) {
    for (ignored, value) in found {
        if !means_the_same(*ignored, value) {
            notes.push(Note::Overruled {
                by,
                ignored: *ignored,
                value: value.clone(),
            });
        }
    }
}

const fn missing(variable: &'static str, flag: &'static str) -> SettingsError {
    SettingsError::Missing { variable, flag }
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
    } else if has(text, 0) {
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
