//! A stand-in for an AKS cluster's API server: enough of Kubernetes for kubectl
//! to list, apply, watch, delete and follow logs, for client libraries, and for
//! proxies to be tried (`trials`); and all of its judgement on bearer tokens.

mod authentication;
mod body;
mod cluster;
mod connection;
mod discovery;
mod failure;
mod faults;
mod kinds;
pub(crate) mod kubeconfig;
mod logs;
mod resources;
mod review;
mod store;
mod streams;
mod trials;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::json;
use tokio::sync::oneshot;

use crate::authority::listener::Endpoint;
use crate::authority::records::{Listener, RecordedRequest};
use crate::certificates;
use crate::emulator::{Emulator, StartError, serve};
use cluster::Cluster;
pub use faults::{Gate, ServerFault};
use kinds::Place;
use kubeconfig::aks_kubeconfig;
pub use logs::PodLog;

/// A running stand-in. It trusts the access tokens of one emulator and has a CA
/// of its own, as each AKS cluster has. It runs on a thread of its own and ends
/// when it is dropped.
pub struct ApiServer {
    cluster: Arc<Cluster>,
    url: String,
    http_url: String,
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
        let plain = Endpoint::bind(Listener::ApiServer, 0, None)
            .map_err(|source| StartError::Port { port: 0, source })?;
        let url = |endpoint: &Endpoint| endpoint.url().trim_end_matches('/').to_owned();
        let (url, http_url) = (url(&endpoint), url(&plain));
        let cluster = Arc::new(Cluster::new(authority));
        let (stop, stopped) = oneshot::channel();
        let thread = serve(vec![endpoint, plain], &cluster, stopped)?;
        Ok(Self {
            cluster,
            url,
            http_url,
            ca: ca.pem(),
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// Its URL, `https://localhost:PORT`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Its URL over plain HTTP, `http://127.0.0.1:PORT`, for proxies that cannot
    /// be given a CA.
    pub fn http_url(&self) -> &str {
        &self.http_url
    }

    /// The certificate of its CA, in PEM.
    pub fn ca_certificate(&self) -> &str {
        &self.ca
    }

    /// A kubeconfig of this cluster, not converted yet.
    pub fn kubeconfig(&self) -> String {
        aks_kubeconfig(&self.url, &self.ca, &self.cluster.authority.config.tenant)
    }

    /// The requests so far, in order: the last 4,096. Each is there before its
    /// body is read.
    pub fn requests(&self) -> Vec<RecordedRequest> {
        self.cluster.records.all()
    }

    /// Waits until `count` requests have come since the start. False if the
    /// time was over first.
    #[must_use]
    pub fn wait_for_requests(&self, count: usize, timeout: Duration) -> bool {
        self.cluster.records.wait(count, timeout)
    }

    /// How many requests there are whose answers have not ended: those that are
    /// still read, are held, or whose body goes on.
    pub fn open_answers(&self) -> usize {
        self.cluster.open.load(Ordering::SeqCst)
    }

    /// Lets the next request that is let in and has no fault yet meet one: each
    /// takes the first of the queue.
    pub fn queue(&self, fault: ServerFault) {
        self.cluster.queue(fault);
    }

    /// Makes a pod with one container that runs, and gives its log to write to.
    ///
    /// # Errors
    /// There is such a pod, or no such namespace; in the API server's words.
    pub fn run_pod(&self, namespace: &str, name: &str) -> Result<PodLog, String> {
        let collection = format!("/api/v1/namespaces/{namespace}/pods");
        let place = Place::of(&collection).ok_or("this is no namespace")?;
        let pod = json!({
            "metadata": { "name": name },
            "spec": { "containers": [{ "name": "main", "image": "emulator" }] },
            "status": {
                "phase": "Running",
                "containerStatuses": [{
                    "name": "main", "ready": true, "restartCount": 0,
                    "image": "emulator", "imageID": "",
                    "state": { "running": { "startedAt": "2026-01-01T00:00:00Z" } },
                }],
            },
        });
        let made = self.cluster.resources.store.create(&place, pod);
        made.map_err(|failure| failure.status()["message"].to_string())?;
        let logs = Arc::clone(&self.cluster.resources.logs);
        Ok(PodLog::new(logs, namespace, name))
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
