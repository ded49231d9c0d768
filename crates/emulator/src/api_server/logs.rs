//! The logs of pods, written by a test line by line.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::watch;

/// Namespace and name of a pod.
type Pod = (String, String);

#[derive(Default)]
struct Log {
    text: Vec<u8>,
    ended: bool,
}

/// All logs of a cluster.
pub(super) struct Logs {
    logs: Mutex<BTreeMap<Pod, Log>>,
    grew: watch::Sender<()>,
}

impl Logs {
    pub(super) fn new() -> Self {
        Self {
            logs: Mutex::default(),
            grew: watch::Sender::new(()),
        }
    }

    fn logs(&self) -> MutexGuard<'_, BTreeMap<Pod, Log>> {
        self.logs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, pod: &Pod, change: impl FnOnce(&mut Log)) {
        change(self.logs().entry(pod.clone()).or_default());
        self.grew.send_replace(());
    }

    /// The signs that a log has grown or ended.
    pub(super) fn growth(&self) -> watch::Receiver<()> {
        self.grew.subscribe()
    }

    /// What a log has from here on, and whether that is its end.
    pub(super) fn read(&self, pod: &Pod, from: usize) -> (Bytes, bool) {
        let logs = self.logs();
        let Some(log) = logs.get(pod) else {
            return (Bytes::new(), true);
        };
        let rest = log.text.get(from..).unwrap_or_default();
        (Bytes::copy_from_slice(rest), log.ended)
    }
}

/// The log of one pod, to write to.
#[derive(Clone)]
pub struct PodLog {
    logs: Arc<Logs>,
    pod: Pod,
}

impl std::fmt::Debug for PodLog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("PodLog").field(&self.pod).finish()
    }
}

impl PodLog {
    pub(super) fn new(logs: Arc<Logs>, namespace: &str, name: &str) -> Self {
        let log = Self {
            logs,
            pod: (namespace.to_owned(), name.to_owned()),
        };
        log.logs.change(&log.pod, |_| {});
        log
    }

    /// Adds a line; whoever follows the log gets it now.
    pub fn push(&self, line: &str) {
        self.logs.change(&self.pod, |log| {
            log.text.extend_from_slice(line.as_bytes());
            log.text.push(b'\n');
        });
    }

    /// Ends the log: answers to those who follow it end.
    pub fn end(&self) {
        self.logs.change(&self.pod, |log| log.ended = true);
    }
}
