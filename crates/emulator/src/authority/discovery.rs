//! The documents Microsoft's libraries read before their first token request
//! (MSAL for Go asks for both; azure-identity for Python and Rust for none).

use serde_json::json;

use super::Authority;
use super::access_token;
use super::answer::Answer;

/// The discovery document at a path of the authority, if there is one.
/// `base` is the authority's own URL as this listener is reached, with slash.
pub(super) fn answer(authority: &Authority, path: &str, base: &str) -> Option<Answer> {
    if path == "/common/discovery/instance" {
        let host = base
            .split("://")
            .nth(1)
            .unwrap_or_default()
            .trim_end_matches('/');
        return Some(Answer::json(
            200,
            &json!({
                "tenant_discovery_endpoint":
                    format!("{base}{}/v2.0/.well-known/openid-configuration", authority.config.tenant),
                "api-version": "1.1",
                "metadata": [{ "preferred_network": host, "preferred_cache": host, "aliases": [host] }],
            }),
        ));
    }
    let (tenant, document) = path.strip_prefix('/')?.split_once('/')?;
    if !authority.has_tenant(tenant) {
        return None;
    }
    match document {
        "v2.0/.well-known/openid-configuration" => Some(Answer::json(
            200,
            &json!({
                "issuer": format!("{base}{tenant}/v2.0"),
                "authorization_endpoint": format!("{base}{tenant}/oauth2/v2.0/authorize"),
                "token_endpoint": format!("{base}{tenant}/oauth2/v2.0/token"),
                "token_endpoint_auth_methods_supported": ["private_key_jwt"],
                "jwks_uri": format!("{base}{tenant}/discovery/v2.0/keys"),
                "response_types_supported": ["code"],
                "subject_types_supported": ["pairwise"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "scopes_supported": ["openid", "profile", "offline_access"],
            }),
        )),
        // The issuer of access tokens of version 1.0 is another one.
        ".well-known/openid-configuration" => Some(Answer::json(
            200,
            &json!({
                "issuer": access_token::issuer(tenant),
                "authorization_endpoint": format!("{base}{tenant}/oauth2/authorize"),
                "token_endpoint": format!("{base}{tenant}/oauth2/token"),
                "jwks_uri": format!("{base}{tenant}/discovery/keys"),
                "response_types_supported": ["code", "id_token"],
                "subject_types_supported": ["pairwise"],
                "id_token_signing_alg_values_supported": ["RS256"],
            }),
        )),
        "discovery/keys" | "discovery/v2.0/keys" => {
            Some(Answer::json(200, &authority.sts.key().jwks()))
        }
        _ => None,
    }
}
