//! What there is: discovery, namespaces, and who one is (kubernetes.io,
//! "Kubernetes API"; `/openapi/` is not served, because no reading needs it).

use bytes::Bytes;
use http::Method;
use serde_json::{Value, json};

use super::authentication::User;
use crate::authority::answer::Answer;

/// The version it says it is.
const VERSION: (&str, &str, &str) = ("1", "33", "v1.33.0-emulator");
/// The namespaces of a new cluster.
const NAMESPACES: [&str; 4] = ["default", "kube-node-lease", "kube-public", "kube-system"];
/// When they were made: clients show it.
const CREATED: &str = "2026-01-01T00:00:00Z";
/// The group and version of SelfSubjectReview.
const AUTHENTICATION: &str = "authentication.k8s.io/v1";
const SELF_SUBJECT_REVIEWS: &str = "/apis/authentication.k8s.io/v1/selfsubjectreviews";

/// The answer to a request of somebody who was let in.
pub(super) fn answer(method: &Method, path: &str, body: Option<&Bytes>, user: &User) -> Answer {
    if path == SELF_SUBJECT_REVIEWS {
        return match (method, body.map(|body| is_review(body))) {
            (&Method::POST, Some(true)) => Answer::json(201, &review(user)),
            (&Method::POST, _) => failure(400, "BadRequest", "this is no SelfSubjectReview"),
            _ => failure(405, "MethodNotAllowed", "it can only be created"),
        };
    }
    match document(path) {
        Some(document) if method == Method::GET => Answer::json(200, &document),
        Some(_) => failure(405, "MethodNotAllowed", "the emulator can only be read"),
        None => failure(
            404,
            "NotFound",
            "the server could not find the requested resource",
        ),
    }
}

/// The answer to everybody else, in the API server's words.
pub(super) fn unauthorized() -> Answer {
    failure(401, "Unauthorized", "Unauthorized")
}

fn document(path: &str) -> Option<Value> {
    let (major, minor, version) = VERSION;
    let listed = || NAMESPACES.map(namespace);
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
        "/api/v1" => json!({
            "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": "v1",
            "resources": [{
                "name": "namespaces", "singularName": "namespace", "shortNames": ["ns"],
                "namespaced": false, "kind": "Namespace", "verbs": ["get", "list"],
            }],
        }),
        "/apis/authentication.k8s.io/v1" => json!({
            "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": AUTHENTICATION,
            "resources": [{
                "name": "selfsubjectreviews", "singularName": "selfsubjectreview",
                "namespaced": false, "kind": "SelfSubjectReview", "verbs": ["create"],
            }],
        }),
        "/api/v1/namespaces" => json!({
            "kind": "NamespaceList", "apiVersion": "v1",
            "metadata": { "resourceVersion": "1" },
            "items": listed(),
        }),
        _ => {
            let name = path.strip_prefix("/api/v1/namespaces/")?;
            let mut one = namespace(NAMESPACES.into_iter().find(|known| *known == name)?);
            one["kind"] = json!("Namespace");
            one["apiVersion"] = json!("v1");
            one
        }
    })
}

fn namespace(name: &str) -> Value {
    json!({
        "metadata": { "name": name, "resourceVersion": "1", "creationTimestamp": CREATED },
        "spec": { "finalizers": ["kubernetes"] },
        "status": { "phase": "Active" },
    })
}

/// Whether a body is a SelfSubjectReview, in JSON or in Kubernetes' protobuf
/// (kubectl's choice since 1.32), which starts with its type.
fn is_review(body: &[u8]) -> bool {
    const PROTOBUF: &[u8] =
        b"k8s\0\x0a\x2d\x0a\x18authentication.k8s.io/v1\x12\x11SelfSubjectReview";
    if body.starts_with(PROTOBUF) {
        return true;
    }
    serde_json::from_slice(body).is_ok_and(|review: Value| {
        review["kind"] == "SelfSubjectReview" && review["apiVersion"] == AUTHENTICATION
    })
}

fn review(user: &User) -> Value {
    json!({
        "kind": "SelfSubjectReview",
        "apiVersion": AUTHENTICATION,
        "metadata": { "creationTimestamp": null },
        "status": { "userInfo": { "username": user.name, "groups": user.groups } },
    })
}

fn failure(code: u16, reason: &str, message: &str) -> Answer {
    Answer::json(
        code,
        &json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {},
            "status": "Failure", "message": message, "reason": reason, "code": code,
        }),
    )
}
