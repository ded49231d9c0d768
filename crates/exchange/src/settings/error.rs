//! Why settings cannot be used.

use alloc::borrow::Cow;
use alloc::string::String;

use super::{Origin, PATH_BYTES, flag, variable};
use crate::bounds::Quoted;
use crate::cloud::{AuthorityFault, AuthorityHost, Cloud};
use crate::identity::{IdFault, TenantFault};
use crate::scope::ScopeFault;
use crate::text::{Say, display, said, say};

/// A setting is missing or cannot be used. `Display` is one line that names
/// the setting and its value; [`SettingsError::next_step`] says what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SettingsError {
    /// A setting that has no default is not there.
    Missing {
        /// The variable that is not set.
        variable: &'static str,
        /// The flag that was not given.
        flag: &'static str,
    },
    /// The client id is none.
    ClientId {
        /// Where it is from.
        origin: Origin,
        /// What it was.
        value: String,
        /// What is wrong with it.
        fault: IdFault,
    },
    /// The tenant is none.
    Tenant {
        /// Where it is from.
        origin: Origin,
        /// What it was.
        value: String,
        /// What is wrong with it.
        fault: TenantFault,
    },
    /// The scope or server id is none.
    Scope {
        /// Where it is from.
        origin: Origin,
        /// What it was.
        value: String,
        /// What is wrong with it.
        fault: ScopeFault,
    },
    /// The authority is none.
    Authority {
        /// Where it is from.
        origin: Origin,
        /// What it was.
        value: String,
        /// What is wrong with it.
        fault: AuthorityFault,
    },
    /// No cloud has that name.
    UnknownCloud {
        /// Where it is from.
        origin: Origin,
        /// The name.
        name: String,
    },
    /// The authority is not a known one, and only those were allowed.
    UnknownAuthority {
        /// Where it is from.
        origin: Origin,
        /// The authority.
        authority: AuthorityHost,
    },
    /// `AZURE_REGIONAL_AUTHORITY_NAME` is set.
    RegionalAuthority {
        /// Its value.
        region: String,
    },
    /// The path of the federated token is none. Its value is not kept: it may
    /// be the token.
    TokenFile {
        /// Where it is from.
        origin: Origin,
        /// What is wrong with it.
        fault: TokenFileFault,
    },
}

/// Why a text is not the path of a token file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TokenFileFault {
    /// There is nothing.
    Empty,
    /// It holds a NUL.
    Nul,
    /// It is longer than a path can be.
    TooLong,
    /// It is the token, not its path.
    TokenItself,
}

impl Say for TokenFileFault {
    #[inline(never)]
    fn say(&self, text: &mut String) {
        match self {
            Self::Empty => text.push_str("it is empty"),
            Self::Nul => text.push_str("it holds a NUL character"),
            Self::TooLong => say!(text, "it is longer than ", PATH_BYTES, " bytes"),
            Self::TokenItself => text.push_str("it is a token, not the path of one"),
        }
    }
}

impl Say for SettingsError {
    #[inline(never)]
    fn say(&self, text: &mut String) {
        match self {
            Self::Missing { variable, .. } => say!(text, variable, " is not set"),
            Self::ClientId {
                origin,
                value,
                fault,
            } => say!(
                text,
                origin,
                "=",
                Quoted(value),
                " is not a client id: ",
                fault
            ),
            Self::Tenant {
                origin,
                value,
                fault,
            } => say!(
                text,
                origin,
                "=",
                Quoted(value),
                " is not a tenant: ",
                fault
            ),
            Self::Scope {
                origin,
                value,
                fault,
            } => say!(
                text,
                origin,
                "=",
                Quoted(value),
                " cannot be asked for: ",
                fault
            ),
            Self::Authority {
                origin,
                value,
                fault,
            } => say!(
                text,
                origin,
                "=",
                Quoted(value),
                " is not an authority: ",
                fault
            ),
            Self::UnknownCloud { origin, name } => {
                say!(
                    text,
                    origin,
                    "=",
                    Quoted(name),
                    " is not the name of a cloud"
                )
            }
            Self::UnknownAuthority { origin, authority } => say!(
                text,
                authority,
                " (from ",
                origin,
                ") is not one of Microsoft's known authorities"
            ),
            Self::RegionalAuthority { region } => say!(
                text,
                variable::REGIONAL_AUTHORITY_NAME,
                "=",
                Quoted(region),
                " would send the federated token to a regional authority"
            ),
            Self::TokenFile { origin, fault } => {
                say!(text, origin, " is not the path of a file: ", fault)
            }
        }
    }
}

impl core::error::Error for SettingsError {}

impl SettingsError {
    /// The variable or flag at fault.
    #[must_use]
    pub const fn setting(&self) -> Option<&'static str> {
        match self {
            Self::Missing { variable, .. } => Some(variable),
            Self::ClientId { origin, .. }
            | Self::Tenant { origin, .. }
            | Self::Scope { origin, .. }
            | Self::Authority { origin, .. }
            | Self::UnknownCloud { origin, .. }
            | Self::UnknownAuthority { origin, .. }
            | Self::TokenFile { origin, .. } => origin.name(),
            Self::RegionalAuthority { .. } => Some(variable::REGIONAL_AUTHORITY_NAME),
        }
    }

    /// What to do next, in one or two sentences.
    #[must_use]
    pub fn next_step(&self) -> Cow<'static, str> {
        match self {
            Self::Missing { variable, flag } => missing(variable, flag),
            Self::ClientId { .. } => {
                "Give the client id of the application or managed identity, a GUID without quotes."
                    .into()
            }
            Self::Tenant { .. } => {
                "Give the tenant id, a GUID, or a domain of the tenant such as contoso.onmicrosoft.com."
                    .into()
            }
            Self::Scope { .. } => {
                "Give the server's application id, or the whole scope such as ID/.default.".into()
            }
            Self::Authority { fault, .. } => match fault {
                AuthorityFault::PlainHttp | AuthorityFault::Scheme => {
                    "Use https://. The federated token is never sent in plain text to another machine."
                }
                AuthorityFault::Path => {
                    "Give the host alone, such as https://login.microsoftonline.com/; the tenant is a setting of its own."
                }
                _ => "Give a host such as https://login.microsoftonline.com/.",
            }
            .into(),
            Self::UnknownCloud { .. } => clouds(),
            Self::UnknownAuthority { .. } => said!("Correct the setting, or leave ", flag::KNOWN_AUTHORITIES_ONLY, " away if you trust this authority with the federated token.")
            .into(),
            Self::RegionalAuthority { .. } => {
                "Unset it. Regional authorities serve Microsoft's own services; others are answered AADSTS100007."
                    .into()
            }
            Self::TokenFile { fault, .. } => match fault {
                TokenFileFault::TokenItself => {
                    "Give the path of the file that holds the token. The token has been in a setting where others may have read it: let it expire, or delete the pod."
                }
                _ => "Give the path of the file that holds the federated token.",
            }
            .into(),
        }
    }
}

fn missing(variable: &str, flag: &str) -> Cow<'static, str> {
    let webhook = match variable {
        variable::CLIENT_ID => {
            "On AKS the workload identity webhook sets it in pods with the label azure.workload.identity/use: \"true\" whose service account has the annotation azure.workload.identity/client-id; both must be there before the pod is created."
        }
        _ => {
            "On AKS the workload identity webhook sets it in pods with the label azure.workload.identity/use: \"true\" (on the pod template, for a Deployment or CronJob); the label must be there before the pod is created, and the service account has the annotation azure.workload.identity/client-id."
        }
    };
    said!(
        "Set ",
        variable,
        ", or give ",
        flag,
        " to the keyhole command. ",
        webhook
    )
    .into()
}

fn clouds() -> Cow<'static, str> {
    let mut text = String::from("Use one of: ");
    for (index, cloud) in Cloud::ALL.into_iter().enumerate() {
        let names = cloud.names();
        let (first, others) = names.split_first().map_or(("", &[][..]), |(f, o)| (*f, o));
        if index > 0 {
            text.push_str("; ");
        }
        text.push_str(first);
        if !others.is_empty() {
            text.push_str(" (or ");
            for (index, name) in others.iter().enumerate() {
                let separator = if index > 0 { ", " } else { "" };
                say!(&mut text, separator, name);
            }
            text.push(')');
        }
    }
    text.push_str(". For another cloud give --authority-host or AZURE_AUTHORITY_HOST.");
    text.into()
}

display!(TokenFileFault, SettingsError);
