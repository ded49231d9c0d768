//! Which authority is asked: clouds by name, authorities by host.

mod ip;
mod national;

use alloc::borrow::ToOwned;
use alloc::string::String;

use crate::bounds::{EscapedChar, behind_last, has, number, split, split_at_first, split_scheme};
use crate::text::{Say, display, said, say};

pub use national::{advice, without_name};

/// The authorities that MSAL trusts without asking (MSAL for Go and Python,
/// `authority.go` and `authority.py`, August 2026), but for the one of the
/// German cloud, which is closed.
pub const KNOWN_AUTHORITIES: [&str; 12] = [
    "login.microsoftonline.com",
    "login.windows.net",
    "login.microsoft.com",
    "sts.windows.net",
    "login.microsoftonline.us",
    "login.usgovcloudapi.net",
    "login-us.microsoftonline.com",
    "login.partner.microsoftonline.cn",
    "login.chinacloudapi.cn",
    "login.sovcloud-identity.fr",
    "login.sovcloud-identity.de",
    "login.sovcloud-identity.sg",
];

/// The authority of the German cloud, closed on 29 October 2021 (Microsoft
/// Learn, "National clouds").
const CLOSED: &str = "login.microsoftonline.de";

/// A cloud that has a name. The names are those of kubelogin's
/// `--environment`, go-autorest and azcore.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cloud {
    /// `AzurePublicCloud`.
    Public,
    /// `AzureUSGovernment`.
    UsGovernment,
    /// `AzureChinaCloud`.
    China,
}

impl Cloud {
    /// Every cloud, in the order in which an error lists them.
    pub const ALL: [Self; 3] = [Self::Public, Self::UsGovernment, Self::China];

    /// The names that mean this cloud, the first the usual one.
    #[must_use]
    pub const fn names(self) -> &'static [&'static str] {
        match self {
            Self::Public => &["AzurePublicCloud", "AzureCloud", "AzurePublic"],
            Self::UsGovernment => &[
                "AzureUSGovernment",
                "AzureUSGovernmentCloud",
                "AzureGovernment",
            ],
            Self::China => &["AzureChinaCloud", "AzureChina"],
        }
    }

    /// The cloud of that name, in any case. There is no default: kubelogin
    /// takes an unknown name for the public cloud and so sends a sovereign
    /// cloud's token abroad.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|cloud| {
            cloud
                .names()
                .iter()
                .any(|known| known.eq_ignore_ascii_case(name))
        })
    }

    /// The cloud's authority, as azcore and go-autorest have it.
    #[must_use]
    pub fn authority(self) -> AuthorityHost {
        let host = match self {
            Self::Public => "login.microsoftonline.com",
            Self::UsGovernment => "login.microsoftonline.us",
            Self::China => "login.chinacloudapi.cn",
        };
        AuthorityHost {
            scheme: Scheme::Https,
            host: Host::Name(host.to_owned()),
            port: None,
        }
    }
}

/// How the authority is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// Plain text, for an emulator on loopback only.
    Http,
    /// TLS.
    Https,
}

impl Scheme {
    /// `http` or `https`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    /// The port that a URL of this scheme does not name.
    #[must_use]
    pub const fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

impl Say for Scheme {
    #[inline(never)]
    fn say(&self, text: &mut String) {
        text.push_str(self.as_str())
    }
}

/// An authority: scheme, host and port in canonical form. Two that mean the
/// same are equal byte for byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthorityHost {
    scheme: Scheme,
    host: Host,
    port: Option<u16>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Host {
    Name(String),
    V4(String),
    /// Without brackets.
    V6(String),
}

/// Why a text is not an authority.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AuthorityFault {
    /// Nothing is left of it.
    Empty,
    /// A scheme other than `http` and `https`.
    Scheme,
    /// `user@` or `user:password@`.
    UserInfo,
    /// A path beyond the slash at the end, such as the tenant.
    Path,
    /// `?…`.
    Query,
    /// `#…`.
    Fragment,
    /// A character that no host name has, such as a letter beyond ASCII.
    Character(char),
    /// A dot at the end, or two in a row.
    EmptyLabel,
    /// A label that starts or ends with `-`, or is over 63 bytes, or a name
    /// over 253.
    Label,
    /// It looks like an IP address and is none.
    IpAddress,
    /// Not a number from 1 to 65535.
    Port,
    /// `http://` to something that is not this machine.
    PlainHttp,
    /// The authority of a cloud that is no more.
    Closed,
}

impl Say for AuthorityFault {
    #[inline(never)]
    fn say(&self, text: &mut String) {
        match self {
            Self::Empty => text.push_str("it names no host"),
            Self::Scheme => text.push_str("its scheme is not https"),
            Self::UserInfo => text.push_str("it has a user name in front of the host"),
            Self::Path => text.push_str("it has a path behind the host"),
            Self::Query => text.push_str("it has a query"),
            Self::Fragment => text.push_str("it has a fragment"),
            Self::Character(found) => {
                say!(text, "a host name cannot have '", EscapedChar(*found), "'")
            }
            Self::EmptyLabel => text.push_str("its host has an empty part (a dot too many)"),
            Self::Label => text.push_str("a part of its host is no DNS label"),
            Self::IpAddress => text.push_str("its host looks like an IP address and is none"),
            Self::Port => text.push_str("its port is not a number from 1 to 65535"),
            Self::PlainHttp => {
                text.push_str("http:// is for 127.0.0.0/8, [::1] and localhost alone")
            }
            Self::Closed => text.push_str("the German cloud was closed in 2021"),
        }
    }
}

impl core::error::Error for AuthorityFault {}

impl AuthorityHost {
    /// Reads an authority: a host, or `https://` and a host, each with or
    /// without a port and a slash at the end. `http://` for this machine only.
    ///
    /// # Errors
    /// Whatever else a URL can have is refused: user, path, query, fragment;
    /// so are names beyond ASCII (they can look like another) and a dot at the
    /// end (a second spelling of the same name).
    pub fn parse(text: &str) -> Result<Self, AuthorityFault> {
        let (scheme, rest) = match split_scheme(text) {
            None => (Scheme::Https, text),
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("https") => (Scheme::Https, rest),
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => (Scheme::Http, rest),
            Some(_) => return Err(AuthorityFault::Scheme),
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        for (delimiter, fault) in [
            (b'#', AuthorityFault::Fragment),
            (b'?', AuthorityFault::Query),
            (b'/', AuthorityFault::Path),
            (b'\\', AuthorityFault::Path),
            (b'@', AuthorityFault::UserInfo),
        ] {
            if has(rest, delimiter) {
                return Err(fault);
            }
        }
        let (host, port) = split_port(rest)?;
        let host = Host::parse(host)?;
        let port = port
            .map(parse_port)
            .transpose()?
            .filter(|port| *port != scheme.default_port());
        let authority = Self { scheme, host, port };
        if scheme == Scheme::Http && !authority.is_loopback() {
            return Err(AuthorityFault::PlainHttp);
        }
        if authority.host() == CLOSED {
            return Err(AuthorityFault::Closed);
        }
        Ok(authority)
    }

    /// How it is spoken to.
    #[must_use]
    pub const fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The host in lower case; an IPv6 address without brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        match &self.host {
            Host::Name(text) | Host::V4(text) | Host::V6(text) => text,
        }
    }

    /// The port, unless it is the scheme's own.
    #[must_use]
    pub const fn port(&self) -> Option<u16> {
        self.port
    }

    /// The port that is connected to.
    #[must_use]
    pub fn effective_port(&self) -> u16 {
        self.port.unwrap_or(self.scheme.default_port())
    }

    /// `host` or `host:port`, as in a URL: an IPv6 address in brackets.
    #[must_use]
    pub fn authority(&self) -> String {
        let host = match &self.host {
            Host::Name(text) | Host::V4(text) => text.clone(),
            Host::V6(text) => said!("[", text, "]"),
        };
        match self.port {
            None => host,
            Some(port) => said!(host, ":", port),
        }
    }

    /// The canonical URL: `https://host/` or `https://host:port/`.
    #[must_use]
    pub fn url(&self) -> String {
        said!(self.scheme, "://", self.authority(), "/")
    }

    /// Whether the host is this machine by its own name or address:
    /// 127.0.0.0/8, `::1` or `localhost`.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        match &self.host {
            Host::Name(name) => name == "localhost",
            Host::V4(address) => address.starts_with("127."),
            Host::V6(address) => address == "::1",
        }
    }

    /// Whether it is one of [`KNOWN_AUTHORITIES`], by TLS and on its usual
    /// port.
    #[must_use]
    pub fn is_known(&self) -> bool {
        self.scheme == Scheme::Https
            && self.port.is_none()
            && matches!(&self.host, Host::Name(name) if KNOWN_AUTHORITIES.contains(&name.as_str()))
    }
}

impl Say for AuthorityHost {
    #[inline(never)]
    fn say(&self, text: &mut String) {
        text.push_str(&self.url())
    }
}

/// Host and port of `host`, `host:port`, `[v6]` or `[v6]:port`.
fn split_port(text: &str) -> Result<(&str, Option<&str>), AuthorityFault> {
    if text.starts_with('[') {
        let (_, rest) = split_at_first(text, b"]").ok_or(AuthorityFault::IpAddress)?;
        let host = text.strip_suffix(rest).unwrap_or(text);
        return match rest.strip_prefix(':') {
            Some(port) => Ok((host, Some(port))),
            None if rest.is_empty() => Ok((host, None)),
            None => Err(AuthorityFault::IpAddress),
        };
    }
    match split_at_first(text, b":") {
        Some((_, port)) if has(port, b':') => Err(AuthorityFault::IpAddress),
        Some((host, port)) => Ok((host, Some(port))),
        None => Ok((text, None)),
    }
}

fn parse_port(text: &str) -> Result<u16, AuthorityFault> {
    number(text.as_bytes())
        .and_then(|port| u16::try_from(port).ok())
        .filter(|port| *port != 0)
        .ok_or(AuthorityFault::Port)
}

impl Host {
    fn parse(text: &str) -> Result<Self, AuthorityFault> {
        if let Some(inner) = text.strip_prefix('[').and_then(|t| t.strip_suffix(']')) {
            let address = ip::canonical_v6(inner).ok_or(AuthorityFault::IpAddress)?;
            return Ok(Self::V6(address));
        }
        if text.is_empty() {
            return Err(AuthorityFault::Empty);
        }
        if let Some(odd) = text
            .chars()
            .find(|c| !c.is_ascii_alphanumeric() && *c != '-' && *c != '.')
        {
            return Err(AuthorityFault::Character(odd));
        }
        let name = text.to_ascii_lowercase();
        // A last label of digits cannot be a name (RFC 3696, section 2), and
        // what resolvers make of 127.1 or 0x7f000001 is their secret.
        let last = behind_last(&name, b'.');
        if last.starts_with("0x") || (!last.is_empty() && last.bytes().all(|b| b.is_ascii_digit()))
        {
            // An address that is read at all is written in one way only.
            ip::read_v4(&name).ok_or(AuthorityFault::IpAddress)?;
            return Ok(Self::V4(name));
        }
        for label in split(name.as_bytes(), b'.') {
            if label.is_empty() {
                return Err(AuthorityFault::EmptyLabel);
            }
            if !is_label(label) {
                return Err(AuthorityFault::Label);
            }
        }
        if name.len() > 253 {
            return Err(AuthorityFault::Label);
        }
        Ok(Self::Name(name))
    }
}

/// Whether `label` is a DNS label: letters, digits and inner hyphens, at most
/// 63 bytes (RFC 1123, section 2.1).
pub(crate) fn is_label(label: &[u8]) -> bool {
    (1..=63).contains(&label.len())
        && label
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-')
        && !label.starts_with(b"-")
        && !label.ends_with(b"-")
}

display!(Scheme, AuthorityFault, AuthorityHost);
