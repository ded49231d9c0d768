//! kubectl's ExecCredential.

use alloc::string::{String, ToString as _};
use core::fmt::{self, Write as _};

use zeroize::Zeroizing;

use crate::Utc;

/// The version of `client.authentication.k8s.io` a reply is written in.
/// client-go rejects a reply of another version than it asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ApiVersion {
    /// `client.authentication.k8s.io/v1`.
    V1,
    /// `client.authentication.k8s.io/v1beta1`, what kubelogin answers when
    /// nothing is asked for.
    #[default]
    V1Beta1,
}

impl ApiVersion {
    /// The version as Kubernetes writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V1 => "client.authentication.k8s.io/v1",
            Self::V1Beta1 => "client.authentication.k8s.io/v1beta1",
        }
    }

    /// The version asked for by the value of `KUBERNETES_EXEC_INFO`, which
    /// kubectl sets, by kubelogin's rules: absent or empty, or without an
    /// `apiVersion`, is v1beta1.
    ///
    /// # Errors
    ///
    /// The value is not a JSON object, or names a version that is not known.
    pub fn from_exec_info(value: Option<&str>) -> Result<Self, ExecInfoError> {
        let Some(text) = value.filter(|text| !text.is_empty()) else {
            return Ok(Self::default());
        };
        let unusable = |cause: &str| ExecInfoError::Unusable {
            value: cut(text),
            cause: cause.to_string(),
        };
        let info: serde_json::Value =
            serde_json::from_str(text).map_err(|error| unusable(&error.to_string()))?;
        let version = match &info {
            serde_json::Value::Null => None,
            serde_json::Value::Object(fields) => fields.get("apiVersion"),
            _ => return Err(unusable("not a JSON object")),
        };
        match version {
            None | Some(serde_json::Value::Null) => Ok(Self::default()),
            Some(serde_json::Value::String(version)) => match version.as_str() {
                "" => Ok(Self::default()),
                known if known == Self::V1.as_str() => Ok(Self::V1),
                known if known == Self::V1Beta1.as_str() => Ok(Self::V1Beta1),
                _ => Err(ExecInfoError::Version(cut(version))),
            },
            Some(_) => Err(unusable("apiVersion is not a string")),
        }
    }
}

/// `KUBERNETES_EXEC_INFO` holds certificates; so much of it says which one it
/// was.
const SHOWN: usize = 80;

fn cut(text: &str) -> String {
    let mut shown: String = text.chars().take(SHOWN).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}

/// Why `KUBERNETES_EXEC_INFO` cannot be answered. The texts are kubelogin's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExecInfoError {
    /// It is not the JSON that kubectl writes.
    Unusable {
        /// The value, cut.
        value: String,
        /// What is wrong with it.
        cause: String,
    },
    /// It asks for a version that is not known, such as v1alpha1.
    Version(String),
}

impl fmt::Display for ExecInfoError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unusable { value, cause } => {
                write!(f, "cannot unmarshal \"{value}\" to ExecCredential: {cause}")
            }
            Self::Version(version) => write!(f, "api version: {version} is not supported"),
        }
    }
}

impl core::error::Error for ExecInfoError {}

/// The reply of a kubectl credential plugin.
pub struct ExecCredential<'a> {
    /// The version to answer in.
    pub api_version: ApiVersion,
    /// The access token. A secret.
    pub token: &'a str,
    /// When it ends, Unix seconds. Printed as it is, without a safety margin,
    /// as kubelogin does.
    pub expires_on: i64,
}

impl fmt::Debug for ExecCredential<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExecCredential")
            .field("api_version", &self.api_version)
            .field("token", &"[redacted]")
            .field("expires_on", &self.expires_on)
            .finish()
    }
}

impl ExecCredential<'_> {
    /// The reply as kubelogin prints it, byte for byte: one line of JSON and a
    /// line feed. The string is wiped when it is dropped and never grows, so
    /// no copy of the token is left behind.
    #[must_use]
    pub fn to_line(&self) -> Zeroizing<String> {
        const ENVELOPE: usize = 256;
        let mut line = Zeroizing::new(String::with_capacity(
            ENVELOPE + LONGEST_ESCAPE * self.token.len(),
        ));
        let _ = write!(
            *line,
            "{{\"kind\":\"ExecCredential\",\"apiVersion\":\"{}\",\"spec\":{{\"interactive\":false}},\
             \"status\":{{\"expirationTimestamp\":\"{}\",\"token\":\"",
            self.api_version.as_str(),
            Utc(self.expires_on)
        );
        push_as_go_does(&mut line, self.token);
        line.push_str("\"}}\n");
        line
    }
}

/// How many characters [`push_as_go_does`] makes of one, at most.
pub(crate) const LONGEST_ESCAPE: usize = 6;

/// The inside of a JSON string as Go's `encoding/json` writes it: with `<`, `>`
/// and `&` escaped.
pub(crate) fn push_as_go_does(line: &mut String, text: &str) {
    for c in text.chars() {
        let _ = write_as_go_does(line, c);
    }
}

fn write_as_go_does(out: &mut impl fmt::Write, c: char) -> fmt::Result {
    match c {
        '"' => out.write_str("\\\""),
        '\\' => out.write_str("\\\\"),
        '\n' => out.write_str("\\n"),
        '\r' => out.write_str("\\r"),
        '\t' => out.write_str("\\t"),
        '\u{0}'..='\u{1f}' | '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
            write!(out, "\\u{:04x}", u32::from(c))
        }
        c => out.write_char(c),
    }
}
