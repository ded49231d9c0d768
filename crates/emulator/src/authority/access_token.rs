//! What an access token says: the claims of Entra's tokens of version 1.0
//! (Microsoft Learn, "Access token claims reference"), which is the version AKS
//! gets.

use std::time::Duration;

use serde_json::{Map, Value};

use crate::guid;
use crate::issuer::{Claims, unix_now};

/// Who a token is issued by in a tenant; the same in all of Azure's public
/// cloud, wherever the token was asked for.
pub(crate) fn issuer(tenant: &str) -> String {
    format!("https://sts.windows.net/{tenant}/")
}

/// The object ID of an application's service principal: always the same, as in
/// a real directory, so that role bindings hold.
pub(crate) fn object_id(tenant: &str, client_id: &str) -> String {
    guid::of(&format!("{tenant}/{client_id}").to_ascii_lowercase())
}

/// Claims of a token issued now for `resource`.
pub(crate) fn claims(
    tenant: &str,
    client_id: &str,
    resource: &str,
    groups: &[String],
    lifetime: Duration,
) -> Claims {
    let now = unix_now();
    let lifetime = i64::try_from(lifetime.as_secs()).unwrap_or(i64::MAX);
    let object_id = object_id(tenant, client_id);
    let claims = Claims::of(Map::new())
        .issuer(&issuer(tenant))
        .subject(&object_id)
        .issued_at(now)
        .not_before(now - 300)
        .expires_on(now.saturating_add(lifetime))
        .set("aud", resource)
        .set("appid", client_id)
        .set("appidacr", "2")
        .set("idtyp", "app")
        .set("oid", object_id)
        .set("tid", tenant)
        .set("uti", guid::random())
        .set("ver", "1.0");
    if groups.is_empty() {
        return claims;
    }
    // Only there if the application's manifest asks for them.
    let groups: Vec<Value> = groups.iter().map(|id| Value::from(id.as_str())).collect();
    claims.set("groups", groups)
}
