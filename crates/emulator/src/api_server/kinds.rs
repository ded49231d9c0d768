//! The kinds of objects there are, and where they are (kubernetes.io, "API
//! concepts", resource URIs).

/// A kind of the core group.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Kind {
    pub(super) name: &'static str,
    pub(super) plural: &'static str,
    pub(super) singular: &'static str,
    pub(super) short: &'static str,
    pub(super) namespaced: bool,
}

const NAMESPACE: Kind = Kind {
    name: "Namespace",
    plural: "namespaces",
    singular: "namespace",
    short: "ns",
    namespaced: false,
};

/// All of them.
pub(super) const KINDS: [Kind; 3] = [
    NAMESPACE,
    Kind {
        name: "ConfigMap",
        plural: "configmaps",
        singular: "configmap",
        short: "cm",
        namespaced: true,
    },
    Kind {
        name: "Pod",
        plural: "pods",
        singular: "pod",
        short: "po",
        namespaced: true,
    },
];

impl Kind {
    fn by_plural(plural: &str) -> Option<&'static Self> {
        KINDS.iter().find(|kind| kind.plural == plural)
    }
}

/// What a path names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place<'a> {
    pub(super) kind: &'static Kind,
    /// None: all of them, or objects that are in none.
    pub(super) namespace: Option<&'a str>,
    /// None: the collection.
    pub(super) name: Option<&'a str>,
    /// Whether it is the log of that pod.
    pub(super) log: bool,
}

impl<'a> Place<'a> {
    /// The one of a path.
    pub(super) fn of(path: &'a str) -> Option<Self> {
        let path = path.strip_prefix("/api/v1/")?;
        let segments: Vec<&str> = path.split('/').collect();
        let (plural, namespace, name, log) = match segments[..] {
            [plural] => (plural, None, None, false),
            ["namespaces", name] => ("namespaces", None, Some(name), false),
            ["namespaces", namespace, plural] => (plural, Some(namespace), None, false),
            ["namespaces", namespace, plural, name] => (plural, Some(namespace), Some(name), false),
            ["namespaces", namespace, "pods", name, "log"] => {
                ("pods", Some(namespace), Some(name), true)
            }
            _ => return None,
        };
        let kind = Kind::by_plural(plural)?;
        let whole = !segments.contains(&"") && (kind.namespaced || namespace.is_none());
        whole.then_some(Self {
            kind,
            namespace,
            name,
            log,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_name_collections_objects_and_logs() {
        let place = |path| {
            Place::of(path).map(|place| (place.kind.plural, place.namespace, place.name, place.log))
        };
        for (path, expected) in [
            ("/api/v1/namespaces", ("namespaces", None, None, false)),
            (
                "/api/v1/namespaces/a",
                ("namespaces", None, Some("a"), false),
            ),
            ("/api/v1/pods", ("pods", None, None, false)),
            (
                "/api/v1/namespaces/a/pods",
                ("pods", Some("a"), None, false),
            ),
            (
                "/api/v1/namespaces/a/configmaps/b",
                ("configmaps", Some("a"), Some("b"), false),
            ),
            (
                "/api/v1/namespaces/a/pods/b/log",
                ("pods", Some("a"), Some("b"), true),
            ),
        ] {
            assert_eq!(place(path), Some(expected), "{path}");
        }
        for path in [
            "/api/v1/",
            "/api/v1/secrets",
            "/api/v1/namespaces/",
            "/api/v1/namespaces/a/namespaces",
            "/api/v1/namespaces//pods",
            "/api/v1/namespaces/a/configmaps/b/log",
            "/api/v1/namespaces/a/pods/b/exec",
        ] {
            assert_eq!(place(path), None, "{path}");
        }
    }
}
