//! The sandbox's events as the steps a person follows.

use keyhole_host::audit::{AuditEvent, Capability, Decision};
use keyhole_report::{Step, StepState};

/// What the host writes before the reason of an allowed operation that did
/// not work.
pub(crate) const FAILED: &str = "failed: ";

/// The step that ends a request.
const ANSWER: &str = "answer";

/// Whether a step only says again why the one before it failed: a request has
/// no answer because its name was not resolved, or its connection not made.
pub(crate) fn repeats(step: &Step, before: Option<&Step>) -> bool {
    step.name == ANSWER
        && step.state == StepState::Failed
        && before.is_some_and(|before| before.state != StepState::Done)
}

/// The step that an event tells of; none for what no person waits for.
pub(crate) fn step(event: &AuditEvent) -> Option<Step> {
    if event.decision == Decision::Refused {
        let rule = event.rule.unwrap_or("not granted");
        return Some(Step {
            name: subject(event.capability).to_owned(),
            state: StepState::Refused,
            detail: format!("{} ({rule})", event.target),
            at_us: Some(event.t_us),
            us: event.us,
        });
    }
    let detail = event.detail.as_deref().unwrap_or_default();
    let reason = detail.strip_prefix(FAILED);
    let target = event.target.as_str();
    let sized = |text: &str| match event.bytes {
        Some(bytes) => format!("{text}, {bytes} bytes"),
        None => text.to_owned(),
    };
    let network = |name| match reason {
        Some(reason) => (name, true, reason.to_owned()),
        None => (name, false, with(target, detail)),
    };
    let (name, failed, detail) = match event.capability {
        Capability::File if event.bytes.is_some() => ("token file read", false, sized(target)),
        Capability::File => ("token file read", true, with(target, detail)),
        Capability::Resolve => network("name resolved"),
        Capability::Connect => network("connected"),
        Capability::Tls => network("TLS"),
        Capability::Request => match (event.status, reason) {
            (Some(status), _) => (
                ANSWER,
                !(200..300).contains(&status),
                sized(&format!("HTTP {status}")),
            ),
            (None, Some(reason)) => (ANSWER, true, reason.to_owned()),
            (None, None) => ("request allowed", false, sized(target)),
        },
        Capability::Result => ("token accepted", false, String::new()),
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
        us: event.us,
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
