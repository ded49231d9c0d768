//! What there is to ask for (kubernetes.io, "Kubernetes API"; `/openapi/` is not
//! served: kubectl does without when it need not validate).

use serde_json::{Value, json};

use super::kinds::KINDS;

/// The version it says it is.
const VERSION: (&str, &str, &str) = ("1", "33", "v1.33.0-emulator");
/// The group and version of SelfSubjectReview.
pub(super) const AUTHENTICATION: &str = "authentication.k8s.io/v1";

/// The document at a path.
pub(super) fn document(path: &str) -> Option<Value> {
    let (major, minor, version) = VERSION;
    Some(match path {
        "/version" => json!({ "major": major, "minor": minor, "gitVersion": version }),
        "/api" => json!({ "kind": "APIVersions", "versions": ["v1"] }),
        "/apis" => {
            let version = json!({ "groupVersion": AUTHENTICATION, "version": "v1" });
            json!({
                "kind": "APIGroupList", "apiVersion": "v1",
                "groups": [{
                    "name": "authentication.k8s.io",
                    "versions": [version.clone()],
                    "preferredVersion": version,
                }],
            })
        }
        "/api/v1" => {
            let resources = KINDS.iter().map(|kind| {
                json!({
                    "name": kind.plural, "singularName": kind.singular,
                    "shortNames": [kind.short], "namespaced": kind.namespaced,
                    "kind": kind.name,
                    "verbs": ["create", "delete", "get", "list", "patch", "update", "watch"],
                })
            });
            json!({
                "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": "v1",
                "resources": resources.collect::<Vec<_>>(),
            })
        }
        "/apis/authentication.k8s.io/v1" => json!({
            "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": AUTHENTICATION,
            "resources": [{
                "name": "selfsubjectreviews", "singularName": "selfsubjectreview",
                "namespaced": false, "kind": "SelfSubjectReview", "verbs": ["create"],
            }],
        }),
        _ => return None,
    })
}
