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
/// `watch` in the query; of anything else the method in lower case. None for a
/// method that is neither; both `list` and `watch` where the query can be read in
/// two ways.
#[must_use]
pub fn verbs(method: &str, path: &str, query: &str) -> &'static [&'static str] {
    let mut parts = path.split('/').filter(|part| !part.is_empty());
    let is_resource = match parts.next() {
        Some("api") => parts.next().is_some(),
        Some("apis") => parts.next().and_then(|_| parts.next()).is_some(),
        _ => false,
    };
    let mut next = if is_resource { parts.next() } else { None };
    if next.is_none() {
        let mut all = VERBS.iter();
        let place = all.position(|verb| verb.eq_ignore_ascii_case(method));
        return place.map_or(&[], |place| &VERBS[place..=place]);
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
    match method {
        _ if is_old_watch => &["watch"],
        "GET" | "HEAD" if has_name => &["get"],
        "GET" | "HEAD" => match is_watch(query) {
            Some(true) => &["watch"],
            Some(false) => &["list"],
            None => &["list", "watch"],
        },
        "POST" => &["create"],
        "PUT" => &["update"],
        "PATCH" => &["patch"],
        "DELETE" if has_name => &["delete"],
        "DELETE" => &["deletecollection"],
        "OPTIONS" => &["options"],
        _ => &[],
    }
}

/// Whether `watch` is asked for; `None` where readers may differ: it stands twice,
/// a name is escaped, or its value is neither yes nor no.
fn is_watch(query: &str) -> Option<bool> {
    let mut found = Some(false);
    let mut seen = false;
    for pair in query.split('&') {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        if name.contains(['%', '+']) || name == "watch" && seen {
            return None;
        }
        if name == "watch" {
            seen = true;
            found = match value {
                "" | "1" | "true" => Some(true),
                "0" | "false" => Some(false),
                _ => None,
            };
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verbs_are_those_of_kube_apiserver() {
        for (method, target, expected) in [
            ("GET", "/api/v1/namespaces", &["list"][..]),
            ("GET", "/api/v1/namespaces/default", &["get"][..]),
            ("GET", "/api/v1/namespaces?watch=true", &["watch"][..]),
            ("GET", "/api/v1/namespaces?watch=1", &["watch"][..]),
            ("GET", "/api/v1/namespaces?watch", &["watch"][..]),
            ("GET", "/api/v1/namespaces?watch=false", &["list"][..]),
            (
                "GET",
                "/api/v1/namespaces?w%61tch=true",
                &["list", "watch"][..],
            ),
            (
                "GET",
                "/api/v1/namespaces?watch=0&watch=1",
                &["list", "watch"][..],
            ),
            (
                "GET",
                "/api/v1/namespaces?watch=False",
                &["list", "watch"][..],
            ),
            ("GET", "/api/v1/watch/namespaces", &["watch"][..]),
            ("HEAD", "/api/v1/pods", &["list"][..]),
            ("PUT", "/api/v1/namespaces/a/finalize", &["update"][..]),
            ("GET", "/api/v1/namespaces/a/pods", &["list"][..]),
            ("GET", "/api/v1/namespaces/a/pods/b", &["get"][..]),
            ("GET", "/api/v1/namespaces/a/pods/b/log", &["get"][..]),
            ("POST", "/api/v1/namespaces/a/pods", &["create"][..]),
            (
                "PATCH",
                "/apis/apps/v1/namespaces/a/deployments/b",
                &["patch"][..],
            ),
            (
                "DELETE",
                "/apis/apps/v1/namespaces/a/deployments",
                &["deletecollection"][..],
            ),
            ("DELETE", "/api/v1/namespaces/a", &["delete"][..]),
            ("DELETE", "/api/v1/nodes/n", &["delete"][..]),
            ("GET", "/apis/apps/v1", &["get"][..]),
            ("GET", "/apis", &["get"][..]),
            ("GET", "/version", &["get"][..]),
            ("POST", "/metrics", &["post"][..]),
            ("BREW", "/version", &[][..]),
            ("BREW", "/api/v1/pods", &[][..]),
        ] {
            let (path, query) = target.split_once('?').unwrap_or((target, ""));
            assert_eq!(verbs(method, path, query), expected, "{method} {target}");
        }
    }
}
