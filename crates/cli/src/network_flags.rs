//! Flags for networks that are not open: a forward proxy, and the token proxy
//! of an AKS identity binding.

use std::cell::Cell;

use clap::Args;
use keyhole_host::identity_binding::{BindingFlags, IdentityBinding};
use keyhole_host::proxy::ProxyFlags;
use keyhole_host::{Builder, proxies_of_environment};
use keyhole_report::{ExitClass, Failure};

use crate::{failure, sandbox};

/// Through what a request goes.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Sandbox and network")]
pub(crate) struct NetworkFlags {
    /// Go through this forward proxy
    ///
    /// `http://` or `https://`, without credentials: those are taken from
    /// HTTPS_PROXY alone, because every process can read a command line.
    /// Default: HTTPS_PROXY, else https_proxy.
    #[arg(long, value_name = "URL")]
    proxy: Option<String>,

    /// Ask these hosts without a proxy
    ///
    /// Names (and all names below them), addresses and networks, each with or
    /// without a port, with commas between; `*` is every host. Default:
    /// NO_PROXY, else no_proxy.
    #[arg(long, value_name = "LIST")]
    no_proxy: Option<String>,

    /// Ask this token proxy in the place of the authority (AKS identity
    /// binding); `off`: never
    ///
    /// Default: AZURE_KUBERNETES_TOKEN_PROXY, which the webhook sets in pods
    /// with an identity binding.
    #[arg(long, value_name = "URL|off", hide_short_help = true)]
    identity_binding: Option<String>,

    /// Name that the token proxy's certificate must prove
    ///
    /// Default: AZURE_KUBERNETES_SNI_NAME, else the URL's host.
    #[arg(long, value_name = "NAME", hide_short_help = true)]
    identity_binding_sni: Option<String>,

    /// Trust these root certificates (PEM) for the token proxy, and no others
    ///
    /// Default: AZURE_KUBERNETES_CA_FILE or AZURE_KUBERNETES_CA_DATA, else the
    /// authority's.
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    identity_binding_ca: Option<String>,

    /// Whether the variables of an identity binding are passed over.
    #[arg(skip)]
    pub(crate) no_binding_variables: bool,

    /// Whether variables may name no place but Microsoft's.
    #[arg(skip)]
    pub(crate) known_authorities_only: bool,
}

impl NetworkFlags {
    /// A builder that goes through what flags and variables say.
    ///
    /// # Errors
    /// They cannot be used.
    pub(crate) fn apply(&self, builder: Builder) -> Result<Builder, Failure> {
        let proxies = proxies_of_environment(&ProxyFlags {
            proxy: self.proxy.clone(),
            no_proxy: self.no_proxy.clone(),
        })
        .map_err(|error| failure::of(&error, None))?;
        Ok(builder.proxies(proxies).identity_binding(self.binding()?))
    }

    fn binding(&self) -> Result<Option<IdentityBinding>, Failure> {
        let flags = BindingFlags {
            token_proxy: self.identity_binding.clone(),
            sni_name: self.identity_binding_sni.clone(),
            ca_file: self.identity_binding_ca.clone(),
        };
        let not_text = Cell::new(None);
        let binding = IdentityBinding::resolve(&flags, &|name| {
            if self.no_binding_variables {
                return None;
            }
            sandbox::variable(name).unwrap_or_else(|_| {
                not_text.set(not_text.get().or(Some(name)));
                None
            })
        });
        if let Some(name) = not_text.get() {
            return Err(Failure::new(
                ExitClass::Configuration,
                format!("{name} is not UTF-8 text"),
                format!("Set {name} anew, or unset it."),
            ));
        }
        let binding = binding.map_err(|error| {
            Failure::new(
                ExitClass::Configuration,
                error.to_string(),
                error.next_step(),
            )
        })?;
        match &binding {
            Some(binding) if self.known_authorities_only && self.identity_binding.is_none() => {
                Err(Failure::new(
                    ExitClass::Configuration,
                    format!(
                        "{binding} would be asked in the place of the authority, and \
                         --known-authorities-only lets no variable choose whom to ask"
                    ),
                    "Give --identity-binding URL if it is meant, or --identity-binding off.",
                ))
            }
            _ => Ok(binding),
        }
    }

    /// What a person should know: who is asked in the place of the authority.
    pub(crate) fn notes(&self) -> Option<String> {
        let binding = self.binding().ok().flatten()?;
        Some(format!(
            "the token proxy {binding} is asked in the place of the authority"
        ))
    }
}
