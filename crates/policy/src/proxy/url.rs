//! Where a proxy is, and what it is shown.

use crate::place::{host_and_port, port_number};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use core::fmt;
use zeroize::Zeroizing;

/// How a proxy is talked to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProxyScheme {
    /// In the clear: it sees the name that is asked for, and credentials.
    Http,
    /// Over TLS.
    Https,
}

/// A proxy's URL: `[http://|https://][user[:password]@]host[:port]`, without a
/// scheme `http://`. Ports default to 80 and 443, as in Go (curl takes 1080).
#[derive(Clone, PartialEq, Eq)]
pub struct ProxyUrl {
    scheme: ProxyScheme,
    host: String,
    port: u16,
    authorization: Option<Zeroizing<String>>,
}

/// What is wrong with a proxy's URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProxyFault {
    /// Nothing is there.
    Empty,
    /// SOCKS, or anything else that is no HTTP proxy.
    Scheme,
    /// The host is neither a name nor an address.
    Host,
    /// The port is not a number from 1 to 65535.
    Port,
    /// Something follows the port.
    Rest,
    /// User or password has a percent sign that encodes nothing.
    Percent,
    /// User or password is not the flag's to say.
    CredentialsInFlag,
    /// The value is not text.
    NotText,
}

impl ProxyUrl {
    /// Reads a URL.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, ProxyFault> {
        if text.is_empty() {
            return Err(ProxyFault::Empty);
        }
        let (scheme, rest) = match text.split_once("://") {
            None => (ProxyScheme::Http, text),
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => {
                (ProxyScheme::Http, rest)
            }
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("https") => {
                (ProxyScheme::Https, rest)
            }
            Some(_) => return Err(ProxyFault::Scheme),
        };
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, after) = rest.split_at(end);
        if !matches!(after, "" | "/") {
            // A password may hold the character that ended the authority.
            return Err(ProxyFault::Rest);
        }
        let (userinfo, place) = match authority.rsplit_once('@') {
            Some((userinfo, place)) => (Some(userinfo), place),
            None => (None, authority),
        };
        let (host, port) = host_and_port(place).ok_or(ProxyFault::Host)?;
        let port = match port {
            "" if scheme == ProxyScheme::Https => 443,
            "" => 80,
            port => port_number(port).ok_or(ProxyFault::Port)?,
        };
        Ok(ProxyUrl {
            scheme,
            host,
            port,
            authorization: userinfo.map(basic).transpose()?,
        })
    }

    /// How it is talked to.
    #[must_use]
    pub fn scheme(&self) -> ProxyScheme {
        self.scheme
    }

    /// Name or address, an IPv6 address without brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The value of `Proxy-Authorization` (RFC 7617), which is a secret.
    #[must_use]
    pub fn authorization(&self) -> Option<&str> {
        self.authorization.as_ref().map(|value| value.as_str())
    }
}

impl fmt::Display for ProxyUrl {
    /// Without credentials.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.scheme {
            ProxyScheme::Http => "http",
            ProxyScheme::Https => "https",
        };
        if self.host.contains(':') {
            write!(f, "{scheme}://[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{scheme}://{}:{}", self.host, self.port)
        }
    }
}

impl fmt::Debug for ProxyUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let redacted = self.authorization.as_ref().map(|_| "[redacted]");
        f.debug_struct("ProxyUrl")
            .field("url", &format_args!("{self}"))
            .field("authorization", &redacted)
            .finish()
    }
}

impl fmt::Display for ProxyFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ProxyFault::Empty => "it is empty",
            ProxyFault::Scheme => "it is not an http:// or https:// proxy (SOCKS is not spoken)",
            ProxyFault::Host => "its host is neither a DNS name nor an IP address",
            ProxyFault::Port => "its port is not a number from 1 to 65535",
            ProxyFault::Rest => "something follows its host and port",
            ProxyFault::Percent => "its user or password has a % that encodes no UTF-8 text",
            ProxyFault::CredentialsInFlag => {
                "it holds credentials, and every process of the machine can read a command line"
            }
            ProxyFault::NotText => "it is not UTF-8 text",
        })
    }
}

impl ProxyFault {
    /// What to do about it.
    #[must_use]
    pub fn next_step(self) -> &'static str {
        match self {
            ProxyFault::Empty => "give a URL, or --no-proxy '*' to use no proxy",
            ProxyFault::Scheme | ProxyFault::Host | ProxyFault::Port | ProxyFault::NotText => {
                "write it as http://host:port or https://host:port"
            }
            ProxyFault::Rest | ProxyFault::Percent => {
                "write it as http://user:password@host:port, with the characters @ : / ? # % of \
                 user and password percent-encoded (%40 is @)"
            }
            ProxyFault::CredentialsInFlag => {
                "set the variable HTTPS_PROXY to the URL with credentials instead"
            }
        }
    }
}

/// Basic credentials. A user without a password has an empty one, as in Go.
fn basic(userinfo: &str) -> Result<Zeroizing<String>, ProxyFault> {
    let (user, password) = userinfo.split_once(':').unwrap_or((userinfo, ""));
    let (user, password) = (decoded(user)?, decoded(password)?);
    let pair = Zeroizing::new(format!("{}:{}", user.as_str(), password.as_str()));
    let encoded = Zeroizing::new(STANDARD.encode(pair.as_bytes()));
    Ok(Zeroizing::new(format!("Basic {}", encoded.as_str())))
}

fn decoded(text: &str) -> Result<Zeroizing<String>, ProxyFault> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        rest = after;
        bytes.push(match first {
            b'%' => {
                let (hex, after) = rest.split_at_checked(2).ok_or(ProxyFault::Percent)?;
                rest = after;
                let digit = |byte: u8| char::from(byte).to_digit(16).ok_or(ProxyFault::Percent);
                u8::try_from(digit(hex[0])? * 16 + digit(hex[1])?)
                    .map_err(|_| ProxyFault::Percent)?
            }
            byte => byte,
        });
    }
    let text = core::str::from_utf8(&bytes).map_err(|_| ProxyFault::Percent)?;
    Ok(Zeroizing::new(text.into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;
    use proptest::prelude::*;

    #[test]
    fn urls_are_read_with_go_s_defaults() {
        for (text, shown) in [
            ("proxy.corp:3128", "http://proxy.corp:3128"),
            ("proxy.corp", "http://proxy.corp:80"),
            ("http://proxy.corp", "http://proxy.corp:80"),
            ("HTTPS://Proxy.Corp/", "https://proxy.corp:443"),
            ("https://proxy.corp:8443", "https://proxy.corp:8443"),
            ("http://10.0.0.1:3128", "http://10.0.0.1:3128"),
            ("http://[fd00::1]:3128", "http://[fd00::1]:3128"),
            ("http://[fd00::1]", "http://[fd00::1]:80"),
            ("http://user:p@ss@proxy:1", "http://proxy:1"),
        ] {
            let url = ProxyUrl::parse(text).map(|url| url.to_string());
            assert_eq!(url.as_deref(), Ok(shown), "{text}");
        }
    }

    #[test]
    fn credentials_are_percent_decoded() {
        for (text, pair) in [
            ("http://user:pass@p:1", "user:pass"),
            ("http://user@p:1", "user:"),
            ("http://DOM%5Cuser:p%40s%3As%2F+@p:1", "DOM\\user:p@s:s/+"),
            ("http://u:p:q@p:1", "u:p:q"),
            ("u:p@p:1", "u:p"),
        ] {
            let url = ProxyUrl::parse(text).expect("a URL");
            let expected = format!("Basic {}", STANDARD.encode(pair));
            assert_eq!(url.authorization(), Some(expected.as_str()), "{text}");
        }
        assert_eq!(
            ProxyUrl::parse("p:1").map(|url| url.authorization),
            Ok(None)
        );
    }

    #[test]
    fn what_is_no_proxy_s_url_is_refused() {
        for (text, fault) in [
            ("", ProxyFault::Empty),
            ("socks5://p:1080", ProxyFault::Scheme),
            ("ftp://p", ProxyFault::Scheme),
            ("://p", ProxyFault::Scheme),
            ("http://", ProxyFault::Host),
            ("http://:3128", ProxyFault::Host),
            ("http://a b:1", ProxyFault::Host),
            (" http://p:1", ProxyFault::Scheme),
            ("http://p:1 ", ProxyFault::Port),
            ("http://pr\u{f6}xy:1", ProxyFault::Host),
            ("http://[fd00::1:1", ProxyFault::Host),
            ("http://[fd00::1]x", ProxyFault::Host),
            ("http://fd00::1", ProxyFault::Port),
            ("http://p:0", ProxyFault::Port),
            ("http://p:65536", ProxyFault::Port),
            ("http://p:+1", ProxyFault::Port),
            ("http://p:http", ProxyFault::Port),
            ("http://p:1/path", ProxyFault::Rest),
            ("http://p:1?x", ProxyFault::Rest),
            ("http://u:pa/ss@p:1", ProxyFault::Rest),
            ("http://u:pa#ss@p:1", ProxyFault::Rest),
            ("http://u:p%zz@p:1", ProxyFault::Percent),
            ("http://u:p%4@p:1", ProxyFault::Percent),
            ("http://u:p%ff@p:1", ProxyFault::Percent),
        ] {
            assert_eq!(ProxyUrl::parse(text), Err(fault), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,40}") {
            let _ = ProxyUrl::parse(&text);
        }

        #[test]
        fn any_user_and_password_arrive_percent_encoded(user in "[^:]{1,12}", password in "\\PC{0,12}") {
            let encode = |text: &str| -> String {
                text.bytes().map(|byte| format!("%{byte:02X}")).collect()
            };
            let url = format!("http://{}:{}@p:1", encode(&user), encode(&password));
            let pair = format!("Basic {}", STANDARD.encode(format!("{user}:{password}")));
            let parsed = ProxyUrl::parse(&url).expect("a URL");
            prop_assert_eq!(parsed.authorization(), Some(pair.as_str()));
        }
    }
}
