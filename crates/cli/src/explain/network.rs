//! Proxy, name, connection, TLS and HTTP: read off the sandbox's events.

use keyhole_exchange::cloud::Scheme;
use keyhole_exchange::settings::Settings;
use keyhole_host::audit::{AuditEvent, Capability, Decision};
use keyhole_report::{Fact, Finding, FindingState};

use super::{Exchange, certificate};
use crate::steps::FAILED;

/// The checks of the network, in the order of a request.
pub(super) fn findings(exchange: &Exchange, settings: Option<&Settings>) -> [Finding; 5] {
    let plain = settings.is_some_and(|settings| settings.authority().scheme() == Scheme::Http);
    [
        proxy(exchange),
        name(exchange),
        connection(exchange),
        tls(exchange, plain),
        http(exchange),
    ]
}

/// The last event of a capability: a retry's outcome counts, not what it was
/// retried for.
fn last(exchange: &Exchange, capability: Capability) -> Option<&AuditEvent> {
    let of = |event: &&AuditEvent| event.capability == capability;
    exchange.events.iter().rev().find(of)
}

/// How an event ended: what it brought, or why it failed.
fn outcome(event: &AuditEvent) -> Result<&str, String> {
    let detail = event.detail.as_deref().unwrap_or_default();
    match (event.decision, detail.strip_prefix(FAILED)) {
        (Decision::Refused, _) => Err(format!(
            "{} is refused ({})",
            event.target,
            event.rule.unwrap_or("not granted")
        )),
        (Decision::Allowed, Some(reason)) => Err(reason.to_owned()),
        (Decision::Allowed, None) => Ok(detail),
    }
}

fn took(event: &AuditEvent) -> Fact {
    let us = event.us.unwrap_or_default();
    Fact::new("took", format!("{}.{:03} ms", us / 1000, us % 1000))
}

fn proxy(exchange: &Exchange) -> Finding {
    let (id, title) = ("proxy", "proxy");
    match last(exchange, Capability::Request) {
        None => Finding::not_reached(id, title),
        Some(_) => Finding::new(id, title, FindingState::Right, &*exchange.proxy),
    }
}

fn name(exchange: &Exchange) -> Finding {
    let (id, title) = ("name-resolution", "name resolution");
    let Some(event) = last(exchange, Capability::Resolve) else {
        return Finding::not_reached(id, title);
    };
    match outcome(event) {
        Ok(addresses) => Finding::new(id, title, FindingState::Right, &*event.target).facts(vec![
            Fact::new(
                "addresses",
                addresses
                    .split(' ')
                    .map(|address| format!("{address}: allowed"))
                    .collect::<Vec<_>>(),
            ),
            took(event),
        ]),
        Err(reason) if event.decision == Decision::Refused => {
            Finding::new(id, title, FindingState::Wrong, reason).fix(
                "The name leads to an address that no authority has: loopback, link-local or a \
                 metadata service. Look at the pod's DNS and hosts file, and at the authority's \
                 name.",
            )
        }
        Err(reason) => Finding::new(id, title, FindingState::Wrong, reason).fix(
            "Compare the authority's name with its cloud's; then look at the pod's DNS: \
             /etc/resolv.conf, CoreDNS, and a network policy that lets port 53 through.",
        ),
    }
}

fn connection(exchange: &Exchange) -> Finding {
    let (id, title) = ("tcp", "TCP");
    let Some(event) = last(exchange, Capability::Connect) else {
        return Finding::not_reached(id, title);
    };
    match outcome(event) {
        Ok(_) => Finding::new(
            id,
            title,
            FindingState::Right,
            format!("connected to {}", event.target),
        )
        .facts(vec![took(event)]),
        Err(reason) => Finding::new(id, title, FindingState::Wrong, reason).fix(
            "Something between the pod and the authority does not let the connection through: \
             look at network policies, the egress firewall and the route, for TCP to this port.",
        ),
    }
}

fn tls(exchange: &Exchange, plain: bool) -> Finding {
    let (id, title) = ("tls", "TLS");
    if plain {
        return Finding::new(
            id,
            title,
            FindingState::Doubtful,
            "none: plain HTTP over loopback, as --insecure-http allows",
        );
    }
    let Some(event) = last(exchange, Capability::Tls) else {
        return Finding::not_reached(id, title);
    };
    let chain = exchange.observations.chain();
    let mut facts = chain.as_ref().map(certificate::facts).unwrap_or_default();
    facts.push(took(event));
    match outcome(event) {
        Ok(detail) => Finding::new(id, title, FindingState::Right, detail).facts(facts),
        Err(reason) => {
            let untrusted = chain.is_some_and(|chain| chain.fault.is_some());
            let fix = if untrusted {
                "Compare the certificates with the authority's own. If their issuer is your \
                 company's TLS-inspecting proxy, give its root with --authority-ca or \
                 SSL_CERT_FILE; if the name does not fit, the authority's host is wrong; if a \
                 time does not, look at this machine's clock."
            } else {
                "What answers there does not speak TLS 1.2 or newer, or something in between \
                 broke it off: look at the host, the port and the egress firewall."
            };
            Finding::new(id, title, FindingState::Wrong, reason)
                .fix(fix)
                .facts(facts)
        }
    }
}

fn http(exchange: &Exchange) -> Finding {
    let (id, title) = ("http", "HTTP");
    let requests: Vec<&AuditEvent> = exchange
        .events
        .iter()
        .filter(|event| event.capability == Capability::Request)
        .collect();
    let Some(event) = requests.last() else {
        return Finding::not_reached(id, title);
    };
    let sent = requests.iter().filter(|event| event.us.is_none()).count();
    let mut facts = vec![
        Fact::new("request", &*event.target),
        Fact::new("requests", sent as u64),
    ];
    let mut details = requests
        .iter()
        .rev()
        .filter_map(|event| event.detail.as_deref());
    if let Some(request_id) = details.find_map(|text| text.strip_prefix("client-request-id ")) {
        facts.push(Fact::new("client-request-id", request_id));
    }
    if event.us.is_some() {
        facts.push(took(event));
    }
    match (event.status, outcome(event)) {
        (Some(status), _) => {
            let (state, fix) = match status {
                200 => (FindingState::Right, ""),
                429 => (
                    FindingState::Wrong,
                    "The authority throttles: ask less often, and keep tokens until they end.",
                ),
                500.. => (
                    FindingState::Wrong,
                    "The authority has trouble of its own: try again later.",
                ),
                400 | 401 => (FindingState::Wrong, "See the authority's answer below."),
                _ => (
                    FindingState::Wrong,
                    "An authority's token endpoint does not answer so: see whether the \
                     authority's URL is right and nothing in between answers in its place.",
                ),
            };
            let bytes = event.bytes.unwrap_or_default();
            let said = format!("status {status}, {bytes} bytes");
            Finding::new(id, title, state, said).fix(fix).facts(facts)
        }
        // Name, connection or TLS have said it already.
        (None, Err(_)) if below_failed(exchange) => Finding::not_reached(id, title),
        (None, Err(reason)) => Finding::new(id, title, FindingState::Wrong, reason)
            .fix("Try again; if it stays, see what stands between the pod and the authority.")
            .facts(facts),
        (None, Ok(_)) => Finding::new(id, title, FindingState::Wrong, "no answer came")
            .fix("Try again with a longer --timeout.")
            .facts(facts),
    }
}

fn below_failed(exchange: &Exchange) -> bool {
    [Capability::Resolve, Capability::Connect, Capability::Tls]
        .into_iter()
        .any(|capability| last(exchange, capability).is_some_and(|event| outcome(event).is_err()))
}
