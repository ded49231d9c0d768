//! Ids, tenants and scopes.

use keyhole_exchange::identity::{ClientId, IdFault, Tenant, TenantFault};
use keyhole_exchange::scope::{Scope, ScopeFault};
use proptest::prelude::*;

#[test]
fn a_client_id_is_printable_ascii_without_space_and_quotes() {
    assert!(ClientId::parse("api://a/b?c=d").is_ok());
    assert!(ClientId::parse(&"x".repeat(256)).is_ok());
    assert_eq!(ClientId::parse(""), Err(IdFault::Empty));
    assert_eq!(ClientId::parse(&"x".repeat(257)), Err(IdFault::TooLong));
    for odd in [' ', '"', '\'', '`', '\n', '\u{7f}', 'é'] {
        assert_eq!(
            ClientId::parse(&format!("a{odd}b")),
            Err(IdFault::Character(odd))
        );
    }
}

#[test]
fn a_tenant_is_a_guid_or_a_domain() {
    for tenant in [
        "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
        "AAAAAAAA-BBBB-CCCC-DDDD-EEEEEEEEEEEE",
        "contoso.onmicrosoft.com",
        "a.b",
        "xn--bcher-kva.example",
    ] {
        assert_eq!(Tenant::parse(tenant).unwrap().as_str(), tenant);
    }
    for tenant in ["common", "Organizations", "CONSUMERS", "adfs"] {
        assert_eq!(
            Tenant::parse(tenant),
            Err(TenantFault::Reserved),
            "{tenant}"
        );
    }
    let long = format!("{}.example", "a.".repeat(130));
    for tenant in [
        "",
        "contoso",
        "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeee",
        "gaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
        "{aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee}",
        "contoso.com.",
        ".contoso.com",
        "con_toso.com",
        "-contoso.com",
        "contoso.com/../x",
        "contoso.com?x",
        "contoso%2ecom",
        "contöso.com",
        &long,
    ] {
        assert_eq!(
            Tenant::parse(tenant),
            Err(TenantFault::NeitherGuidNorName),
            "{tenant}"
        );
    }
}

#[test]
fn a_server_id_becomes_its_default_scope() {
    for (id, scope) in [
        ("server", "server/.default"),
        ("server/", "server/.default"),
        ("api://server", "api://server/.default"),
        ("server/.default", "server/.default"),
        ("server/.default/", "server/.default"),
        (
            "https://vault.azure.net//",
            "https://vault.azure.net//.default",
        ),
    ] {
        assert_eq!(Scope::of_server(id).unwrap().as_str(), scope, "{id}");
    }
    assert_eq!(Scope::of_server("/"), Err(ScopeFault::Empty));
    assert_eq!(Scope::of_server("a b"), Err(ScopeFault::Character(' ')));
    assert_eq!(Scope::of_server(&"x".repeat(256)), Err(ScopeFault::TooLong));
    assert_eq!(
        Scope::aks().as_str(),
        "6dae42f8-4368-4678-94ff-3960e28e3630/.default"
    );
}

#[test]
fn a_scope_is_taken_verbatim() {
    for scope in ["a", "a/", "a b", "https://x/.default openid"] {
        assert_eq!(Scope::parse(scope).unwrap().as_str(), scope);
    }
    for (scope, fault) in [
        ("", ScopeFault::Empty),
        ("  ", ScopeFault::Empty),
        (" a", ScopeFault::Character(' ')),
        ("a  b", ScopeFault::Character(' ')),
        ("a\"b", ScopeFault::Character('"')),
        ("a\\b", ScopeFault::Character('\\')),
        ("a\nb", ScopeFault::Character('\n')),
        ("aéb", ScopeFault::Character('é')),
    ] {
        assert_eq!(Scope::parse(scope), Err(fault), "{scope:?}");
    }
}

proptest! {
    #[test]
    fn a_tenant_is_one_path_segment(text in ".{0,60}") {
        if let Ok(tenant) = Tenant::parse(&text) {
            prop_assert!(tenant
                .as_str()
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.'));
            prop_assert!(tenant.as_str() != "." && tenant.as_str() != "..");
        }
    }

    #[test]
    fn a_server_scope_is_a_scope_that_ends_with_default(text in "[ -~]{0,300}") {
        if let Ok(scope) = Scope::of_server(&text) {
            prop_assert!(scope.as_str().ends_with("/.default"));
            prop_assert_eq!(Scope::parse(scope.as_str()), Ok(scope));
        }
    }
}
