//! Clouds and authorities.

use keyhole_exchange::cloud::{AuthorityFault, AuthorityHost, Cloud, KNOWN_AUTHORITIES, Scheme};
use proptest::prelude::*;

#[test]
fn every_alias_means_its_cloud_in_any_case() {
    for (name, host) in [
        ("AzurePublicCloud", "login.microsoftonline.com"),
        ("AzureCloud", "login.microsoftonline.com"),
        ("AzurePublic", "login.microsoftonline.com"),
        ("AzureUSGovernment", "login.microsoftonline.us"),
        ("AzureUSGovernmentCloud", "login.microsoftonline.us"),
        ("AzureGovernment", "login.microsoftonline.us"),
        ("AzureChinaCloud", "login.chinacloudapi.cn"),
        ("AzureChina", "login.chinacloudapi.cn"),
    ] {
        for spelling in [name.to_owned(), name.to_lowercase(), name.to_uppercase()] {
            let cloud = Cloud::named(&spelling).unwrap_or_else(|| panic!("{spelling}"));
            assert_eq!(cloud.authority().host(), host, "{spelling}");
            assert!(cloud.authority().is_known());
        }
    }
}

#[test]
fn an_unknown_cloud_is_no_cloud() {
    for name in [
        "",
        "Azure",
        "AzureGermanCloud",
        "AzureStackCloud",
        "AzurePublicCloud ",
    ] {
        assert_eq!(Cloud::named(name), None, "{name}");
    }
}

#[test]
fn an_authority_has_one_spelling() {
    for (text, url) in [
        (
            "login.microsoftonline.com",
            "https://login.microsoftonline.com/",
        ),
        (
            "https://login.microsoftonline.com",
            "https://login.microsoftonline.com/",
        ),
        (
            "https://login.microsoftonline.com/",
            "https://login.microsoftonline.com/",
        ),
        (
            "HTTPS://Login.MicrosoftOnline.COM:443/",
            "https://login.microsoftonline.com/",
        ),
        ("login.example:8443", "https://login.example:8443/"),
        ("login.example:0443", "https://login.example/"),
        ("https://10.0.0.7", "https://10.0.0.7/"),
        ("https://[::1]:8443/", "https://[::1]:8443/"),
        ("[2001:DB8:0::1]", "https://[2001:db8::1]/"),
        ("http://localhost:80", "http://localhost/"),
        ("http://127.8.9.10:8080/", "http://127.8.9.10:8080/"),
        ("http://[::1]:8080", "http://[::1]:8080/"),
        ("xn--80ak6aa92e.example", "https://xn--80ak6aa92e.example/"),
    ] {
        let authority = AuthorityHost::parse(text).unwrap_or_else(|e| panic!("{text}: {e}"));
        assert_eq!(authority.url(), url, "{text}");
    }
}

#[test]
fn what_is_more_than_a_host_is_refused() {
    use AuthorityFault as F;
    for (text, fault) in [
        ("", F::Empty),
        ("https://", F::Empty),
        ("https://:443", F::Empty),
        ("ftp://login.example", F::Scheme),
        ("https://user@login.example", F::UserInfo),
        ("https://user:password@login.example", F::UserInfo),
        ("https://login.example/tenant", F::Path),
        ("https://login.example//", F::Path),
        ("https://login.example\\tenant", F::Path),
        ("https://login.example/?a", F::Query),
        ("https://login.example?a", F::Query),
        ("https://login.example/#a", F::Fragment),
        ("https://login.example.", F::EmptyLabel),
        ("https://login..example", F::EmptyLabel),
        ("https://-login.example", F::Label),
        ("https://login-.example", F::Label),
        ("https://lоgin.example", F::Character('о')),
        ("https://login example", F::Character(' ')),
        ("https://login_a.example", F::Character('_')),
        ("https://login.example\n", F::Character('\n')),
        ("https://login%2eexample", F::Character('%')),
        ("https://login.example:", F::Port),
        ("https://login.example:0", F::Port),
        ("https://login.example:65536", F::Port),
        ("https://login.example:+443", F::Port),
        ("https://login.example:44x", F::Port),
        ("https://127.1", F::IpAddress),
        ("https://0x7f000001", F::IpAddress),
        ("https://2130706433", F::IpAddress),
        ("https://010.0.0.1", F::IpAddress),
        ("https://::1", F::IpAddress),
        ("https://[::1", F::IpAddress),
        ("https://[fe80::1%25eth0]", F::IpAddress),
        ("https://[::1]x", F::IpAddress),
        ("https://[127.0.0.1]", F::IpAddress),
        ("http://login.example", F::PlainHttp),
        ("http://10.0.0.7", F::PlainHttp),
        ("http://localhost.example", F::PlainHttp),
        ("http://[::ffff:127.0.0.1]", F::PlainHttp),
    ] {
        assert_eq!(AuthorityHost::parse(text), Err(fault), "{text:?}");
    }
}

#[test]
fn an_authority_is_known_by_name_with_tls_and_the_usual_port() {
    for host in KNOWN_AUTHORITIES {
        assert!(AuthorityHost::parse(host).unwrap().is_known(), "{host}");
    }
    for other in [
        "login.microsoftonline.com:8443",
        "login.microsoftonline.com.example",
        "westeurope.login.microsoft.com",
        "10.0.0.7",
    ] {
        assert!(!AuthorityHost::parse(other).unwrap().is_known(), "{other}");
    }
}

#[test]
fn loopback_is_by_name_or_address() {
    for (text, loopback) in [
        ("localhost", true),
        ("LOCALHOST:8443", true),
        ("127.0.0.1", true),
        ("127.255.255.254", true),
        ("[::1]", true),
        ("128.0.0.1", false),
        ("[::2]", false),
        ("localhost.example", false),
    ] {
        let authority = AuthorityHost::parse(text).unwrap();
        assert_eq!(authority.is_loopback(), loopback, "{text}");
    }
}

#[test]
fn an_ipv6_host_has_brackets_in_urls_alone() {
    let authority = AuthorityHost::parse("https://[2001:db8::1]:8443").unwrap();
    assert_eq!(authority.host(), "2001:db8::1");
    assert_eq!(authority.authority(), "[2001:db8::1]:8443");
    assert_eq!(authority.port(), Some(8443));
    assert_eq!(authority.effective_port(), 8443);
    assert_eq!(authority.scheme(), Scheme::Https);
}

proptest! {
    #[test]
    fn any_text_is_an_authority_or_refused(text in ".{0,40}") {
        if let Ok(authority) = AuthorityHost::parse(&text) {
            prop_assert_eq!(AuthorityHost::parse(&authority.url()), Ok(authority));
        }
    }

    #[test]
    fn what_looks_like_a_url_is_too(
        text in "(https?://)?[a-zA-Z0-9.:@/\\[\\]-]{0,24}",
    ) {
        if let Ok(authority) = AuthorityHost::parse(&text) {
            prop_assert_eq!(AuthorityHost::parse(&authority.url()), Ok(authority));
        }
    }
}
