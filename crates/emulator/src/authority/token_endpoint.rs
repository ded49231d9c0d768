//! The checks of a token request, in the order Entra makes them as far as it
//! shows it.

use http::request::Parts;

use super::Authority;
use super::assertion::Judge;
use super::directory::Lookup;
use super::form;
use super::refusal::Refusal;
use crate::config::Strictness;
use crate::issuer::unix_now;

/// What a granted request gets a token for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Grant {
    pub(super) tenant: String,
    pub(super) client_id: String,
    /// The scope without `/.default`, `aud` of the token.
    pub(super) resource: String,
}

/// The only content type of a form (RFC 6749, section 4.4.2).
const FORM: &str = "application/x-www-form-urlencoded";
/// The grant (RFC 6749, section 4.4).
const GRANT_TYPE: &str = "client_credentials";
/// The kind of assertion (RFC 7523, section 2.2).
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// Fields that have to be there, once each.
const REQUIRED: [&str; 5] = [
    "grant_type",
    "client_id",
    "scope",
    "client_assertion_type",
    "client_assertion",
];
/// Scopes MSAL for Go adds to the one it was asked for.
const OIDC_SCOPES: [&str; 3] = ["openid", "offline_access", "profile"];

/// Tenant names that stand for many tenants; an application cannot get a token
/// of its own from them (AADSTS9001023).
const SHARED_TENANTS: [&str; 3] = ["common", "organizations", "consumers"];

/// The tenant of a token endpoint's path, if it is one.
pub(super) fn tenant_of(path: &str) -> Option<&str> {
    let tenant = path.strip_prefix('/')?.strip_suffix("/oauth2/v2.0/token")?;
    (!tenant.is_empty() && !tenant.contains('/')).then_some(tenant)
}

/// Grants the request or says why not.
pub(super) fn check(
    authority: &Authority,
    head: &Parts,
    tenant: &str,
    body: &[u8],
) -> Result<Grant, Refusal> {
    if head.method != http::Method::POST {
        return Err(Refusal::method(head.method.as_str()));
    }
    let strictness = authority.config.strictness;
    if head.uri.query().is_some() && strictness == Strictness::Exact {
        return Err(Refusal::malformed());
    }
    if SHARED_TENANTS.contains(&tenant.to_ascii_lowercase().as_str()) {
        return Err(Refusal::by_code(9_001_023));
    }
    check_content_type(head)?;
    let fields = Fields::read(body, strictness)?;
    if fields.get("grant_type") != GRANT_TYPE {
        return Err(Refusal::grant_type(fields.get("grant_type")));
    }
    if fields.get("client_assertion_type") != ASSERTION_TYPE {
        return Err(Refusal::malformed());
    }
    let client_id = fields.get("client_id");
    let federations = match authority.look_up(tenant, client_id) {
        Lookup::NoTenant => return Err(Refusal::tenant_not_found(tenant)),
        Lookup::NoApplication => return Err(Refusal::app_not_found(client_id, tenant)),
        Lookup::Application(none) if none.is_empty() => {
            return Err(Refusal::no_credential(client_id));
        }
        Lookup::Application(some) => some,
    };
    let resource = resource(fields.get("scope"), strictness)?;
    Judge {
        federations: &federations,
        issuer: &authority.issuer,
        now: unix_now(),
        skew: i64::try_from(authority.config.clock_skew.as_secs()).unwrap_or(i64::MAX),
    }
    .check(fields.get("client_assertion"))?;
    if !authority
        .config
        .resources
        .iter()
        .any(|known| known == resource)
    {
        return Err(Refusal::resource(resource, tenant));
    }
    Ok(Grant {
        tenant: tenant.to_owned(),
        client_id: client_id.to_owned(),
        resource: resource.to_owned(),
    })
}

/// A body of any other type is not read, so its first field is missing.
fn check_content_type(head: &Parts) -> Result<(), Refusal> {
    let mut given = head.headers.get_all(http::header::CONTENT_TYPE).iter();
    let value = given
        .next()
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let (kind, parameters) = value
        .split_once(';')
        .map_or((value, None), |(kind, rest)| (kind, Some(rest)));
    let utf8 =
        parameters.is_none_or(|parameters| parameters.trim().eq_ignore_ascii_case("charset=utf-8"));
    if !kind.trim().eq_ignore_ascii_case(FORM) {
        Err(Refusal::missing("grant_type"))
    } else if given.next().is_some() || !utf8 {
        Err(Refusal::malformed())
    } else {
        Ok(())
    }
}

/// What MSAL sends besides: for Go `client_info`, for JavaScript its telemetry
/// headers as fields.
fn is_sdk_field(name: &str) -> bool {
    const NAMES: [&str; 3] = ["client_info", "client-request-id", "x-ms-lib-capability"];
    NAMES.contains(&name) || name.starts_with("x-client-") || name.starts_with("x-app-")
}

/// The form, once every field is known to be there once.
struct Fields(Vec<(String, String)>);

impl Fields {
    fn read(body: &[u8], strictness: Strictness) -> Result<Self, Refusal> {
        let fields = form::fields(body).ok_or_else(Refusal::malformed)?;
        for (index, (name, _)) in fields.iter().enumerate() {
            let known = REQUIRED.contains(&name.as_str())
                || name == "claims"
                || (strictness == Strictness::Sdk && is_sdk_field(name));
            let again = fields[..index].iter().any(|(earlier, _)| earlier == name);
            if !known || again {
                return Err(Refusal::malformed());
            }
        }
        for name in REQUIRED {
            if fields
                .iter()
                .all(|(given, value)| given != name || value.is_empty())
            {
                return Err(match name {
                    "client_assertion" => Refusal::by_code(7_000_218),
                    _ => Refusal::missing(name),
                });
            }
        }
        Ok(Self(fields))
    }

    fn get(&self, name: &str) -> &str {
        self.0
            .iter()
            .find(|(given, _)| given == name)
            .map_or("", |(_, value)| value)
    }
}

/// The application a scope is for: one scope, ending in `/.default`.
fn resource(scope: &str, strictness: Strictness) -> Result<&str, Refusal> {
    let optional = |name: &&str| strictness == Strictness::Sdk && OIDC_SCOPES.contains(name);
    let mut scopes = scope.split(' ').filter(|name| !optional(name));
    let (Some(only), None) = (scopes.next(), scopes.next()) else {
        return Err(Refusal::scope(scope));
    };
    match only.strip_suffix("/.default") {
        Some("") => Err(Refusal::scope(scope)),
        Some(resource) => Ok(resource),
        None => Err(Refusal::scope_suffix(only)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_token_endpoints_path_has_a_tenant() {
        assert_eq!(tenant_of("/t/oauth2/v2.0/token"), Some("t"));
        for path in [
            "/oauth2/v2.0/token",
            "//oauth2/v2.0/token",
            "/a/b/oauth2/v2.0/token",
            "/t/oauth2/v2.0/token/",
            "/t/oauth2/token",
            "/t/OAuth2/v2.0/token",
            "t/oauth2/v2.0/token",
        ] {
            assert_eq!(tenant_of(path), None, "{path}");
        }
    }

    #[test]
    fn a_scope_names_one_resource_and_ends_in_default() {
        assert_eq!(
            resource("api://x/.default", Strictness::Exact).unwrap(),
            "api://x"
        );
        for (scope, code) in [
            ("x", 1_002_012),
            ("x/.default y/.default", 70_011),
            ("/.default", 70_011),
            ("x/.default ", 70_011),
            ("x/.default openid", 70_011),
            ("x/user.read", 1_002_012),
        ] {
            assert_eq!(
                resource(scope, Strictness::Exact).unwrap_err().code,
                code,
                "{scope}"
            );
        }
    }

    #[test]
    fn what_msal_for_go_adds_to_a_scope_is_ignored_for_sdks() {
        assert_eq!(
            resource("x/.default openid offline_access profile", Strictness::Sdk).unwrap(),
            "x"
        );
        assert_eq!(
            resource("x/.default email", Strictness::Sdk)
                .unwrap_err()
                .code,
            70_011
        );
    }
}
