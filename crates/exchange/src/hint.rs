//! What the AADSTS codes of this flow mean and what helps.
//!
//! Microsoft says that codes and texts may change at any time and that no
//! client may depend on them (reference-error-codes): they choose a hint here
//! and nothing else. Sources per code stand in the project's notes on Azure;
//! among them Microsoft Learn, azure-workload-identity's troubleshooting page
//! and issues, and the azidentity and azure-login repositories.

mod table;

use alloc::string::String;

use crate::cloud::AuthorityHost;
use crate::text::said;

pub use table::HINTS;

/// What is known of one code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hint {
    /// The number behind `AADSTS`.
    pub code: u32,
    /// What it means: the end of a sentence.
    pub meaning: &'static str,
    /// What to do: one or two sentences.
    pub fix: &'static str,
    /// Which of the federated token's claims matter.
    pub about: About,
}

/// Which of the federated token's claims a hint is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// None.
    Nothing,
    /// `iss`.
    Issuer,
    /// `sub`.
    Subject,
    /// `aud`.
    Audience,
    /// All three that a federated credential must match.
    AllThree,
    /// `nbf` and `exp`, and so the clocks.
    Times,
}

/// The hint for a code.
#[must_use]
pub fn of(code: u32) -> Option<&'static Hint> {
    HINTS.iter().find(|hint| hint.code == code)
}

/// Whether one of the codes is about that.
#[must_use]
pub fn any(codes: &[u32], about: About) -> bool {
    codes
        .iter()
        .filter_map(|code| of(*code))
        .any(|hint| hint.about == about)
}

/// Microsoft's page on a code, in the cloud of the authority where there is
/// one.
#[must_use]
pub fn help_url(code: u32, authority: &AuthorityHost) -> String {
    let host = match authority.host() {
        "login.chinacloudapi.cn" | "login.partner.microsoftonline.cn" => {
            "login.partner.microsoftonline.cn"
        }
        _ => "login.microsoftonline.com",
    };
    said!("https://", host, "/error?code=", code)
}
