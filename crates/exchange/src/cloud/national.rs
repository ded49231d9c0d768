//! National clouds: what to say when a tenant is in another cloud than the one
//! that was asked.
//!
//! The host alone has a use for it: nothing here is linked into the component.

use alloc::string::String;

use super::{AuthorityHost, Cloud};
use crate::text::{said, say};

/// The authorities of each cloud, aliases included, as the reply of instance
/// discovery lists them.
const CLOUDS: [(Cloud, &[&str]); 3] = [
    (
        Cloud::Public,
        &[
            "login.microsoftonline.com",
            "login.windows.net",
            "login.microsoft.com",
            "sts.windows.net",
        ],
    ),
    (
        Cloud::UsGovernment,
        &[
            "login.microsoftonline.us",
            "login.usgovcloudapi.net",
            "login-us.microsoftonline.com",
        ],
    ),
    (
        Cloud::China,
        &["login.chinacloudapi.cn", "login.partner.microsoftonline.cn"],
    ),
];

/// Codes of a tenant that is in another cloud, for certain or perhaps.
const ELSEWHERE: [u32; 4] = [90002, 90038, 900_382, 900_432];

/// The code of an audience that no federated credential has.
const AUDIENCE: u32 = 700_212;

/// Before the name of the tenant's cloud in the description of AADSTS90038
/// (Microsoft Learn, reference-error-codes).
const BELONGS_TO: &str = "National Cloud '";

impl Cloud {
    /// The usual audience of federated credentials in this cloud (Microsoft
    /// Learn, "Configure an application to trust a managed identity"; MSAL for
    /// .NET has the same).
    #[must_use]
    pub const fn token_exchange_audience(self) -> &'static str {
        match self {
            Self::Public => "api://AzureADTokenExchange",
            Self::UsGovernment => "api://AzureADTokenExchangeUSGov",
            Self::China => "api://AzureADTokenExchangeChina",
        }
    }

    /// The first of its names.
    fn usual_name(self) -> &'static str {
        self.names().first().copied().unwrap_or_default()
    }

    /// The cloud that an answer of the authority names, by its
    /// `cloud_instance_name`.
    fn instance(name: &str) -> Option<Self> {
        let instances = [
            ("microsoftonline.com", Self::Public),
            ("microsoftonline.us", Self::UsGovernment),
            ("partner.microsoftonline.cn", Self::China),
            ("chinacloudapi.cn", Self::China),
        ];
        instances
            .into_iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, cloud)| cloud)
            .or_else(|| Self::named(name))
    }
}

impl AuthorityHost {
    /// The cloud whose authority it is, by its own name or an alias.
    #[must_use]
    pub fn cloud(&self) -> Option<Cloud> {
        CLOUDS
            .into_iter()
            .find(|(_, hosts)| self.is_known() && hosts.contains(&self.host()))
            .map(|(cloud, _)| cloud)
    }
}

/// What to do after a refusal that may be due to the choice of the cloud, in
/// sentences; none for other refusals. Of `description` nothing is repeated.
#[must_use]
pub fn advice(codes: &[u32], description: &str, authority: &AuthorityHost) -> Option<String> {
    let asked = authority.cloud();
    if codes.contains(&AUDIENCE) {
        let cloud = asked.filter(|cloud| *cloud != Cloud::Public)?;
        return Some(said!(
            "In ",
            cloud.usual_name(),
            " the audience may be ",
            cloud.token_exchange_audience(),
            "."
        ));
    }
    if !codes.iter().any(|code| ELSEWHERE.contains(code)) {
        return None;
    }
    let mut text = String::new();
    match asked {
        Some(cloud) => say!(&mut text, "Asked was ", cloud.usual_name()),
        None => say!(&mut text, "Asked was ", authority),
    }
    let named = description
        .split_once(BELONGS_TO)
        .and_then(|(_, rest)| rest.split_once('\''))
        .and_then(|(name, _)| Cloud::instance(name))
        .filter(|named| asked != Some(*named));
    if let Some(cloud) = named {
        say!(&mut text, "; by the answer the tenant is in ");
        way_to(&mut text, cloud);
        text.push('.');
        return Some(text);
    }
    text.push_str(". Other clouds: ");
    for cloud in Cloud::ALL.into_iter().filter(|other| asked != Some(*other)) {
        way_to(&mut text, cloud);
        text.push_str("; ");
    }
    text.push_str(
        "--authority-host login.sovcloud-identity.fr (Bleu), .de (Delos) or .sg (GovSG).",
    );
    Some(text)
}

fn way_to(text: &mut String, cloud: Cloud) {
    let authority = cloud.authority();
    say!(
        text,
        "--environment ",
        cloud.usual_name(),
        " (",
        authority,
        ")"
    );
}

/// Why a cloud that people ask for has no name here, and what to do: sentences
/// to stand before those of the settings' error.
#[must_use]
pub fn without_name(name: &str) -> Option<&'static str> {
    const CLOUDS: [(&str, &str); 6] = [
        ("german", "The German cloud was closed in 2021. "),
        (
            "stack",
            "Azure Stack with AD FS has no federated credentials; one with Entra ID uses that of its cloud. ",
        ),
        ("adfs", "AD FS has no federated credentials. "),
        ("bleu", "Give --authority-host login.sovcloud-identity.fr. "),
        (
            "delos",
            "Give --authority-host login.sovcloud-identity.de. ",
        ),
        (
            "govsg",
            "Give --authority-host login.sovcloud-identity.sg. ",
        ),
    ];
    let is_within = |part: &str| {
        name.as_bytes()
            .windows(part.len())
            .any(|window| window.eq_ignore_ascii_case(part.as_bytes()))
    };
    CLOUDS
        .into_iter()
        .find(|(part, _)| is_within(part))
        .map(|(_, text)| text)
}
