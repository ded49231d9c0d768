//! What held for a run, as sections of its report.

use keyhole_host::{ComponentFacts, Grants, Origin};
use keyhole_report::{Fact, Section, Value};

use crate::artifact;
pub(crate) use keyhole_commands::settings::section as settings;

/// What the component may see, read, send and use up: all of it.
pub(crate) fn grants(grants: &Grants) -> Section {
    let mut facts: Vec<Fact> = grants
        .env
        .variables()
        .iter()
        .map(|(name, value)| Fact::new(name.as_str(), value.as_str()))
        .collect();
    if let Some(request) = &grants.federated_token {
        facts.push(Fact::new("token request", request.to_string()));
    }
    facts.extend([
        Fact::new("file", grants.file.to_string()),
        Fact::new("request", grants.endpoint.target().to_string()),
    ]);
    if let Some(binding) = &grants.identity_binding {
        facts.extend([
            Fact::new("sent as", grants.endpoint.destination().to_string()),
            Fact::new("token proxy", binding.as_str()),
        ]);
    }
    facts.extend([
        Fact::new(
            "form",
            "client_id, scope, grant_type, client_assertion_type and client_assertion, each as \
             granted; no other field",
        ),
        Fact::new("requests", u64::from(grants.endpoint.requests())),
        Fact::new("roots", grants.roots.as_str()),
        Fact::new("proxy", grants.proxy.as_str()),
        Fact::new("clocks", "wall and monotonic"),
        Fact::new("memory bytes", number(grants.limits.memory)),
        Fact::new("table elements", number(grants.limits.table_elements)),
        Fact::new("fuel", grants.limits.fuel),
        Fact::new("timeout s", seconds(grants.timeout)),
        Fact::new("everything else", "refused"),
    ]);
    Section {
        key: "grants",
        title: "Grants",
        facts,
    }
}

/// Why there are no grants to show.
pub(crate) fn no_grants(failure: &keyhole_report::Failure) -> Section {
    Section {
        key: "grants",
        title: "Grants",
        facts: vec![
            Fact::new("none", failure.message.as_str()),
            Fact::new("hint", failure.next_step.as_str()),
        ],
    }
}

/// A component: `facts` are what was seen when it was loaded. For the embedded
/// one there is also what its build says of it.
pub(crate) fn component(facts: Option<&ComponentFacts>) -> Section {
    let embedded = facts.is_none_or(|facts| facts.origin == Origin::Embedded);
    // In the full build both digests are of the component itself. If they
    // differ, the file beside it is of another one and says nothing here.
    let describes = |identity: &serde_json::Value| match (facts, artifact::FULL) {
        (Some(facts), true) => {
            facts.digest.to_string().strip_prefix("sha256:") == identity["sha256"].as_str()
        }
        _ => true,
    };
    let identity = artifact::identity().filter(|identity| embedded && describes(identity));
    let said = |name: &str| identity.as_ref().and_then(|identity| text(&identity[name]));
    let mut shown = Vec::new();
    if embedded {
        let source = if identity.is_some() || facts.is_some() {
            "carried by this program"
        } else {
            "none in this program; `cargo xtask build` makes one with it"
        };
        shown.push(Fact::new("source", source));
    }
    if let Some(digest) = said("sha256") {
        shown.push(Fact::new("sha256", digest));
    }
    let size = identity
        .as_ref()
        .and_then(|identity| identity["size"].as_u64());
    if let Some(size) = size {
        shown.push(Fact::new("size", size));
    }
    if let Some(facts) = facts {
        let digest = facts.digest.to_string();
        let digest = digest.trim_start_matches("sha256:");
        match (embedded, artifact::FULL) {
            (true, false) => shown.extend([
                Fact::new("machine code sha256", digest),
                Fact::new("machine code size", number(facts.size)),
            ]),
            (true, true) if identity.is_some() => {}
            _ => shown.extend([
                Fact::new("sha256", digest),
                Fact::new("size", number(facts.size)),
            ]),
        }
    }
    for (label, name) in [
        ("rustc", "rustc"),
        ("wit-component", "wit_component"),
        ("sources sha256", "sources_sha256"),
        ("Cargo.lock sha256", "cargo_lock_sha256"),
    ] {
        if let Some(value) = said(name) {
            shown.push(Fact::new(label, value));
        }
    }
    for (label, seen) in [
        ("imports", facts.map(|facts| &facts.imports)),
        ("exports", facts.map(|facts| &facts.exports)),
    ] {
        let said = || identity.as_ref().map(|identity| list(&identity[label]));
        if let Some(names) = seen.cloned().or_else(said) {
            shown.push(Fact::new(label, names));
        }
    }
    Section {
        key: "component",
        title: "Component",
        facts: shown,
    }
}

fn text(value: &serde_json::Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

fn list(value: &serde_json::Value) -> Vec<String> {
    value
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(text)
        .collect()
}

fn number(size: usize) -> Value {
    Value::Number(size as u64)
}

fn seconds(time: std::time::Duration) -> String {
    time.as_secs_f64().to_string()
}
