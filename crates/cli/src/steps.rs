//! The sandbox's events as the steps a person follows.

use keyhole_host::audit::{AuditEvent, Capability, Decision};
use keyhole_report::{Step, StepState};

/// What the host writes before the reason of an allowed operation that did
/// not work.
const FAILED: &str = "failed: ";

/// The step that an event tells of; none for what no person waits for.
pub(crate) fn step(event: &AuditEvent) -> Option<Step> {
    if event.decision == Decision::Refused {
        let rule = event.rule.unwrap_or("not granted");
        return Some(Step {
            name: format!("{} refused", subject(event.capability)),
            state: StepState::Refused,
            detail: format!("{} ({rule})", event.target),
            at_us: Some(event.t_us),
        });
    }
    let detail = event.detail.as_deref().unwrap_or_default();
    let reason = detail.strip_prefix(FAILED);
    let (name, failed, detail) = match event.capability {
        Capability::File => match event.bytes {
            Some(bytes) => (
                "token file read",
                false,
                format!("{}, {bytes} bytes", event.target),
            ),
            None => (
                "token file read",
                true,
                format!("{}: {}", event.target, reason.unwrap_or(detail)),
            ),
        },
        Capability::Resolve => (
            "name resolved",
            reason.is_some(),
            with(&event.target, reason.unwrap_or(detail)),
        ),
        Capability::Connect => (
            "connected",
            reason.is_some(),
            with(&event.target, reason.unwrap_or(detail)),
        ),
        Capability::Tls => (
            "TLS",
            reason.is_some(),
            with(&event.target, reason.unwrap_or(detail)),
        ),
        Capability::Request => match (event.status, reason) {
            (Some(status), _) => (
                "answer",
                !(200..300).contains(&status),
                match event.bytes {
                    Some(bytes) => format!("HTTP {status}, {bytes} bytes"),
                    None => format!("HTTP {status}"),
                },
            ),
            (None, Some(reason)) => ("answer", true, reason.to_owned()),
            (None, None) => ("request allowed", false, with(&event.target, detail)),
        },
        Capability::Result => (
            "token accepted",
            false,
            event
                .bytes
                .map_or_else(String::new, |bytes| format!("{bytes} bytes")),
        ),
        // What was used of a limit is for the audit log.
        _ => return None,
    };
    Some(Step {
        name: name.to_owned(),
        state: if failed {
            StepState::Failed
        } else {
            StepState::Done
        },
        detail,
        at_us: Some(event.t_us),
    })
}

/// What is waited for after an event.
pub(crate) fn waiting_for(event: &AuditEvent) -> Option<&'static str> {
    match event.capability {
        Capability::File => Some("checking the federated token"),
        Capability::Request if event.status.is_some() => Some("reading the answer"),
        Capability::Request => Some("resolving the authority's name"),
        Capability::Resolve => Some("connecting"),
        Capability::Connect => Some("TLS handshake"),
        Capability::Tls => Some("waiting for the authority"),
        _ => None,
    }
}

fn subject(capability: Capability) -> &'static str {
    match capability {
        Capability::Env => "variable",
        Capability::File => "file",
        Capability::Resolve => "name",
        Capability::Connect => "address",
        Capability::Tls => "TLS",
        Capability::Request => "request",
        Capability::Limit => "limit",
        Capability::Result => "result",
        _ => "access",
    }
}

fn with(target: &str, detail: &str) -> String {
    if detail.is_empty() {
        target.to_owned()
    } else {
        format!("{target}: {detail}")
    }
}
