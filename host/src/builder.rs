//! From settings to grants: what a [`Keyhole`] is made of.

use crate::artifact::{Artifact, Loaded, Origin};
use crate::audit::{Audit, SharedAudit};
use crate::bindings::ExchangePre;
use crate::cache::{Client, TokenCache};
use crate::error::Error;
use crate::github_actions::{GitHubActions, REQUEST_URL};
use crate::grants::{Endpoint, Env, Limits, SingleFile};
use crate::imports;
use crate::keyhole::{DEFAULT_TIMEOUT, Grants, Inner, Keyhole};
use crate::linker::linker;
use crate::network::{Network, Outgoing, TlsRoots, proxies_of_environment};
use crate::observations::Observations;
use http::uri::PathAndQuery;
use keyhole_exchange::cloud::Scheme;
use keyhole_exchange::settings::Settings;
use keyhole_policy::identity_binding::{self, BindingCa, IdentityBinding};
use keyhole_policy::proxy::{Proxies, ProxyFlags, ProxyScheme, Route};
use rustls_pki_types::ServerName;
use std::sync::mpsc::RecvTimeoutError;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use wasmtime::Engine;
use zeroize::Zeroizing;

/// Collects what a [`Keyhole`] is made of.
#[derive(Default)]
pub struct Builder {
    artifact: Option<Artifact>,
    settings: Option<Settings>,
    file: Option<SingleFile>,
    github_actions: Option<GitHubActions>,
    limits: Limits,
    roots: Option<TlsRoots>,
    proxies: Option<Proxies>,
    identity_binding: Option<IdentityBinding>,
    timeout: Option<Duration>,
    insecure_http: bool,
    audit: Option<SharedAudit>,
    cache: Option<TokenCache>,
    observations: Option<Observations>,
}

impl Builder {
    /// The component to run. Required.
    #[must_use]
    pub fn artifact(mut self, artifact: Artifact) -> Self {
        self.artifact = Some(artifact);
        self
    }

    /// Client, tenant, authority and scope. Required.
    #[must_use]
    pub fn settings(mut self, settings: Settings) -> Self {
        self.settings = Some(settings);
        self
    }

    /// The federated token file; the one of the settings if not called. Its
    /// content is handed over only if it is a JWT.
    #[must_use]
    pub fn federated_token(mut self, file: SingleFile) -> Self {
        self.file = Some(file);
        self
    }

    /// Asks GitHub Actions for the federated token, once a call, in place of
    /// reading a file. The component sees it as its file all the same.
    #[must_use]
    pub fn github_actions(mut self, grant: GitHubActions) -> Self {
        self.github_actions = Some(grant);
        self
    }

    /// Other limits than the defaults.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// The roots that prove the authority's name; those of the environment or
    /// the system if not called.
    #[must_use]
    pub fn roots(mut self, roots: TlsRoots) -> Self {
        self.roots = Some(roots);
        self
    }

    /// The forward proxy, if there is one; that of the variables `HTTPS_PROXY`
    /// and `NO_PROXY` if not called ([`Proxies::none`] for none). The name of an
    /// `https://` proxy is proved by the roots of the environment or the system.
    #[must_use]
    pub fn proxies(mut self, proxies: Proxies) -> Self {
        self.proxies = Some(proxies);
        self
    }

    /// Asks the token proxy of an AKS identity binding in the place of the
    /// authority, and nothing else. Its roots and TLS name are its own:
    /// [`Builder::roots`] is not looked at unless it names none.
    #[must_use]
    pub fn identity_binding(mut self, binding: Option<IdentityBinding>) -> Self {
        self.identity_binding = binding;
        self
    }

    /// How long a call may take, waits included: [`DEFAULT_TIMEOUT`] if not
    /// called.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Takes an `http://` authority, which the settings allow for loopback
    /// alone. The federated token then crosses the loopback in plain text.
    #[must_use]
    pub fn insecure_http(mut self, allowed: bool) -> Self {
        self.insecure_http = allowed;
        self
    }

    /// Sends every decision to this sink.
    #[must_use]
    pub fn audit(mut self, audit: impl Audit + 'static) -> Self {
        self.audit = Some(Arc::new(Mutex::new(audit)));
        self
    }

    /// Keeps access tokens and gives them again, for calls without `claims`:
    /// in memory or in a directory. Nothing is kept if not called. Needs the
    /// component that came with this program, whose word for the federated
    /// token's claims decides which token is whose.
    #[must_use]
    pub fn cache(mut self, cache: TokenCache) -> Self {
        self.cache = Some(cache);
        self
    }

    /// Keeps the peer's certificates and the clocks of the last answer there,
    /// for a diagnosis.
    #[must_use]
    pub fn observations(mut self, observations: Observations) -> Self {
        self.observations = Some(observations);
        self
    }

    /// Loads the component, checks its imports and fixes the grants. No guest
    /// code runs.
    ///
    /// # Errors
    /// [`Error::Configuration`], [`Error::Roots`], [`Error::Artifact`],
    /// [`Error::Import`], or [`Error::Deadline`] if compiling an external
    /// component takes longer than the timeout.
    pub fn build(self) -> Result<Keyhole, Error> {
        let timeout = self.timeout.unwrap_or(DEFAULT_TIMEOUT);
        let missing = |what: &str| Error::Configuration {
            message: format!("the builder needs {what}"),
            next_step: String::new(),
        };
        let settings = self.settings.ok_or_else(|| missing("settings"))?;
        let artifact = self.artifact.ok_or_else(|| missing("an artifact"))?;
        if self.cache.is_some() && artifact.origin() != Origin::Embedded {
            return Err(Error::Configuration {
                message: "tokens are not kept for a component that did not come with this program"
                    .into(),
                next_step: "leave --cache out, or --component".into(),
            });
        }
        let asked = self.github_actions.as_ref();
        if asked.is_some() && self.identity_binding.is_some() {
            return Err(Error::Configuration {
                message: "the token proxy of an identity binding takes its cluster's tokens, not \
                          those of GitHub Actions"
                    .into(),
                next_step: "leave --github-actions-token out, or say --identity-binding off".into(),
            });
        }
        let mut endpoint = Endpoint::token_request(&settings);
        if let Some(binding) = &self.identity_binding {
            endpoint = endpoint.clone().sent_to(binding.target(endpoint.target()));
        }
        let plain = endpoint.destination().scheme() == Scheme::Http.as_str();
        if plain && !self.insecure_http {
            return Err(Error::Configuration {
                message: format!(
                    "the authority {} would get the federated token in plain text",
                    settings.authority().url()
                ),
                next_step: "use https://, or allow it for this loopback authority with \
                            --insecure-http"
                    .into(),
            });
        }
        if asked.is_some_and(GitHubActions::is_plain) && !self.insecure_http {
            return Err(Error::Configuration {
                message: format!("{REQUEST_URL} would get the request token in plain text"),
                next_step: "use https://, or allow it for this loopback address with \
                            --insecure-http"
                    .into(),
            });
        }
        let all_plain = plain && asked.is_none_or(GitHubActions::is_plain);
        let network = network(
            self.roots,
            all_plain,
            self.identity_binding.as_ref(),
            self.observations,
        )?;
        let proxies = match self.proxies {
            Some(proxies) => proxies,
            None => proxies_of_environment(&ProxyFlags::default())?,
        };
        let binding = self.identity_binding.as_ref().map(ToString::to_string);
        let client = Client::of(
            &settings,
            format!("{} {} {binding:?}", endpoint.destination(), network.roots()),
        );
        if PathAndQuery::try_from(endpoint.destination().path()).is_err() {
            return Err(Error::Configuration {
                message: format!("{} has characters that no URL has", endpoint.destination()),
                next_step: "write it anew, percent-encoded".into(),
            });
        }
        let destination = Outgoing::new(endpoint.destination(), Zeroizing::default());
        let (proxy, roots) = {
            let (host, port) = (destination.host(), destination.port());
            let route = proxies.route(!plain, host, port);
            let roots = match route {
                Route::Through(proxy) if proxy.url.scheme() == ProxyScheme::Https => {
                    Some(TlsRoots::from_environment()?)
                }
                // Another request than the exchange's may go through it.
                _ if proxies.has_https_proxy() => TlsRoots::from_environment().ok(),
                _ => None,
            };
            (route.to_string(), roots)
        };
        let network = network.proxies(proxies, roots);
        let file = self
            .file
            .unwrap_or_else(|| SingleFile::read_only(settings.token_file()))
            .only_jws();
        let grants = Grants {
            env: Env::new(settings.for_component()),
            file,
            federated_token: self.github_actions,
            endpoint,
            roots: network.roots().to_owned(),
            proxy,
            identity_binding: binding,
            limits: self.limits,
            timeout,
        };
        let engine = artifact.engine()?;
        let loaded = load(&engine, artifact, timeout)?;
        if let Some(name) = imports::first_not_allowed(&loaded.imports) {
            return Err(Error::Import { name: name.into() });
        }
        let component = linker(&engine)
            .and_then(|(linker, _)| linker.instantiate_pre(&loaded.component))
            .and_then(ExchangePre::new)
            .map_err(|error| {
                Error::artifact(
                    format!("the component is not an exchange: {error:#}"),
                    "it must export keyhole:identity/token-provider@0.1.0",
                )
            })?;
        Ok(Keyhole::new(Inner {
            engine,
            component,
            loaded,
            grants,
            network,
            audit: self.audit,
            cache: self.cache,
            client,
        }))
    }
}

/// What proves the name of what is asked.
fn network(
    roots: Option<TlsRoots>,
    plain: bool,
    binding: Option<&IdentityBinding>,
    observations: Option<Observations>,
) -> Result<Network, Error> {
    let own = binding.map(|binding| match binding.ca() {
        BindingCa::System => Ok(None),
        BindingCa::File(path) => TlsRoots::from_file(path).map(Some),
        BindingCa::Data(pem) => TlsRoots::from_pem(pem, identity_binding::CA_DATA).map(Some),
    });
    let network = match (own.transpose()?.flatten().or(roots), plain) {
        (Some(roots), _) => Network::observed(roots, observations),
        // Nothing is proved over plain HTTP, so no roots are needed.
        (None, true) => Network::plain(observations),
        (None, false) => Network::observed(TlsRoots::from_environment()?, observations),
    };
    let Some(name) = binding.and_then(IdentityBinding::sni_name) else {
        return Ok(network);
    };
    if ServerName::try_from(name).is_err() {
        return Err(Error::Configuration {
            message: format!("the TLS name {name:?} of the token proxy is not a DNS name"),
            next_step: format!("set {} anew", identity_binding::SNI_NAME),
        });
    }
    Ok(network.tls_name(name))
}

/// Loads an artifact. Compiling somebody else's component is work of unknown
/// length: it happens on a thread that is left behind when time is up.
pub(crate) fn load(
    engine: &Engine,
    artifact: Artifact,
    timeout: Duration,
) -> Result<Loaded, Error> {
    if artifact.origin() == Origin::Embedded {
        return artifact.load(engine);
    }
    let start = Instant::now();
    let engine = engine.clone();
    let (send, loaded) = std::sync::mpsc::sync_channel(1);
    std::thread::spawn(move || {
        // Nobody listens any more once time is up.
        let _ = send.send(artifact.load(&engine));
    });
    match loaded.recv_timeout(timeout.saturating_sub(start.elapsed())) {
        Ok(loaded) => loaded,
        Err(RecvTimeoutError::Timeout) => Err(Error::Deadline {
            timeout,
            transport: None,
        }),
        // wasmtime's compiler panics at some that it could not run either.
        Err(RecvTimeoutError::Disconnected) => {
            Err(Error::artifact("the component cannot be compiled", ""))
        }
    }
}
