//! The clusters: a plugin may send to any of them by name, so each but its own
//! must be closed; and what gets a token or the form must be the right server.

use super::plugins::Exchange;
use super::{Findings, Node, clusters, endpoints, listeners, name};

pub(super) fn check(
    root: &Node,
    exchange: &Exchange,
    authorities: &[String],
    findings: &mut Findings,
) {
    for cluster in clusters(root) {
        let is_own = |own: &str| own == name(cluster);
        if is_own(&exchange.cluster) || exchange.token_cluster.as_deref().is_some_and(is_own) {
            continue;
        }
        let what = format!("cluster {:?}", name(cluster));
        check_closed(cluster, &what, findings);
        let is_authority = authorities.iter().any(|authority| is_own(authority));
        if is_authority {
            check_tls(cluster, &what, "the federated token", findings);
            check_other_routes(root, exchange, cluster, findings);
        }
        let has_token = cluster.maps().iter().any(|map| {
            map.get("vm_config").is_some() && map.text_at(&["root_id"]) == Some("inject")
        });
        if has_token {
            check_tls(cluster, &what, "the access token", findings);
        }
    }
    for authority in authorities {
        if !clusters(root)
            .iter()
            .any(|cluster| name(cluster) == authority)
        {
            findings.add(
                root,
                &format!("cluster {authority:?}"),
                "the egress route leads to it, and there is none in this file",
                "Add it, as `keyhole envoy config` writes it",
            );
        }
    }
}

/// Closed: without a subset that is asked for it has no address.
fn check_closed(cluster: &Node, what: &str, findings: &mut Findings) {
    let subset = cluster.get("lb_subset_config");
    let fallback = subset.and_then(|subset| subset.text_at(&["fallback_policy"]));
    // The default of the policy is NO_FALLBACK.
    let no_fallback = subset.is_some() && matches!(fallback, None | Some("NO_FALLBACK"));
    let selectors = subset
        .and_then(|subset| subset.get("subset_selectors"))
        .map_or(&[][..], Node::items);
    let keys: Vec<&str> = selectors
        .iter()
        .filter_map(|selector| selector.get("keys"))
        .flat_map(Node::items)
        .filter_map(Node::text)
        .collect();
    let falls_back = selectors.iter().any(|selector| {
        let policy = selector.text_at(&["fallback_policy"]);
        !matches!(policy, None | Some("NOT_DEFINED" | "NO_FALLBACK"))
    });
    if !no_fallback || keys.is_empty() || falls_back {
        findings.add(
            cluster,
            what,
            "a plugin can send to it by name, whatever the routes say: it has no lb_subset_config \
             with NO_FALLBACK and a selector",
            "Write lb_subset_config: {fallback_policy: NO_FALLBACK, subset_selectors: [{keys: \
             [via]}]}, and the key into the endpoints' metadata and the route's metadata_match",
        );
        return;
    }
    let is_marked = |endpoint: &&Node| {
        let marks = endpoint.at(&["metadata", "filter_metadata", "envoy.lb"]);
        marks.is_some_and(|marks| keys.iter().any(|key| marks.get(key).is_some()))
    };
    if endpoints(cluster).is_empty() || !endpoints(cluster).iter().all(is_marked) {
        findings.add(
            cluster,
            what,
            "not each of its endpoints has metadata envoy.lb with the selector's key, so the subset \
             is empty or not the whole",
            "Write the metadata beside each endpoint",
        );
    }
}

fn check_tls(cluster: &Node, what: &str, secret: &str, findings: &mut Findings) {
    let tls = cluster.at(&["transport_socket", "typed_config"]);
    let tls = tls.filter(|tls| {
        let kind = tls.text_at(&["@type"]).unwrap_or("");
        kind.ends_with("tls.v3.UpstreamTlsContext")
    });
    let Some(tls) = tls else {
        findings.add(
            cluster,
            what,
            format!("{secret} goes to it without TLS"),
            "Add a transport_socket with UpstreamTlsContext",
        );
        return;
    };
    let validation = tls.at(&["common_tls_context", "validation_context"]);
    let ca = validation.and_then(|validation| {
        validation
            .get("trusted_ca")
            .or(validation.get("system_root_certs"))
    });
    let names = validation.and_then(|validation| validation.get("match_typed_subject_alt_names"));
    let has_names = names.is_some_and(|names| !names.items().is_empty());
    if ca.is_none() || !has_names {
        findings.add(
            tls,
            what,
            format!(
                "{secret} goes to any server with a certificate: trusted_ca or \
                 match_typed_subject_alt_names is missing"
            ),
            "Write both into validation_context",
        );
    }
    let trusts_all = |validation: &Node| {
        validation.text_at(&["trust_chain_verification"]) == Some("ACCEPT_UNTRUSTED")
            || validation.text_at(&["allow_expired_certificate"]) == Some("true")
    };
    if validation.is_some_and(trusts_all) {
        findings.add(
            tls,
            what,
            "it takes certificates that nobody vouches for, or that have ended",
            "Remove trust_chain_verification and allow_expired_certificate",
        );
    }
}

/// No listener but the egress may lead to the authority.
fn check_other_routes(root: &Node, exchange: &Exchange, authority: &Node, findings: &mut Findings) {
    let own = clusters(root)
        .iter()
        .find(|cluster| name(cluster) == exchange.cluster)
        .and_then(super::socket);
    for listener in listeners(root) {
        if own.is_some() && listener.text_at(&["address", "pipe", "path"]) == own {
            continue;
        }
        let leads_there = |map: &&Node| map.text_at(&["cluster"]) == Some(name(authority));
        if listener.maps().iter().any(leads_there) {
            findings.add(
                listener,
                &format!("listener {:?}", name(listener)),
                format!(
                    "it leads to {:?}, the authority's cluster, too",
                    name(authority)
                ),
                "Leave that to the listener of the plugin's socket",
            );
        }
    }
}
