//! National clouds: authorities, audiences, and what to do in the wrong one.

use keyhole_exchange::cloud::{
    AuthorityFault, AuthorityHost, Cloud, KNOWN_AUTHORITIES, advice, without_name,
};

/// The text of AADSTS90038 as Microsoft's reference of error codes has it.
const NATIONAL: &str = "AADSTS90038: The specified tenant 'contoso' belongs to the National Cloud 'MicrosoftOnline.US'. Current cloud instance 'MicrosoftOnline.COM' does not federate with MicrosoftOnline.US.";

fn authority(host: &str) -> AuthorityHost {
    AuthorityHost::parse(host).expect("an authority")
}

#[test]
fn every_known_authority_is_of_a_cloud_or_of_one_without_a_name() {
    for host in KNOWN_AUTHORITIES {
        let cloud = match host {
            _ if host.starts_with("login.sovcloud-identity.") => None,
            _ if host.ends_with(".cn") => Some(Cloud::China),
            "login.microsoftonline.us"
            | "login.usgovcloudapi.net"
            | "login-us.microsoftonline.com" => Some(Cloud::UsGovernment),
            _ => Some(Cloud::Public),
        };
        assert_eq!(authority(host).cloud(), cloud, "{host}");
    }
    for host in ["login.microsoftonline.us:8443", "localhost"] {
        assert_eq!(authority(host).cloud(), None, "{host}");
    }
    for cloud in Cloud::ALL {
        assert_eq!(cloud.authority().cloud(), Some(cloud));
    }
}

#[test]
fn the_authority_of_the_closed_cloud_is_refused() {
    for text in [
        "login.microsoftonline.de",
        "https://LOGIN.microsoftonline.de/",
    ] {
        assert_eq!(AuthorityHost::parse(text), Err(AuthorityFault::Closed));
    }
}

#[test]
fn people_read_what_to_do_in_the_wrong_cloud() {
    let mut texts = String::new();
    for (codes, description, host) in [
        (&[90002][..], "", "login.microsoftonline.com"),
        (&[90002], "", "login.partner.microsoftonline.cn"),
        (&[90038], NATIONAL, "sts.windows.net"),
        (&[90038], "another text", "login.microsoftonline.com"),
        (&[900_382], "", "login.microsoftonline.us"),
        (&[900_432], "", "login.sovcloud-identity.fr"),
        (&[900_382], "", "login.example:8443"),
        (&[700_212], "", "login.chinacloudapi.cn"),
        (&[700_212], "", "login.usgovcloudapi.net"),
    ] {
        let said = advice(codes, description, &authority(host)).expect("advice");
        texts += &format!("{host} {codes:?}\n  {said}\n");
    }
    insta::assert_snapshot!("wrong_cloud", texts);
}

#[test]
fn an_answer_s_cloud_is_believed_only_if_it_is_another_one_and_known() {
    let public = authority("login.microsoftonline.com");
    let generic = advice(&[90038], "", &public);
    for name in [
        "microsoftonline.com",
        "evil.example",
        "",
        "AzurePublicCloud",
    ] {
        let text = format!("belongs to the National Cloud '{name}'.");
        assert_eq!(advice(&[90038], &text, &public), generic, "{name}");
    }
    for name in [
        "partner.MicrosoftOnline.cn",
        "chinacloudapi.cn",
        "azurechina",
    ] {
        let text = format!("belongs to the National Cloud '{name}'.");
        let said = advice(&[90038], &text, &public).expect("advice");
        assert!(
            said.contains("the tenant is in --environment AzureChinaCloud"),
            "{said}"
        );
    }
}

#[test]
fn other_refusals_are_not_about_the_cloud() {
    let public = authority("login.microsoftonline.com");
    assert_eq!(advice(&[700_213], NATIONAL, &public), None);
    assert_eq!(advice(&[], NATIONAL, &public), None);
    assert_eq!(advice(&[700_212], "", &public), None);
}

#[test]
fn a_cloud_without_a_name_is_told_why() {
    for (name, part) in [
        ("AzureGermanCloud", "closed"),
        ("AZURESTACKCLOUD", "Azure Stack"),
        ("adfs", "AD FS"),
        ("BleuCloud", "login.sovcloud-identity.fr"),
        ("DelosCloud", "login.sovcloud-identity.de"),
        ("GovSGCloud", "login.sovcloud-identity.sg"),
    ] {
        assert_eq!(Cloud::named(name), None, "{name}");
        let said = without_name(name).unwrap_or_else(|| panic!("{name}"));
        assert!(said.contains(part), "{said}");
    }
    for name in ["", "Azure", "Mars"] {
        assert_eq!(without_name(name), None, "{name}");
    }
}
