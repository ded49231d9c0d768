//! Whether a request goes through a forward proxy, and through which.
//!
//! Variables mean what they mean to Go programs such as kubelogin
//! (`golang.org/x/net/http/httpproxy`): `HTTPS_PROXY`, else `https_proxy`;
//! `NO_PROXY`, else `no_proxy`; empty counts as not set; this machine is never
//! asked through a proxy. `ALL_PROXY` is not read, as Go does not. Unlike Go,
//! which goes direct when it cannot read a proxy's URL, that is an error here.

mod no_proxy;
mod url;

pub use no_proxy::NoProxy;
pub use url::{ProxyFault, ProxyScheme, ProxyUrl};

use alloc::string::String;
use core::fmt;
use zeroize::Zeroizing;

/// Names the proxy.
pub const PROXY_FLAG: &str = "--proxy";

/// Names the hosts that are asked without it.
pub const NO_PROXY_FLAG: &str = "--no-proxy";

/// Name the proxy where [`PROXY_FLAG`] does not: the first that is not empty.
pub const PROXY_VARIABLES: [&str; 2] = ["HTTPS_PROXY", "https_proxy"];

/// The same for [`NO_PROXY_FLAG`].
pub const NO_PROXY_VARIABLES: [&str; 2] = ["NO_PROXY", "no_proxy"];

/// The proxy, if there is one, and what is asked without it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proxies {
    proxy: Option<Proxy>,
    no_proxy: NoProxy,
    no_proxy_origin: &'static str,
}

/// A proxy and who named it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proxy {
    /// Where it is and what it is shown.
    pub url: ProxyUrl,
    /// The flag or variable that named it.
    pub origin: &'static str,
}

/// Flags, which beat variables.
#[derive(Clone, Debug, Default)]
pub struct ProxyFlags {
    /// A proxy's URL, without credentials: every process of the machine can
    /// read a command line.
    pub proxy: Option<String>,
    /// What is asked without it.
    pub no_proxy: Option<String>,
}

/// How a request goes out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route<'a> {
    /// To the host itself.
    Direct(Direct),
    /// By CONNECT through a proxy.
    Through(&'a Proxy),
}

/// Why a request goes to the host itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direct {
    /// There is no proxy.
    NoProxyIsSet,
    /// The host is this machine, or the request is plain HTTP, which goes to
    /// this machine alone.
    ThisMachine,
    /// This flag or variable names the host.
    Named(&'static str),
}

/// A proxy that cannot be used. The text never holds the value, which may hold
/// a password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProxyError {
    /// The flag or variable.
    pub origin: &'static str,
    /// What is wrong with its value.
    pub fault: ProxyFault,
}

impl Proxies {
    /// No proxy.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Whether there is a proxy that is spoken to over TLS.
    #[must_use]
    pub fn has_https_proxy(&self) -> bool {
        let scheme = self.proxy.as_ref().map(|proxy| proxy.url.scheme());
        scheme == Some(ProxyScheme::Https)
    }

    /// From flags, and from variables that `read` gives.
    ///
    /// # Errors
    /// The proxy's URL cannot be used.
    pub fn resolve(
        flags: &ProxyFlags,
        read: &dyn Fn(&'static str) -> Option<Zeroizing<String>>,
    ) -> Result<Self, ProxyError> {
        let variable = |names: [&'static str; 2]| {
            names.into_iter().find_map(|name| {
                let value = read(name).filter(|value| !value.is_empty())?;
                Some((value, name))
            })
        };
        let given = |value: &Option<String>, flag| {
            value
                .as_ref()
                .map(|value| (Zeroizing::new(value.clone()), flag))
        };
        let proxy = given(&flags.proxy, PROXY_FLAG).or_else(|| variable(PROXY_VARIABLES));
        let no_proxy =
            given(&flags.no_proxy, NO_PROXY_FLAG).or_else(|| variable(NO_PROXY_VARIABLES));
        let proxy = proxy.map(|(value, origin)| {
            let failed = |fault| ProxyError { origin, fault };
            let url = ProxyUrl::parse(&value).map_err(failed)?;
            if origin == PROXY_FLAG && url.authorization().is_some() {
                return Err(failed(ProxyFault::CredentialsInFlag));
            }
            Ok(Proxy { url, origin })
        });
        Ok(Proxies {
            proxy: proxy.transpose()?,
            no_proxy: NoProxy::parse(no_proxy.as_ref().map_or("", |(list, _)| list)),
            no_proxy_origin: no_proxy.map_or("", |(_, origin)| origin),
        })
    }

    /// How a request to this host goes out. `host` is in lower case, an IPv6
    /// address without brackets.
    #[must_use]
    pub fn route(&self, tls: bool, host: &str, port: u16) -> Route<'_> {
        match &self.proxy {
            None => Route::Direct(Direct::NoProxyIsSet),
            Some(_) if !tls || no_proxy::is_this_machine(host) => {
                Route::Direct(Direct::ThisMachine)
            }
            Some(_) if self.no_proxy.names(host, port) => {
                Route::Direct(Direct::Named(self.no_proxy_origin))
            }
            Some(proxy) => Route::Through(proxy),
        }
    }
}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}", self.url, self.origin)?;
        f.write_str(match self.url.authorization() {
            Some(_) => ", with credentials)",
            None => ", without credentials)",
        })
    }
}

impl fmt::Display for Route<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Route::Through(proxy) => write!(f, "CONNECT through {proxy}"),
            Route::Direct(Direct::NoProxyIsSet) => f.write_str("none"),
            Route::Direct(Direct::ThisMachine) => {
                f.write_str("none: the request stays on this machine")
            }
            Route::Direct(Direct::Named(origin)) => write!(f, "none: {origin} names the host"),
        }
    }
}

impl fmt::Display for ProxyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} cannot be used: {}", self.origin, self.fault)
    }
}

impl core::error::Error for ProxyError {}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::borrow::ToOwned;
    use alloc::format;
    use alloc::string::ToString;

    const HOST: &str = "login.microsoftonline.com";

    fn resolve(flags: &ProxyFlags, variables: &[(&str, &str)]) -> Result<Proxies, ProxyError> {
        Proxies::resolve(flags, &|name| {
            variables
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, value)| Zeroizing::new((*value).to_owned()))
        })
    }

    fn shown(flags: &ProxyFlags, variables: &[(&str, &str)]) -> String {
        let proxies = resolve(flags, variables).expect("proxies");
        proxies.route(true, HOST, 443).to_string()
    }

    fn flags(proxy: Option<&str>, no_proxy: Option<&str>) -> ProxyFlags {
        ProxyFlags {
            proxy: proxy.map(ToOwned::to_owned),
            no_proxy: no_proxy.map(ToOwned::to_owned),
        }
    }

    #[test]
    fn variables_are_read_in_go_s_order_and_a_flag_beats_them() {
        for (given, variables, route) in [
            (flags(None, None), &[][..], "none"),
            (
                flags(None, None),
                &[("HTTPS_PROXY", "upper:1"), ("https_proxy", "lower:1")],
                "CONNECT through http://upper:1 (HTTPS_PROXY, without credentials)",
            ),
            (
                flags(None, None),
                &[("HTTPS_PROXY", ""), ("https_proxy", "lower:1")],
                "CONNECT through http://lower:1 (https_proxy, without credentials)",
            ),
            (
                flags(None, None),
                &[("ALL_PROXY", "all:1"), ("HTTP_PROXY", "plain:1")],
                "none",
            ),
            (
                flags(Some("https://flag"), None),
                &[("HTTPS_PROXY", "upper:1")],
                "CONNECT through https://flag:443 (--proxy, without credentials)",
            ),
            (
                flags(None, None),
                &[
                    ("HTTPS_PROXY", "http://u:p@upper:1"),
                    ("NO_PROXY", ".azure.com"),
                    ("no_proxy", "*"),
                ],
                "CONNECT through http://upper:1 (HTTPS_PROXY, with credentials)",
            ),
            (
                flags(None, None),
                &[("HTTPS_PROXY", "upper:1"), ("no_proxy", "*")],
                "none: no_proxy names the host",
            ),
            (
                flags(None, Some("microsoftonline.com")),
                &[("HTTPS_PROXY", "upper:1"), ("NO_PROXY", "x")],
                "none: --no-proxy names the host",
            ),
            (
                flags(None, Some("")),
                &[("HTTPS_PROXY", "upper:1"), ("NO_PROXY", "*")],
                "CONNECT through http://upper:1 (HTTPS_PROXY, without credentials)",
            ),
        ] {
            assert_eq!(shown(&given, variables), route, "{given:?} {variables:?}");
        }
    }

    #[test]
    fn this_machine_is_never_asked_through_a_proxy() {
        let proxies = resolve(&ProxyFlags::default(), &[("HTTPS_PROXY", "p:1")]).expect("a proxy");
        for host in ["localhost", "127.0.0.1", "127.9.9.9", "::1"] {
            assert_eq!(
                proxies.route(true, host, 443),
                Route::Direct(Direct::ThisMachine),
                "{host}"
            );
        }
        assert_eq!(
            proxies.route(false, HOST, 80),
            Route::Direct(Direct::ThisMachine)
        );
        assert!(matches!(
            proxies.route(true, "10.0.0.1", 443),
            Route::Through(_)
        ));
    }

    #[test]
    fn credentials_are_not_taken_from_the_command_line() {
        let error = resolve(&flags(Some("http://u:hunter2@p:1"), None), &[]).expect_err("refused");
        assert_eq!(error.fault, ProxyFault::CredentialsInFlag);
        assert!(!format!("{error} {error:?}").contains("hunter2"));
    }

    #[test]
    fn nothing_shows_a_password() {
        let proxies = resolve(
            &ProxyFlags::default(),
            &[("HTTPS_PROXY", "http://user:hunter2@p:1")],
        )
        .expect("a proxy");
        let route = proxies.route(true, HOST, 443);
        let shown = format!("{proxies:?} {proxies:#?} {route} {route:?}");
        for secret in ["hunter2", "user", "dXNlcjpodW50ZXIy"] {
            assert!(!shown.contains(secret), "{secret} in {shown}");
        }
    }
}
