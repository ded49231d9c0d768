//! The one target: method, scheme, authority and path.

use crate::Rule;
use alloc::string::String;
use core::fmt;

/// The one place a request may go to. Compared byte for byte: nothing a guest
/// says is normalised, so there is no second spelling of the same target.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Target {
    method: &'static str,
    scheme: String,
    authority: String,
    path: String,
}

/// What a guest asks for, exactly as it said it.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The method.
    pub method: &'a str,
    /// The scheme; none means that the guest left it to the host.
    pub scheme: Option<&'a str>,
    /// Host and port.
    pub authority: Option<&'a str>,
    /// Path with query.
    pub path: Option<&'a str>,
}

impl Target {
    /// A target of canonical strings. `authority` is `host` or `host:port`,
    /// an IPv6 address in brackets; `path` starts with a slash.
    pub fn post(
        scheme: impl Into<String>,
        authority: impl Into<String>,
        path: impl Into<String>,
    ) -> Self {
        Target {
            method: "POST",
            scheme: scheme.into(),
            authority: authority.into(),
            path: path.into(),
        }
    }

    /// `http` or `https`.
    #[must_use]
    pub fn scheme(&self) -> &str {
        &self.scheme
    }

    /// Host and port as they are written in a URL.
    #[must_use]
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// The path.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The method, in upper case.
    #[must_use]
    pub fn method(&self) -> &str {
        self.method
    }

    /// Whether this is the granted target.
    ///
    /// # Errors
    /// The first rule that is broken, in the order of a request line.
    pub fn judge(&self, asked: &Asked<'_>) -> Result<(), Rule> {
        if asked.method != self.method {
            return Err(Rule::RequestMethod);
        }
        if asked.scheme != Some(self.scheme.as_str()) {
            return Err(Rule::RequestScheme);
        }
        if asked.authority != Some(self.authority.as_str()) {
            return Err(Rule::RequestAuthority);
        }
        if asked.path != Some(self.path.as_str()) {
            return Err(Rule::RequestPath);
        }
        Ok(())
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Target {
            method,
            scheme,
            authority,
            path,
        } = self;
        write!(f, "{method} {scheme}://{authority}{path}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOST: &str = "login.microsoftonline.com";
    const PATH: &str = "/contoso.example/oauth2/v2.0/token";

    fn judge(method: &str, scheme: &str, authority: &str, path: &str) -> Result<(), Rule> {
        Target::post("https", HOST, PATH).judge(&Asked {
            method,
            scheme: Some(scheme),
            authority: Some(authority),
            path: Some(path),
        })
    }

    #[test]
    fn the_granted_target_passes() {
        assert_eq!(judge("POST", "https", HOST, PATH), Ok(()));
    }

    #[test]
    fn no_other_method_passes() {
        for method in ["GET", "PUT", "post", "POST ", "CONNECT", "TRACE", ""] {
            assert_eq!(
                judge(method, "https", HOST, PATH),
                Err(Rule::RequestMethod),
                "{method:?}"
            );
        }
    }

    #[test]
    fn no_other_scheme_passes() {
        for scheme in ["http", "HTTPS", "https ", "ftp", "file", ""] {
            assert_eq!(
                judge("POST", scheme, HOST, PATH),
                Err(Rule::RequestScheme),
                "{scheme:?}"
            );
        }
    }

    #[test]
    fn no_other_spelling_of_the_authority_passes() {
        for authority in [
            "login.microsoftonline.com.",
            "login.microsoftonline.com:443",
            "login.microsoftonline.com:8443",
            "LOGIN.microsoftonline.com",
            "evil@login.microsoftonline.com",
            "login.microsoftonline.com@evil.example",
            "login.microsoftonline.co",
            "login.microsoftonline.com.evil.example",
            "lοgin.microsoftonline.com",
            "xn--lgin-qob.microsoftonline.com",
            " login.microsoftonline.com",
            "",
        ] {
            assert_eq!(
                judge("POST", "https", authority, PATH),
                Err(Rule::RequestAuthority),
                "{authority:?}"
            );
        }
    }

    #[test]
    fn no_other_spelling_of_the_path_passes() {
        for path in [
            "/other.example/oauth2/v2.0/token",
            "/contoso.example/oauth2/v2.0/token/",
            "/contoso.example/oauth2/v2.0/token?",
            "/contoso.example/oauth2/v2.0/token?x=1",
            "/contoso.example/oauth2/v2.0/token#x",
            "//contoso.example/oauth2/v2.0/token",
            "/contoso.example//oauth2/v2.0/token",
            "/x/../contoso.example/oauth2/v2.0/token",
            "/contoso.example/%2e/oauth2/v2.0/token",
            "/contoso%2eexample/oauth2/v2.0/token",
            "/Contoso.example/oauth2/v2.0/token",
            "https://login.microsoftonline.com/contoso.example/oauth2/v2.0/token",
            "",
        ] {
            assert_eq!(
                judge("POST", "https", HOST, path),
                Err(Rule::RequestPath),
                "{path:?}"
            );
        }
    }

    #[test]
    fn what_the_guest_leaves_out_is_not_filled_in() {
        let target = Target::post("https", HOST, PATH);
        let asked = Asked {
            method: "POST",
            scheme: None,
            authority: Some(HOST),
            path: Some(PATH),
        };
        assert_eq!(target.judge(&asked), Err(Rule::RequestScheme));
        let asked = Asked {
            scheme: Some("https"),
            authority: None,
            ..asked
        };
        assert_eq!(target.judge(&asked), Err(Rule::RequestAuthority));
        let asked = Asked {
            authority: Some(HOST),
            path: None,
            ..asked
        };
        assert_eq!(target.judge(&asked), Err(Rule::RequestPath));
    }
}
