//! The way to the authority: socket, route, rate, form.

use super::plugins::Exchange;
use super::{Findings, Node, clusters, listeners, name, socket};

/// Owner alone may read and write, 0600.
const MODE: &str = "384";

/// Checks the listeners behind the plugin's clusters; answers the clusters that
/// routes of the egress lead to.
pub(super) fn check(root: &Node, exchange: &Exchange, findings: &mut Findings) -> Vec<String> {
    let mut authorities = Vec::new();
    let names = [
        Some(exchange.cluster.as_str()),
        exchange.token_cluster.as_deref(),
    ];
    for (index, wanted) in names.into_iter().enumerate() {
        let Some(wanted) = wanted else { continue };
        let what = format!("cluster {wanted:?}");
        let Some(cluster) = clusters(root)
            .iter()
            .find(|cluster| name(cluster) == wanted)
        else {
            findings.add(
                root,
                &what,
                format!(
                    "the plugin exchange (line {}) names it, and there is none",
                    exchange.line
                ),
                "Add it, or correct the plugin's configuration",
            );
            continue;
        };
        let Some(path) = socket(cluster) else {
            findings.add(
                cluster,
                &what,
                "the plugin exchange sends to it, and it is no Unix socket: everything in the pod \
                 or the network could do the same and get tokens",
                "Make its one endpoint a pipe, and let a listener serve that",
            );
            continue;
        };
        let listener = listeners(root)
            .iter()
            .find(|listener| listener.text_at(&["address", "pipe", "path"]) == Some(path));
        let Some(listener) = listener else {
            findings.add(
                cluster,
                &what,
                format!("no listener of this file serves its socket {path:?}"),
                "Add the listener, as `keyhole envoy config` writes it",
            );
            continue;
        };
        check_socket(listener, findings);
        if index == 0 {
            check_listener(listener, exchange, findings, &mut authorities);
        }
    }
    authorities
}

fn check_socket(listener: &Node, findings: &mut Findings) {
    let what = format!("listener {:?}", name(listener));
    let mode = listener.text_at(&["address", "pipe", "mode"]);
    if mode != Some(MODE) {
        findings.add(
            listener,
            &what,
            format!(
                "its socket has the mode {}, so others than Envoy's user may open it and get tokens",
                mode.unwrap_or("of the umask")
            ),
            "Write mode: 384, which is 0600",
        );
    }
    let more = listener.get("additional_addresses");
    let pipe = listener.at(&["address", "pipe"]);
    if pipe.is_none() || more.is_some() {
        findings.add(
            listener,
            &what,
            "it listens elsewhere than at its socket",
            "Leave the pipe alone",
        );
    }
}

fn check_listener(
    listener: &Node,
    exchange: &Exchange,
    findings: &mut Findings,
    authorities: &mut Vec<String>,
) {
    let what = format!("listener {:?}", name(listener));
    let maps = listener.maps();
    let routes: Vec<&&Node> = maps
        .iter()
        .filter(|map| map.get("match").is_some() && map.get("route").is_some())
        .collect();
    if routes.is_empty() {
        findings.add(
            listener,
            &what,
            "it has no route to the authority",
            "Add it, as `keyhole envoy config` writes it",
        );
    }
    for route in routes {
        let cluster = check_route(route, &what, findings);
        authorities.extend(cluster);
    }
    let filters: Vec<&Node> = maps
        .iter()
        .filter_map(|map| map.get("http_filters"))
        .flat_map(Node::items)
        .collect();
    let is = |filter: &Node, kind: &str| {
        let found = filter.text_at(&["typed_config", "@type"]);
        found.is_some_and(|found| found.ends_with(kind))
    };
    let first = filters.first();
    let rate = first.filter(|filter| is(filter, "local_ratelimit.v3.LocalRateLimit"));
    let is_whole = |filter: &Node, key: &str| {
        let at = |field| filter.text_at(&["typed_config", key, "default_value", field]);
        match at("denominator") {
            None | Some("HUNDRED") => at("numerator") == Some("100"),
            _ => false,
        }
    };
    match rate {
        Some(rate)
            if is_whole(rate, "filter_enabled")
                && is_whole(rate, "filter_enforced")
                && rate
                    .at(&["typed_config", "token_bucket", "max_tokens"])
                    .is_some() => {}
        _ => findings.add(
            listener,
            &what,
            "its first HTTP filter is no local_ratelimit that is enabled and enforced at 100 %: a \
             plugin could ask the authority without end",
            "Add it first, as `keyhole envoy config` writes it",
        ),
    }
    if exchange.token_cluster.is_none()
        && !filters
            .iter()
            .any(|filter| is(filter, "transform.v3.TransformConfig"))
    {
        findings.add(
            listener,
            &what,
            "no transform filter builds the form, and the plugin has no token_cluster to build it \
             itself",
            "Write the file anew with `keyhole envoy config`, for an older Envoy with \
             --older-envoy",
        );
    }
}

fn check_route(route: &Node, what: &str, findings: &mut Findings) -> Option<String> {
    let exact = |header: &str| {
        let headers = route.at(&["match", "headers"]).map_or(&[][..], Node::items);
        headers
            .iter()
            .filter(|found| {
                name(found) == header && found.text_at(&["invert_match"]) != Some("true")
            })
            .find_map(|found| {
                found
                    .text_at(&["string_match", "exact"])
                    .or(found.text_at(&["exact_match"]))
            })
    };
    let mut add = |problem: &str, remedy: &str| findings.add(route, what, problem, remedy);
    if exact(":method") != Some("POST") {
        add(
            "its route takes any method",
            "Match the header :method exactly with POST",
        );
    }
    let path = exact(":path");
    if !path.is_some_and(|path| path.ends_with("/oauth2/v2.0/token")) {
        add(
            "its route takes other paths, or a query, than the token endpoint's: `path` alone lets a \
             query through",
            "Match the header :path exactly with /TENANT/oauth2/v2.0/token",
        );
    }
    if route.text_at(&["route", "host_rewrite_literal"]).is_none() {
        add(
            "its route keeps the host that the plugin chose",
            "Write host_rewrite_literal",
        );
    }
    if route
        .at(&["route", "metadata_match", "filter_metadata", "envoy.lb"])
        .is_none_or(|wanted| wanted.entries().is_empty())
    {
        add(
            "its route does not ask for the subset that alone opens the authority's cluster",
            "Write metadata_match with the metadata of the cluster's endpoints",
        );
    }
    let cluster = route.text_at(&["route", "cluster"]);
    if cluster.is_none() {
        add(
            "its route leads to a cluster that is chosen at run time",
            "Name one with `cluster`",
        );
    }
    cluster.map(str::to_owned)
}
