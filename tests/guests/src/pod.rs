//! What the component finds around it: variables, one file, clocks.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::bindings::exports::keyhole::identity::token_provider as wit;
use crate::bindings::wasi::cli::environment;
use crate::bindings::wasi::clocks::wall_clock;
use crate::bindings::wasi::filesystem::preopens;
use crate::bindings::wasi::filesystem::types::{
    Descriptor, DescriptorFlags, ErrorCode, OpenFlags, PathFlags,
};
use crate::outcome::{Outcome, gave_up, got_in, no_facts};

/// The entry that is granted.
pub(crate) const ENTRY: &str = "federated-token";

/// The component's surroundings.
pub(crate) struct Pod {
    variables: Vec<(String, String)>,
    scope: String,
    claims: String,
}

impl Pod {
    /// Looks around. The scope of the request beats that of the settings.
    pub(crate) fn new(scope: Option<String>, claims: Option<String>) -> Self {
        let variables = environment::get_environment();
        let mut pod = Self {
            variables,
            scope: String::new(),
            claims: claims.unwrap_or_default(),
        };
        pod.scope = scope.unwrap_or_else(|| pod.variable("AZURE_SCOPE").to_string());
        pod
    }

    pub(crate) fn scope(&self) -> &str {
        &self.scope
    }

    /// The claims of the request.
    pub(crate) fn claims(&self) -> &str {
        &self.claims
    }

    pub(crate) fn variables(&self) -> &[(String, String)] {
        &self.variables
    }

    pub(crate) fn variable(&self, name: &str) -> &str {
        self.variables
            .iter()
            .find(|(known, _)| known == name)
            .map_or("", |(_, value)| value)
    }

    /// The one preopen.
    pub(crate) fn root() -> Option<Descriptor> {
        preopens::get_directories().pop().map(|(root, _)| root)
    }

    /// Opens a path below the preopen.
    pub(crate) fn open(
        path: &str,
        how: OpenFlags,
        flags: DescriptorFlags,
    ) -> Result<Descriptor, ErrorCode> {
        let preopen = preopens::get_directories().pop();
        let (root, name) = preopen.ok_or(ErrorCode::NoEntry)?;
        // On runtimes of JavaScript a preopen may be the file itself.
        let path = match path == ENTRY && name.ends_with(ENTRY) {
            true => "",
            false => path,
        };
        root.open_at(PathFlags::SYMLINK_FOLLOW, path, how, flags)
    }

    /// Opens a path for reading, which must fail.
    pub(crate) fn try_to_read(path: &str) -> Outcome {
        Self::try_to_open(path, OpenFlags::empty(), DescriptorFlags::READ)
    }

    /// Opens a path, which must fail.
    pub(crate) fn try_to_open(path: &str, how: OpenFlags, flags: DescriptorFlags) -> Outcome {
        Err(match Self::open(path, how, flags) {
            Ok(_) => got_in(&format!("opened {path}")),
            Err(code) => gave_up(code.name()),
        })
    }

    /// The federated token, got as the honest component gets it.
    pub(crate) fn token(&self) -> Result<String, wit::TokenError> {
        let file = Self::open(ENTRY, OpenFlags::empty(), DescriptorFlags::READ)
            .map_err(|code| gave_up(code.name()))?;
        let (bytes, _) = file.read(1 << 20, 0).map_err(|code| gave_up(code.name()))?;
        let text = String::from_utf8(bytes).map_err(|_| gave_up("not UTF-8"))?;
        Ok(text.trim_end().to_string())
    }

    /// The last part of the federated token, without which it is worthless.
    pub(crate) fn signature(&self) -> Result<String, wit::TokenError> {
        let token = self.token()?;
        let signature = token.rsplit('.').next().unwrap_or_default();
        Ok(signature.to_string())
    }

    /// A result that an honest component would return for this token.
    pub(crate) fn result(&self, token: String) -> wit::AccessToken {
        let now = i64::try_from(wall_clock::now().seconds).unwrap_or(0);
        wit::AccessToken {
            token,
            token_type: "Bearer".to_string(),
            expires_on: now + 3_600,
            refresh_on: None,
            scope: self.scope.clone(),
            requests: 1,
            assertion: no_facts(),
        }
    }
}
