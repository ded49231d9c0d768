//! The audit log: every decision of a grant, as it is made.
//!
//! Events carry names, sizes and times, never contents. What a guest said is
//! cut to 256 bytes and rid of the federated token's signature and of what a
//! 200 answer said before it gets here. The JSON form of an event is described
//! by `docs/audit.schema.json`.

use serde::Serialize;
use std::sync::{Arc, Mutex};

/// Receives the events of all calls of one [`Keyhole`](crate::Keyhole), in the
/// order of each call. It is called on the thread that runs the guest: it
/// should be quick.
pub trait Audit: Send {
    /// Takes note of one event.
    fn event(&mut self, event: &AuditEvent);
}

impl<F: FnMut(&AuditEvent) + Send> Audit for F {
    fn event(&mut self, event: &AuditEvent) {
        self(event);
    }
}

/// One decision of a grant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct AuditEvent {
    /// Number within the call, from 0.
    pub seq: u32,
    /// Microseconds since the call started.
    pub t_us: u64,
    /// Number of the call within the process, from 1.
    pub call: u64,
    /// What was asked for.
    pub capability: Capability,
    /// On what: a name, a path, a URL, an address.
    pub target: String,
    /// What was decided.
    pub decision: Decision,
    /// The rule that was broken, of a refusal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<&'static str>,
    /// How many bytes were read, sent or received.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// How long it took, in microseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub us: Option<u64>,
    /// HTTP status of an answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// What else a person wants to know: the `client-request-id` of a
    /// request, the version of TLS and the source of its roots, why an
    /// allowed operation failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// What a guest can ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Capability {
    /// The environment variables.
    Env,
    /// The one file.
    File,
    /// Resolving the authority's name.
    Resolve,
    /// Connecting to an address.
    Connect,
    /// The TLS handshake.
    Tls,
    /// A request and its answer.
    Request,
    /// The kept access token, of the host itself.
    Cache,
    /// Memory, fuel and the like.
    Limit,
    /// What a call returns.
    Result,
}

/// What was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Decision {
    /// It was granted; it may still have failed, see `detail`.
    Allowed,
    /// It was not granted.
    Refused,
}

impl AuditEvent {
    pub(crate) fn allowed(capability: Capability, target: impl Into<String>) -> Self {
        Self::new(capability, target.into(), Decision::Allowed)
    }

    pub(crate) fn refused(
        capability: Capability,
        target: impl Into<String>,
        rule: &'static str,
    ) -> Self {
        let mut event = Self::new(capability, target.into(), Decision::Refused);
        event.rule = Some(rule);
        event
    }

    fn new(capability: Capability, target: String, decision: Decision) -> Self {
        AuditEvent {
            seq: 0,
            t_us: 0,
            call: 0,
            capability,
            target,
            decision,
            rule: None,
            bytes: None,
            us: None,
            status: None,
            detail: None,
        }
    }

    pub(crate) fn bytes(mut self, bytes: usize) -> Self {
        self.bytes = u64::try_from(bytes).ok();
        self
    }

    pub(crate) fn since(mut self, start: std::time::Instant) -> Self {
        self.us = u64::try_from(start.elapsed().as_micros()).ok();
        self
    }

    pub(crate) fn status(mut self, status: u16) -> Self {
        self.status = Some(status);
        self
    }

    pub(crate) fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }
}

/// A sink that several calls share.
pub(crate) type SharedAudit = Arc<Mutex<dyn Audit>>;
