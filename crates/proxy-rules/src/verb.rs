//! What a request does, in Kubernetes' words.

/// The verbs of the API (kubernetes.io, "Authorization Overview", Request
/// Verbs): of resources, then of everything else.
pub const VERBS: [&str; 12] = [
    "get",
    "list",
    "watch",
    "create",
    "update",
    "patch",
    "delete",
    "deletecollection",
    "post",
    "put",
    "head",
    "options",
];

/// The verb of a request, as kube-apiserver finds it (`RequestInfo`): of a
/// resource below `/api/VERSION` and `/apis/GROUP/VERSION` by method, name and
/// `watch` in the query; of anything else the method in lower case. `None` for a
/// method that is neither.
#[must_use]
pub fn verb(method: &str, path: &str, query: &str) -> Option<&'static str> {
    let mut parts = path.split('/').filter(|part| !part.is_empty());
    let is_resource = match parts.next() {
        Some("api") => parts.next().is_some(),
        Some("apis") => parts.next().and_then(|_| parts.next()).is_some(),
        _ => false,
    };
    let mut next = if is_resource { parts.next() } else { None };
    if next.is_none() {
        return VERBS
            .into_iter()
            .find(|verb| verb.eq_ignore_ascii_case(method));
    }
    // The old form of a watch: /api/v1/watch/namespaces/…
    let is_old_watch = next == Some("watch");
    if is_old_watch {
        next = parts.next();
    }
    let mut has_name = parts.next().is_some();
    if next == Some("namespaces") && has_name {
        // A namespace is a resource of its own, or the place of another; what
        // stands below it by these names is part of itself.
        has_name = match parts.next() {
            None | Some("status" | "finalize") => true,
            Some(_) => parts.next().is_some(),
        };
    }
    Some(match method {
        _ if is_old_watch => "watch",
        "GET" | "HEAD" if has_name => "get",
        "GET" | "HEAD" if is_watch(query) => "watch",
        "GET" | "HEAD" => "list",
        "POST" => "create",
        "PUT" => "update",
        "PATCH" => "patch",
        "DELETE" if has_name => "delete",
        "DELETE" => "deletecollection",
        "OPTIONS" => "options",
        _ => return None,
    })
}

/// Whether `watch` is asked for. What is neither `0` nor `false` counts as yes:
/// so the rule is not narrower than the server's reading. An escaped name could
/// be read by the server alone, so it counts too.
fn is_watch(query: &str) -> bool {
    query.split('&').any(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let named = name == "watch" || name.contains('%') || name.contains('+');
        named && !matches!(value, "0" | "false")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verbs_are_those_of_kube_apiserver() {
        for (method, target, expected) in [
            ("GET", "/api/v1/namespaces", Some("list")),
            ("GET", "/api/v1/namespaces/default", Some("get")),
            ("GET", "/api/v1/namespaces?watch=true", Some("watch")),
            ("GET", "/api/v1/namespaces?watch=1", Some("watch")),
            ("GET", "/api/v1/namespaces?watch", Some("watch")),
            ("GET", "/api/v1/namespaces?watch=false", Some("list")),
            ("GET", "/api/v1/namespaces?w%61tch=true", Some("watch")),
            ("GET", "/api/v1/watch/namespaces", Some("watch")),
            ("HEAD", "/api/v1/pods", Some("list")),
            ("PUT", "/api/v1/namespaces/a/finalize", Some("update")),
            ("GET", "/api/v1/namespaces/a/pods", Some("list")),
            ("GET", "/api/v1/namespaces/a/pods/b", Some("get")),
            ("GET", "/api/v1/namespaces/a/pods/b/log", Some("get")),
            ("POST", "/api/v1/namespaces/a/pods", Some("create")),
            (
                "PATCH",
                "/apis/apps/v1/namespaces/a/deployments/b",
                Some("patch"),
            ),
            (
                "DELETE",
                "/apis/apps/v1/namespaces/a/deployments",
                Some("deletecollection"),
            ),
            ("DELETE", "/api/v1/namespaces/a", Some("delete")),
            ("DELETE", "/api/v1/nodes/n", Some("delete")),
            ("GET", "/apis/apps/v1", Some("get")),
            ("GET", "/apis", Some("get")),
            ("GET", "/version", Some("get")),
            ("POST", "/metrics", Some("post")),
            ("BREW", "/version", None),
            ("BREW", "/api/v1/pods", None),
        ] {
            let (path, query) = target.split_once('?').unwrap_or((target, ""));
            assert_eq!(verb(method, path, query), expected, "{method} {target}");
        }
    }
}
