//! A running emulator.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tempfile::TempDir;
use tokio::sync::oneshot;

use crate::api_server::kubeconfig::aks_kubeconfig;
use crate::authority::Authority;
use crate::authority::access_token;
use crate::authority::directory::Federation;
use crate::authority::listener::{Connections, Endpoint};
use crate::authority::records::{Listener, RecordedRequest};
use crate::certificates::{self, BadCertificate, CertificateError};
use crate::config::{AKS_SERVER_APP_ID, EmulatorConfig};
use crate::faults::Fault;
use crate::github_actions;
use crate::issuer::{Claims, Issuer};
use crate::keys::{KeyError, KeyOwner};
use crate::token_proxy;

/// Why an emulator did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// A port of the configuration could not be had.
    #[error("port {port} on 127.0.0.1 could not be opened: {source}; choose another, or 0 for any")]
    Port {
        /// The port asked for.
        port: u16,
        /// What the system answered.
        source: io::Error,
    },
    /// Keys or certificates could not be made.
    #[error("keys and certificates could not be made: {0}")]
    Keys(String),
    /// The CA file, the thread or its runtime could not be had.
    #[error("the emulator could not be set up: {0}")]
    System(#[from] io::Error),
}

impl From<KeyError> for StartError {
    fn from(error: KeyError) -> Self {
        Self::Keys(error.to_string())
    }
}

impl From<CertificateError> for StartError {
    fn from(error: CertificateError) -> Self {
        Self::Keys(error.to_string())
    }
}

/// A running emulator: the authority over TLS and over plain HTTP, the same
/// behind three bad certificates, and the token issuer. It runs on a thread of
/// its own, so that it serves synchronous tests too, and ends when it is
/// dropped, with every connection it has.
pub struct Emulator {
    authority: Arc<Authority>,
    https: String,
    http: String,
    bad: Vec<(BadCertificate, String)>,
    token_proxy: String,
    token_proxy_ca_file: PathBuf,
    ca_file: PathBuf,
    _folder: TempDir,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl std::fmt::Debug for Emulator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Emulator")
            .field("https", &self.https)
            .field("http", &self.http)
            .finish_non_exhaustive()
    }
}

impl Emulator {
    /// Starts one. The first of a process takes up to a second, to make RSA
    /// keys; the others use the same keys.
    ///
    /// # Errors
    /// [`StartError`], if a port is taken or the system gives no memory,
    /// thread, file or randomness.
    pub fn start(config: EmulatorConfig) -> Result<Self, StartError> {
        let ca = certificates::Authority::new()?;
        let bind = |listener, port, tls| {
            Endpoint::bind(listener, port, tls).map_err(|source| StartError::Port { port, source })
        };
        let https = bind(Listener::Https, config.https_port, Some(ca.server(None)?))?;
        let http = bind(Listener::Http, config.http_port, None)?;
        let issuer = bind(Listener::Issuer, config.issuer_port, Some(ca.server(None)?))?;
        let issuer_url = config.issuer.clone().unwrap_or_else(|| issuer.url());
        let (https_url, http_url) = (https.url(), http.url());

        let mut endpoints = vec![https, http, issuer];
        let mut bad = Vec::new();
        for kind in BadCertificate::ALL {
            let endpoint = bind(Listener::Bad(kind), 0, Some(ca.server(Some(kind))?))?;
            bad.push((kind, endpoint.url()));
            endpoints.push(endpoint);
        }

        let token_proxy_ca = certificates::Authority::new()?;
        let token_proxy_tls = token_proxy::server(&token_proxy_ca)?;
        let token_proxy = bind(Listener::TokenProxy, 0, Some(token_proxy_tls))?;
        let token_proxy_url = token_proxy.url();
        endpoints.push(token_proxy);

        let folder = tempfile::Builder::new()
            .prefix("keyhole-emulator-")
            .tempdir()?;
        let ca_file = folder.path().join("ca.pem");
        fs::write(&ca_file, ca.pem())?;
        let token_proxy_ca_file = folder.path().join("token-proxy-ca.pem");
        fs::write(&token_proxy_ca_file, token_proxy_ca.pem())?;

        let authority = Arc::new(Authority::new(
            config,
            Issuer::new(issuer_url, KeyOwner::Issuer)?,
        )?);
        let (stop, stopped) = oneshot::channel();
        let thread = serve(endpoints, &authority, stopped)?;
        Ok(Self {
            authority,
            https: https_url,
            http: http_url,
            bad,
            token_proxy: token_proxy_url,
            token_proxy_ca_file,
            ca_file,
            _folder: folder,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// The authority over TLS, `https://localhost:PORT/`. Its certificate is
    /// also good for 127.0.0.1 and ::1.
    pub fn https_authority(&self) -> String {
        self.https.clone()
    }

    /// The authority over plain HTTP, `http://127.0.0.1:PORT/`.
    pub fn http_authority(&self) -> String {
        self.http.clone()
    }

    /// The authority behind a certificate no client may accept.
    pub fn bad_authority(&self, kind: BadCertificate) -> String {
        self.bad
            .iter()
            .find(|(known, _)| *known == kind)
            .map(|(_, url)| url.clone())
            .unwrap_or_default()
    }

    /// The token proxy of an AKS identity binding, as
    /// `AZURE_KUBERNETES_TOKEN_PROXY` names it.
    pub fn token_proxy(&self) -> String {
        format!(
            "{}{}",
            self.token_proxy.trim_end_matches('/'),
            token_proxy::PATH
        )
    }

    /// The CA of the token proxy's certificate, which is none of the
    /// authority's.
    pub fn token_proxy_ca_file(&self) -> &Path {
        &self.token_proxy_ca_file
    }

    /// The CA's certificate in PEM, for `SSL_CERT_FILE` and the like. Goes
    /// with the emulator.
    pub fn ca_file(&self) -> &Path {
        &self.ca_file
    }

    pub(crate) fn authority(&self) -> &Arc<Authority> {
        &self.authority
    }

    /// The token issuer: mints tokens of any content.
    pub fn issuer(&self) -> &Issuer {
        &self.authority.issuer
    }

    /// The issuer's URL, `iss` of its tokens.
    pub fn issuer_url(&self) -> &str {
        self.authority.issuer.url()
    }

    /// The tenant that exists.
    pub fn tenant(&self) -> &str {
        &self.authority.config.tenant
    }

    /// The application with a federated identity credential.
    pub fn client_id(&self) -> &str {
        &self.authority.config.client_id
    }

    /// The subject that credential trusts.
    pub fn subject(&self) -> &str {
        &self.authority.config.subject
    }

    /// The audience that credential trusts.
    pub fn audience(&self) -> &str {
        &self.authority.config.audience
    }

    /// Claims of a token the authority accepts, issued now, to be changed one
    /// by one.
    pub fn claims(&self) -> Claims {
        Claims::new(self.issuer_url(), self.subject(), self.audience())
            .lifetime(self.authority.config.federated_token_lifetime)
    }

    /// A token the authority accepts.
    pub fn federated_token(&self) -> String {
        self.issuer().mint(&self.claims())
    }

    /// The issuer of access tokens: mints any, honest or not.
    pub fn access_token_issuer(&self) -> &Issuer {
        &self.authority.sts
    }

    /// Claims of the access token that the application would get now for the
    /// API servers of AKS, to be changed one by one.
    pub fn access_token_claims(&self) -> Claims {
        let config = &self.authority.config;
        access_token::claims(
            &config.tenant,
            &config.client_id,
            AKS_SERVER_APP_ID,
            &config.groups,
            config.access_token_lifetime,
        )
    }

    /// The object ID of the application's service principal, `oid` of its
    /// access tokens.
    pub fn object_id(&self) -> String {
        let config = &self.authority.config;
        access_token::object_id(&config.tenant, &config.client_id)
    }

    /// A kubeconfig as `az aks get-credentials` writes it for a cluster that
    /// trusts the tenant, with the cluster's CA in PEM: its user runs kubelogin
    /// for a person who signs in with a device code. It names no environment,
    /// since the emulator is none of Azure's clouds.
    pub fn aks_kubeconfig(&self, server: &str, ca: &str) -> String {
        aks_kubeconfig(server, ca, self.tenant())
    }

    /// Adds a federated identity credential, and its application and tenant if
    /// they are new. Only this emulator's issuer has keys the authority can
    /// get; tokens of any other end with AADSTS50166.
    pub fn register(&self, federation: Federation) {
        self.authority.register(federation);
    }

    /// Adds an application without any credential (AADSTS70025).
    pub fn register_application(&self, tenant: &str, client_id: &str) {
        self.authority.register_application(tenant, client_id);
    }

    /// Lets the next token request that has none yet meet a fault: each takes
    /// the first of the queue. Requests to other paths take none.
    pub fn queue(&self, fault: Fault) {
        self.authority.queue(fault);
    }

    /// Lets every token request for which none is queued meet a fault, or none
    /// any more.
    pub fn always(&self, fault: Option<Fault>) {
        self.authority.always(fault);
    }

    /// `ACTIONS_ID_TOKEN_REQUEST_URL` of a job of GitHub Actions whose tokens
    /// this emulator mints, below one of its authorities.
    pub fn actions_request_url(&self, authority: &str) -> String {
        let (path, query) = (github_actions::PATH, github_actions::QUERY);
        format!("{}{path}?{query}", authority.trim_end_matches('/'))
    }

    /// `ACTIONS_ID_TOKEN_REQUEST_TOKEN` of that job.
    pub fn actions_request_token(&self) -> &str {
        &self.authority.github_actions.request_token
    }

    /// Lets the next request of that job meet a fault.
    pub fn queue_for_actions(&self, fault: Fault) {
        self.authority.github_actions.queue(fault);
    }

    /// The federated tokens that the job was given so far.
    pub fn actions_tokens(&self) -> Vec<String> {
        self.authority.github_actions.tokens()
    }

    /// The requests so far, to all addresses, in order: the last 4,096.
    pub fn requests(&self) -> Vec<RecordedRequest> {
        self.authority.records.all()
    }

    /// Waits until `count` requests have come since the start. False if the
    /// time was over first. A request counts before it is answered, so one that
    /// hangs counts too.
    #[must_use]
    pub fn wait_for_requests(&self, count: usize, timeout: Duration) -> bool {
        self.authority.records.wait(count, timeout)
    }

    /// The access tokens of the answers so far, those that a fault chose
    /// included, whether or not the answer reached its client: the last 4,096.
    pub fn access_tokens(&self) -> Vec<String> {
        self.authority.access_tokens()
    }

    /// How many connections were accepted so far, at all addresses, whether or
    /// not a request came over them.
    pub fn connections(&self) -> usize {
        self.authority.connections()
    }

    /// TLS handshakes that came to their end so far, at all addresses.
    pub fn handshakes(&self) -> usize {
        self.authority.handshakes()
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic there has been printed there.
            let _ = thread.join();
        }
    }
}

/// Serves a site on a thread of its own until the sender is dropped.
pub(crate) fn serve<S: Connections>(
    endpoints: Vec<Endpoint>,
    site: &Arc<S>,
    stopped: oneshot::Receiver<()>,
) -> Result<JoinHandle<()>, StartError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .build()?;
    {
        let _entered = runtime.enter();
        for endpoint in endpoints {
            endpoint.serve(site)?;
        }
    }
    let run = move || {
        // Either way the emulator is gone: told so, or dropped.
        let _ = runtime.block_on(stopped);
    };
    Ok(thread::Builder::new()
        .name("keyhole-emulator".to_owned())
        .spawn(run)?)
}
