//! An access token for scripts, by itself or with what they need to know of it.

use alloc::string::String;
use core::fmt::{self, Write as _};

use zeroize::Zeroizing;

use crate::Utc;
use crate::exec_credential::{LONGEST_ESCAPE, push_as_go_does};

/// An access token.
pub struct BearerToken<'a> {
    /// The token. A secret.
    pub token: &'a str,
    /// When it ends, Unix seconds.
    pub expires_on: i64,
    /// The scope that was asked for.
    pub scope: &'a str,
    /// The tenant that was asked.
    pub tenant: &'a str,
}

impl fmt::Debug for BearerToken<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BearerToken")
            .field("token", &"[redacted]")
            .field("expires_on", &self.expires_on)
            .field("scope", &self.scope)
            .field("tenant", &self.tenant)
            .finish()
    }
}

impl BearerToken<'_> {
    /// The token alone and a line feed.
    #[must_use]
    pub fn to_bare_line(&self) -> Zeroizing<String> {
        let mut line = Zeroizing::new(String::with_capacity(self.token.len() + 1));
        line.push_str(self.token);
        line.push('\n');
        line
    }

    /// One line of JSON with the names that `az account get-access-token` gives
    /// its members, so that scripts made for it can read this; `expiresOn` is
    /// RFC 3339 in UTC, where `az` writes local time.
    #[must_use]
    pub fn to_json_line(&self) -> Zeroizing<String> {
        const ENVELOPE: usize = 256;
        let texts = self.token.len() + self.scope.len() + self.tenant.len();
        let mut line = Zeroizing::new(String::with_capacity(ENVELOPE + LONGEST_ESCAPE * texts));
        for (before, text) in [
            ("{\"accessToken\":\"", self.token),
            ("\",\"scope\":\"", self.scope),
            ("\",\"tenant\":\"", self.tenant),
        ] {
            line.push_str(before);
            push_as_go_does(&mut line, text);
        }
        let _ = writeln!(
            *line,
            "\",\"expiresOn\":\"{}\",\"expires_on\":{},\"tokenType\":\"Bearer\"}}",
            Utc(self.expires_on),
            self.expires_on
        );
        line
    }
}
