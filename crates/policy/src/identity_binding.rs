//! AKS identity binding: a token proxy in the cluster is asked in the place of
//! the authority.
//!
//! The variables and their rules are those of azidentity for Go
//! (`internal/customtokenproxy`, with `EnableAzureProxy`): on by presence of
//! [`TOKEN_PROXY`]; https only, without user, query or fragment; the token
//! request's path goes after the URL's own. See Microsoft Learn, "Identity
//! bindings on AKS".

use crate::place::{host_and_port, port_number};
use crate::target::Target;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::net::Ipv4Addr;

/// URL of the token proxy.
pub const TOKEN_PROXY: &str = "AZURE_KUBERNETES_TOKEN_PROXY";
/// The name that its certificate must prove, and that TLS asks for.
pub const SNI_NAME: &str = "AZURE_KUBERNETES_SNI_NAME";
/// File of the roots that prove it, in place of the system's.
pub const CA_FILE: &str = "AZURE_KUBERNETES_CA_FILE";
/// The same roots as PEM text.
pub const CA_DATA: &str = "AZURE_KUBERNETES_CA_DATA";

/// Beats [`TOKEN_PROXY`]; [`OFF`] takes no notice of any of the variables.
pub const BINDING_FLAG: &str = "--identity-binding";
/// Beats [`SNI_NAME`].
pub const SNI_FLAG: &str = "--identity-binding-sni";
/// Beats [`CA_FILE`] and [`CA_DATA`].
pub const CA_FLAG: &str = "--identity-binding-ca";
/// The value of [`BINDING_FLAG`] that asks the authority itself.
pub const OFF: &str = "off";

/// Flags, each of which beats its variable.
#[derive(Clone, Debug, Default)]
pub struct BindingFlags {
    /// The token proxy's URL, or [`OFF`].
    pub token_proxy: Option<String>,
    /// The name its certificate must prove.
    pub sni_name: Option<String>,
    /// File of the roots that prove it.
    pub ca_file: Option<String>,
}

/// A token proxy that is asked in the place of the authority.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdentityBinding {
    authority: String,
    path: String,
    sni_name: Option<String>,
    ca: BindingCa,
    origin: &'static str,
}

/// The roots that prove a token proxy's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BindingCa {
    /// Those of the system.
    System,
    /// A file, read again whenever it changed.
    File(String),
    /// PEM text.
    Data(String),
}

/// Settings of an identity binding that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BindingError {
    /// Something belongs to a token proxy, and there is none.
    NoTokenProxy {
        /// The flag or variable.
        set: &'static str,
    },
    /// It is off, and another flag belongs to it.
    Off {
        /// The other flag.
        set: &'static str,
    },
    /// Roots are named twice.
    TwoCas,
    /// The URL cannot be used.
    Url {
        /// The flag or variable.
        origin: &'static str,
        /// What it must be.
        fault: UrlFault,
    },
}

/// What is wrong with a token proxy's URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UrlFault {
    /// Not `https://`.
    Scheme,
    /// A user or password.
    UserInfo,
    /// A query.
    Query,
    /// A fragment.
    Fragment,
    /// Neither name nor address.
    Host,
    /// Not a number from 1 to 65535.
    Port,
    /// Characters that no URL's path has.
    Path,
}

impl IdentityBinding {
    /// From flags, and from variables that `read` gives; empty counts as not
    /// set. None if there is no token proxy.
    ///
    /// # Errors
    /// Settings that do not go together, or a URL that cannot be used.
    pub fn resolve(
        flags: &BindingFlags,
        read: &dyn Fn(&'static str) -> Option<String>,
    ) -> Result<Option<Self>, BindingError> {
        let given = |value: &Option<String>| value.clone().filter(|value| !value.is_empty());
        if flags.token_proxy.as_deref() == Some(OFF) {
            let others = [(&flags.sni_name, SNI_FLAG), (&flags.ca_file, CA_FLAG)];
            return match others.into_iter().find(|(value, _)| value.is_some()) {
                Some((_, set)) => Err(BindingError::Off { set }),
                None => Ok(None),
            };
        }
        let variable = |name| read(name).filter(|value: &String| !value.is_empty());
        let either = |value: &Option<String>, flag, name| {
            given(value)
                .map(|value| (value, flag))
                .or_else(|| variable(name).map(|value| (value, name)))
        };
        let sni = either(&flags.sni_name, SNI_FLAG, SNI_NAME);
        let file = either(&flags.ca_file, CA_FLAG, CA_FILE);
        let data = match &file {
            Some((_, CA_FLAG)) => None,
            _ => variable(CA_DATA),
        };
        let Some((url, origin)) = either(&flags.token_proxy, BINDING_FLAG, TOKEN_PROXY) else {
            let set = [&sni, &file]
                .into_iter()
                .flatten()
                .map(|(_, origin)| *origin);
            return match set.chain(data.map(|_| CA_DATA)).next() {
                Some(set) => Err(BindingError::NoTokenProxy { set }),
                None => Ok(None),
            };
        };
        let (authority, path) = parse(&url).map_err(|fault| BindingError::Url { origin, fault })?;
        Ok(Some(IdentityBinding {
            authority,
            path,
            sni_name: sni.map(|(name, _)| name),
            ca: match (file, data) {
                (Some(_), Some(_)) => return Err(BindingError::TwoCas),
                (Some((file, _)), None) => BindingCa::File(file),
                (None, Some(data)) => BindingCa::Data(data),
                (None, None) => BindingCa::System,
            },
            origin,
        }))
    }

    /// Where a request for `target` goes.
    #[must_use]
    pub fn target(&self, target: &Target) -> Target {
        Target::post(
            "https",
            self.authority.as_str(),
            joined(&self.path, target.path()),
        )
    }

    /// The name that TLS asks for and the certificate must prove; none means
    /// the URL's host.
    #[must_use]
    pub fn sni_name(&self) -> Option<&str> {
        self.sni_name.as_deref()
    }

    /// The roots that prove it.
    #[must_use]
    pub fn ca(&self) -> &BindingCa {
        &self.ca
    }

    /// The flag or variable that named the token proxy.
    #[must_use]
    pub fn origin(&self) -> &'static str {
        self.origin
    }
}

impl fmt::Display for IdentityBinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "https://{}{} ({})",
            self.authority, self.path, self.origin
        )?;
        match &self.sni_name {
            Some(name) => write!(f, ", which must prove the name {name}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for BindingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BindingError::NoTokenProxy { set } => write!(
                f,
                "{TOKEN_PROXY} is not set, but {set} is, which belongs to it"
            ),
            BindingError::Off { set } => {
                write!(f, "{set} does not go together with {BINDING_FLAG} {OFF}")
            }
            BindingError::TwoCas => {
                write!(
                    f,
                    "{CA_FILE} and {CA_DATA} are both set, and only one may be"
                )
            }
            BindingError::Url { origin, fault } => {
                write!(f, "{origin} cannot be used: {fault}")
            }
        }
    }
}

impl core::error::Error for BindingError {}

impl BindingError {
    /// What to do about it.
    #[must_use]
    pub fn next_step(&self) -> String {
        match self {
            BindingError::NoTokenProxy { .. } => format!(
                "a pod with identity binding gets both from its webhook: set {TOKEN_PROXY}, or \
                 ask the authority itself with {BINDING_FLAG} {OFF}"
            ),
            BindingError::Off { set } => format!("leave out one of the two: {set} or {OFF}"),
            BindingError::TwoCas => format!("unset one of them, or give {CA_FLAG} FILE"),
            BindingError::Url { .. } => format!(
                "write it as https://host[:port][/path], or ask the authority itself with \
                 {BINDING_FLAG} {OFF}"
            ),
        }
    }
}

impl fmt::Display for UrlFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            UrlFault::Scheme => "it is not an https:// URL",
            UrlFault::UserInfo => "it holds a user or password",
            UrlFault::Query => "it has a query",
            UrlFault::Fragment => "it has a fragment",
            UrlFault::Host => "its host is neither a DNS name nor an IP address",
            UrlFault::Port => "its port is not a number from 1 to 65535",
            UrlFault::Path => "its path has characters that a URL has not",
        })
    }
}

/// Authority and path of a URL.
fn parse(url: &str) -> Result<(String, String), UrlFault> {
    let rest = match url.split_once("://") {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("https") => rest,
        _ => return Err(UrlFault::Scheme),
    };
    let (rest, fragment) = rest.split_once('#').unwrap_or((rest, ""));
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (place, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    if place.contains('@') {
        return Err(UrlFault::UserInfo);
    }
    if !query.is_empty() {
        return Err(UrlFault::Query);
    }
    if !fragment.is_empty() {
        return Err(UrlFault::Fragment);
    }
    // RFC 3986, section 3.3: pchar and the slash.
    let is_path = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~%!$&'()*+,;=:@/".contains(&byte);
    if !path.bytes().all(is_path) {
        return Err(UrlFault::Path);
    }
    Ok((authority(place)?, joined(path, "")))
}

fn authority(place: &str) -> Result<String, UrlFault> {
    let (host, port) = host_and_port(place).ok_or(UrlFault::Host)?;
    let host = match host.contains(':') {
        true => format!("[{host}]"),
        false if is_odd_address(&host) => return Err(UrlFault::Host),
        false => host,
    };
    if port.is_empty() {
        return Ok(host);
    }
    let port = port_number(port).ok_or(UrlFault::Port)?;
    Ok(format!("{host}:{port}"))
}

/// Whether a resolver would take it for an IPv4 address that is written in
/// another way (WHATWG URL, "ends in a number"): it would not be judged as one.
fn is_odd_address(host: &str) -> bool {
    let last = host.trim_end_matches('.').rsplit('.').next();
    let is_number =
        |label: &str| label.bytes().all(|byte| byte.is_ascii_digit()) || label.starts_with("0x");
    last.is_some_and(is_number) && host.parse::<Ipv4Addr>().is_err()
}

/// Two paths as one, without empty and dot segments, as Go's `URL.JoinPath`
/// has it.
fn joined(base: &str, path: &str) -> String {
    let mut segments: Vec<&str> = Vec::new();
    for segment in base.split('/').chain(path.split('/')) {
        match segment {
            "" | "." => {}
            ".." => {
                segments.pop();
            }
            segment => segments.push(segment),
        }
    }
    format!("/{}", segments.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::borrow::ToOwned;
    use alloc::string::ToString;
    use proptest::prelude::*;

    const URL: &str = "https://10.0.0.1:443/tokens";

    fn resolve(
        flags: &BindingFlags,
        variables: &[(&str, &str)],
    ) -> Result<Option<IdentityBinding>, BindingError> {
        IdentityBinding::resolve(flags, &|name| {
            variables
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, value)| (*value).to_owned())
        })
    }

    fn from(variables: &[(&str, &str)]) -> Result<Option<IdentityBinding>, BindingError> {
        resolve(&BindingFlags::default(), variables)
    }

    #[test]
    fn it_is_on_by_presence_of_the_variable() {
        assert_eq!(from(&[]), Ok(None));
        assert_eq!(from(&[(TOKEN_PROXY, "")]), Ok(None));
        let binding = from(&[
            (TOKEN_PROXY, URL),
            (SNI_NAME, "x.ests.aks"),
            (CA_FILE, "/ca"),
        ]);
        let binding = binding.expect("settings").expect("a binding");
        assert_eq!(
            binding.to_string(),
            "https://10.0.0.1:443/tokens (AZURE_KUBERNETES_TOKEN_PROXY), which must prove the \
             name x.ests.aks"
        );
        assert_eq!(binding.ca(), &BindingCa::File("/ca".into()));
    }

    #[test]
    fn bad_combinations_are_refused_as_go_refuses_them() {
        for (set, value) in [(SNI_NAME, "x"), (CA_FILE, "/ca"), (CA_DATA, "pem")] {
            assert_eq!(
                from(&[(set, value)]),
                Err(BindingError::NoTokenProxy { set })
            );
        }
        assert_eq!(
            from(&[(TOKEN_PROXY, URL), (CA_FILE, "/ca"), (CA_DATA, "pem")]),
            Err(BindingError::TwoCas)
        );
    }

    #[test]
    fn a_flag_beats_its_variable() {
        let flags = BindingFlags {
            token_proxy: Some("https://flag".into()),
            sni_name: Some("flag.name".into()),
            ca_file: Some("/flag".into()),
        };
        let binding = resolve(
            &flags,
            &[
                (TOKEN_PROXY, URL),
                (SNI_NAME, "x"),
                (CA_FILE, "/ca"),
                (CA_DATA, "pem"),
            ],
        );
        let binding = binding.expect("settings").expect("a binding");
        assert_eq!(binding.sni_name(), Some("flag.name"));
        assert_eq!(binding.ca(), &BindingCa::File("/flag".into()));
        assert_eq!(binding.origin(), BINDING_FLAG);
    }

    #[test]
    fn off_takes_no_notice_of_the_variables() {
        let off = BindingFlags {
            token_proxy: Some(OFF.into()),
            ..BindingFlags::default()
        };
        assert_eq!(
            resolve(&off, &[(TOKEN_PROXY, "ftp://"), (SNI_NAME, "x")]),
            Ok(None)
        );
        let both = BindingFlags {
            ca_file: Some("/ca".into()),
            ..off
        };
        assert_eq!(resolve(&both, &[]), Err(BindingError::Off { set: CA_FLAG }));
    }

    #[test]
    fn urls_are_refused_as_go_refuses_them() {
        for (url, fault) in [
            ("http://host", UrlFault::Scheme),
            ("host", UrlFault::Scheme),
            ("host:443", UrlFault::Scheme),
            ("https:host", UrlFault::Scheme),
            (" https://host", UrlFault::Scheme),
            ("https://user@host", UrlFault::UserInfo),
            ("https://u:p@host", UrlFault::UserInfo),
            ("https://@host", UrlFault::UserInfo),
            ("https://host?x=1", UrlFault::Query),
            ("https://host/#x", UrlFault::Fragment),
            ("https://", UrlFault::Host),
            ("https:///path", UrlFault::Host),
            ("https://h\u{f6}st", UrlFault::Host),
            ("https://a b", UrlFault::Host),
            ("https://2852039166", UrlFault::Host),
            ("https://0xa9fea9fe", UrlFault::Host),
            ("https://169.254.43518", UrlFault::Host),
            ("https://169.254.169.254.", UrlFault::Host),
            ("https://[::1", UrlFault::Host),
            ("https://[::1]x:1", UrlFault::Host),
            ("https://::1", UrlFault::Host),
            ("https://host:0", UrlFault::Port),
            ("https://host:x", UrlFault::Port),
            ("https://host:1:2", UrlFault::Port),
            ("https://host/a b", UrlFault::Path),
            ("https://host/a\nb", UrlFault::Path),
        ] {
            let origin = TOKEN_PROXY;
            assert_eq!(
                from(&[(TOKEN_PROXY, url)]),
                Err(BindingError::Url { origin, fault }),
                "{url:?}"
            );
        }
    }

    #[test]
    fn the_request_s_path_goes_after_the_url_s() {
        let target = Target::post("https", "login.example", "/t/oauth2/v2.0/token");
        for (url, expected) in [
            ("https://Host", "POST https://host/t/oauth2/v2.0/token"),
            ("https://host/", "POST https://host/t/oauth2/v2.0/token"),
            ("HTTPS://host?", "POST https://host/t/oauth2/v2.0/token"),
            ("https://host#", "POST https://host/t/oauth2/v2.0/token"),
            (
                "https://host:8443/a",
                "POST https://host:8443/a/t/oauth2/v2.0/token",
            ),
            (
                "https://host/a/b/",
                "POST https://host/a/b/t/oauth2/v2.0/token",
            ),
            (
                "https://host/a/../b//c/.",
                "POST https://host/b/c/t/oauth2/v2.0/token",
            ),
            (
                "https://host/a%2Fb",
                "POST https://host/a%2Fb/t/oauth2/v2.0/token",
            ),
            (
                "https://[fd00::1]:1/a",
                "POST https://[fd00::1]:1/a/t/oauth2/v2.0/token",
            ),
        ] {
            let binding = from(&[(TOKEN_PROXY, url)])
                .expect("settings")
                .expect("a binding");
            assert_eq!(binding.target(&target).to_string(), expected, "{url}");
        }
    }

    proptest! {
        #[test]
        fn no_url_makes_it_panic(url in "(https://)?\\PC{0,40}") {
            let _ = from(&[(TOKEN_PROXY, &url)]);
        }

        #[test]
        fn no_url_leads_the_request_to_another_host(tail in "[!-~]{0,30}") {
            let url = format!("https://proxy.example/{tail}");
            if let Ok(Some(binding)) = from(&[(TOKEN_PROXY, &url)]) {
                let target = binding.target(&Target::post("https", "a", "/t/token"));
                prop_assert_eq!(target.authority(), "proxy.example");
                prop_assert!(target.path().ends_with("/t/token"));
            }
        }
    }
}
