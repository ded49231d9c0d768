//! The upstream's URL.

use core::fmt;

/// An origin on `https`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upstream {
    /// A name, or an address; one of IPv6 in brackets.
    pub host: String,
    /// The port.
    pub port: u16,
}

/// Why a text is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UrlFault {
    /// It does not begin with `https://`.
    Scheme,
    /// It has a path, a query or a user.
    MoreThanOrigin,
    /// The host is missing, or no host.
    Host,
    /// The port is no number from 1 to 65535.
    Port,
}

impl fmt::Display for UrlFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Scheme => "it must begin with https://; a token goes over TLS alone",
            Self::MoreThanOrigin => "it must be https://HOST or https://HOST:PORT and nothing else",
            Self::Host => "its host is neither a name nor an address",
            Self::Port => "its port is no number from 1 to 65535",
        })
    }
}

impl Upstream {
    /// `https://HOST[:PORT]`, a slash behind it allowed.
    ///
    /// # Errors
    /// See [`UrlFault`].
    pub fn parse(text: &str) -> Result<Self, UrlFault> {
        let origin = text.strip_prefix("https://").ok_or(UrlFault::Scheme)?;
        let origin = origin.strip_suffix('/').unwrap_or(origin);
        if origin.contains(['/', '?', '#', '@']) {
            return Err(UrlFault::MoreThanOrigin);
        }
        let (host, port) = match origin.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => {
                let digits = port.bytes().all(|byte| byte.is_ascii_digit());
                let port = port.parse().ok().filter(|port| digits && *port != 0);
                (host, port.ok_or(UrlFault::Port)?)
            }
            _ => (origin, 443),
        };
        let is_address = host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'))
            .is_some_and(|host| host.parse::<core::net::Ipv6Addr>().is_ok());
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.');
        let is_name = !host.is_empty()
            && host.len() <= 253
            && host.bytes().all(plain)
            && host.split('.').all(|label| !label.is_empty());
        if !is_address && !is_name {
            return Err(UrlFault::Host);
        }
        Ok(Self {
            host: host.to_ascii_lowercase(),
            port,
        })
    }

    /// The value of the header `Host`.
    #[must_use]
    pub fn authority(&self) -> String {
        match self.port {
            443 => self.host.clone(),
            port => format!("{}:{port}", self.host),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_taken_and_nothing_else() {
        for (text, host, port, authority) in [
            ("https://a.example", "a.example", 443, "a.example"),
            (
                "https://A.example:6443/",
                "a.example",
                6443,
                "a.example:6443",
            ),
            ("https://127.0.0.1:1", "127.0.0.1", 1, "127.0.0.1:1"),
            ("https://[::1]:6443", "[::1]", 6443, "[::1]:6443"),
            ("https://[::1]", "[::1]", 443, "[::1]"),
        ] {
            let upstream = Upstream::parse(text).expect(text);
            assert_eq!((&*upstream.host, upstream.port), (host, port), "{text}");
            assert_eq!(upstream.authority(), authority);
        }
        for (text, fault) in [
            ("http://a", UrlFault::Scheme),
            ("a.example", UrlFault::Scheme),
            ("https://a/b", UrlFault::MoreThanOrigin),
            ("https://u@a", UrlFault::MoreThanOrigin),
            ("https://a?b", UrlFault::MoreThanOrigin),
            ("https://", UrlFault::Host),
            ("https://a b", UrlFault::Host),
            ("https://a\"b", UrlFault::Host),
            ("https://a..b", UrlFault::Host),
            ("https://::1", UrlFault::Host),
            ("https://a:0", UrlFault::Port),
            ("https://a:65536", UrlFault::Port),
            ("https://a:+1", UrlFault::Port),
        ] {
            assert_eq!(Upstream::parse(text), Err(fault), "{text}");
        }
    }
}
