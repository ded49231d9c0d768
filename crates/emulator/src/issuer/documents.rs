//! What an issuer publishes: discovery document and keys, at the paths the
//! Kubernetes API server uses (OpenID Connect Discovery 1.0).

use serde_json::json;

use super::Issuer;
use crate::authority::answer::Answer;

/// The answer to a request at the issuer's own listener.
pub(crate) fn answer(issuer: &Issuer, method: &str, path: &str) -> Answer {
    let document = match path {
        "/.well-known/openid-configuration" => json!({
            "issuer": issuer.url(),
            "jwks_uri": format!("{}/openid/v1/jwks", issuer.url().trim_end_matches('/')),
            "response_types_supported": ["id_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
        }),
        "/openid/v1/jwks" => issuer.key().jwks(),
        _ => return Answer::empty(404),
    };
    if method == "GET" {
        Answer::json(200, &document)
    } else {
        Answer::empty(405).header("allow", "GET")
    }
}
