//! The headers by which a caller could be somebody else than the token says,
//! where the plugin leaves it to Envoy to remove them.

use keyhole_proxy_rules::header::{IDENTITY, IDENTITY_PREFIXES};

use super::plugins::Exchange;
use super::{Findings, Node, clusters, listeners, name, socket};

/// Every listener that callers reach must remove all of them before its routes.
pub(super) fn check(root: &Node, exchange: &Exchange, findings: &mut Findings) {
    let own: Vec<&str> = clusters(root)
        .iter()
        .filter(|cluster| {
            let is_own = |own: &str| own == name(cluster);
            is_own(&exchange.cluster) || exchange.token_cluster.as_deref().is_some_and(is_own)
        })
        .filter_map(socket)
        .collect();
    for listener in listeners(root) {
        let path = listener.text_at(&["address", "pipe", "path"]);
        if path.is_some_and(|path| own.contains(&path)) {
            continue;
        }
        for manager in listener.maps() {
            let kind = manager.text_at(&["@type"]).unwrap_or("");
            if !kind.ends_with("http_connection_manager.v3.HttpConnectionManager") {
                continue;
            }
            let missing = missing(manager);
            if !missing.is_empty() {
                findings.add(
                    manager,
                    &format!("listener {:?}", name(listener)),
                    format!(
                        "the plugin inject has strip_by \"envoy\", and here nothing removes {} of \
                         a caller's request",
                        missing.join(", ")
                    ),
                    "Write early_header_mutation_extensions as `keyhole envoy config` does, or \
                     leave strip_by out",
                );
            }
        }
    }
}

/// What of a caller's headers is not removed.
fn missing(manager: &Node) -> Vec<String> {
    let mutations: Vec<&Node> = manager
        .get("early_header_mutation_extensions")
        .map_or(&[][..], Node::items)
        .iter()
        .filter_map(|extension| extension.get("typed_config"))
        .filter(|mutation| {
            let kind = mutation.text_at(&["@type"]).unwrap_or("");
            kind.ends_with("early_header_mutation.header_mutation.v3.HeaderMutation")
        })
        .filter_map(|mutation| mutation.get("mutations"))
        .flat_map(Node::items)
        .collect();
    let removes = |path: &[&str], wanted: &str| {
        mutations
            .iter()
            .filter_map(|mutation| mutation.text_at(path))
            .any(|found| found.eq_ignore_ascii_case(wanted))
    };
    let names = IDENTITY
        .iter()
        .flat_map(|name| spellings(name))
        .filter(|name| !removes(&["remove"], name));
    let prefixes = IDENTITY_PREFIXES
        .iter()
        .flat_map(|prefix| spellings(prefix))
        .filter(|prefix| !removes(&["remove_on_match", "key_matcher", "prefix"], prefix))
        .map(|prefix| format!("{prefix}*"));
    names.chain(prefixes).collect()
}

/// A name with each hyphen as it is and as an underscore: some servers take one
/// for the other.
fn spellings(name: &str) -> Vec<String> {
    let mut all = vec![String::new()];
    for letter in name.chars() {
        let with = |letter: char| {
            move |head: &String| {
                let mut longer = head.clone();
                longer.push(letter);
                longer
            }
        };
        let mut longer: Vec<String> = all.iter().map(with(letter)).collect();
        if letter == '-' {
            longer.extend(all.iter().map(with('_')));
        }
        all = longer;
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_a_hyphen_is_meant() {
        assert_eq!(spellings("authorization"), ["authorization"]);
        assert_eq!(
            spellings("x-remote-"),
            ["x-remote-", "x_remote-", "x-remote_", "x_remote_"]
        );
    }

    #[test]
    fn a_manager_that_removes_nothing_lacks_all() {
        let manager = Node::parse("early_header_mutation_extensions: []").unwrap();
        let all = missing(&manager);
        assert_eq!(all.len(), 9, "{all:?}");
        assert!(all.contains(&"impersonate_*".to_owned()), "{all:?}");
    }
}
