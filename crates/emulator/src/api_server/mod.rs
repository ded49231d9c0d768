//! A stand-in for an AKS cluster's API server: enough of Kubernetes for
//! `kubectl get namespaces`, `kubectl auth whoami` and client libraries, and
//! all of its judgement on bearer tokens.

mod authentication;
pub(crate) mod kubeconfig;
mod resources;

use std::sync::Arc;
use std::thread::JoinHandle;

use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::request::Parts;
use tokio::sync::oneshot;

use crate::authority::Authority;
use crate::authority::answer::Answer;
use crate::authority::listener::{Endpoint, Site};
use crate::authority::records::{Listener, RecordedRequest, Records, Verdict};
use crate::certificates;
use crate::config::AKS_SERVER_APP_ID;
use crate::emulator::{Emulator, StartError, serve};
use crate::faults::script::Plan;
use crate::issuer::unix_now;
use authentication::Trust;
use kubeconfig::aks_kubeconfig;

/// A running stand-in. It trusts the access tokens of one emulator and has a CA
/// of its own, as each AKS cluster has. It runs on a thread of its own and ends
/// when it is dropped.
pub struct ApiServer {
    cluster: Arc<Cluster>,
    url: String,
    ca: String,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl std::fmt::Debug for ApiServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ApiServer")
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

/// What all connections share.
struct Cluster {
    authority: Arc<Authority>,
    records: Records,
}

impl ApiServer {
    /// Starts one on a port of 127.0.0.1; 0 takes a free one.
    ///
    /// # Errors
    /// [`StartError`], if the port is taken or the system gives no thread.
    pub fn start(emulator: &Emulator, port: u16) -> Result<Self, StartError> {
        let authority = Arc::clone(emulator.authority());
        let ca = certificates::Authority::new()?;
        let endpoint = Endpoint::bind(Listener::ApiServer, port, Some(ca.server(None)?))
            .map_err(|source| StartError::Port { port, source })?;
        let url = endpoint.url().trim_end_matches('/').to_owned();
        let cluster = Arc::new(Cluster {
            records: Records::new(authority.config.observer.clone()),
            authority,
        });
        let (stop, stopped) = oneshot::channel();
        let thread = serve(vec![endpoint], &cluster, stopped)?;
        Ok(Self {
            cluster,
            url,
            ca: ca.pem(),
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// Its URL, `https://localhost:PORT`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The certificate of its CA, in PEM.
    pub fn ca_certificate(&self) -> &str {
        &self.ca
    }

    /// A kubeconfig of this cluster, not converted yet.
    pub fn kubeconfig(&self) -> String {
        aks_kubeconfig(&self.url, &self.ca, &self.cluster.authority.config.tenant)
    }

    /// The requests so far, in order: the last 4,096.
    pub fn requests(&self) -> Vec<RecordedRequest> {
        self.cluster.records.all()
    }
}

impl Drop for ApiServer {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic there has been printed there.
            let _ = thread.join();
        }
    }
}

impl Site for Cluster {
    fn handle(&self, listener: Listener, _base: &str, head: &Parts, body: Option<&Bytes>) -> Plan {
        let (answer, verdict) = self.answer(head, body);
        self.records.add(RecordedRequest::new(
            listener,
            head,
            Vec::new(),
            verdict,
            None,
        ));
        Plan::Answer(answer)
    }

    fn count_connection(&self) {}

    fn count_handshake(&self) {}
}

impl Cluster {
    fn answer(&self, head: &Parts, body: Option<&Bytes>) -> (Answer, Verdict) {
        let trust = Trust {
            issuer: &self.authority.sts,
            audience: AKS_SERVER_APP_ID,
            now: unix_now(),
        };
        let authorization = head.headers.get(AUTHORIZATION);
        match trust.authenticate(authorization.and_then(|value| value.to_str().ok())) {
            // Nobody learns what is there without a token, nor why it is bad.
            Err(reason) => (resources::unauthorized(), Verdict::Unauthenticated(reason)),
            Ok(user) => (
                resources::answer(&head.method, head.uri.path(), body, &user),
                Verdict::Authenticated,
            ),
        }
    }
}
