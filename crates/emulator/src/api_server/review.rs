//! SelfSubjectReview: who one is (kubernetes.io, "Authenticating").

use serde_json::{Value, json};

use super::authentication::User;
use super::discovery::AUTHENTICATION;
use super::failure::Failure;

/// Where it is created.
pub(super) const PATH: &str = "/apis/authentication.k8s.io/v1/selfsubjectreviews";

/// The review that a body asks for.
pub(super) fn review(body: &[u8], user: &User) -> Result<Value, Failure> {
    if !is_review(body) {
        return Err(Failure::bad_request("this is no SelfSubjectReview"));
    }
    Ok(json!({
        "kind": "SelfSubjectReview",
        "apiVersion": AUTHENTICATION,
        "metadata": { "creationTimestamp": null },
        "status": { "userInfo": { "username": user.name, "groups": user.groups } },
    }))
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
