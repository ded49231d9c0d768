//! Reading and checking the federated token, and nothing else.

use alloc::boxed::Box;
use alloc::vec::Vec;

use zeroize::Zeroizing;

use super::{FileFault, Now};
use crate::assertion::{AssertionFacts, FederatedToken, check};
use crate::error::{AssertionError, Circumstances, TokenError, TokenFileError};
use crate::settings::Settings;

/// The first half of an exchange: the shell reads [`Inspect::path`] and hands
/// the outcome to [`Inspect::finish`]. Nothing is sent.
#[derive(Clone, Debug)]
pub struct Inspect {
    settings: Settings,
}

impl Inspect {
    /// An inspection with these settings.
    #[must_use]
    pub const fn new(settings: Settings) -> Self {
        Self { settings }
    }

    /// The file to read.
    #[must_use]
    pub fn path(&self) -> &str {
        self.settings.token_file()
    }

    /// Judges what was read.
    ///
    /// # Errors
    /// [`TokenError::TokenFile`] or [`TokenError::Assertion`].
    pub fn finish(
        self,
        now: Now,
        file: Result<Zeroizing<Vec<u8>>, FileFault>,
    ) -> Result<AssertionFacts, TokenError> {
        judge(&self.settings, file, true, now, None).map(|token| token.facts().clone())
    }
}

/// The federated token in a file, if it may be sent.
pub(super) fn judge(
    settings: &Settings,
    file: Result<Zeroizing<Vec<u8>>, FileFault>,
    checks: bool,
    now: Now,
    clock_offset: Option<i64>,
) -> Result<FederatedToken, TokenError> {
    let circumstances = || circumstances(settings, now, clock_offset);
    let bytes = file.map_err(|fault| {
        TokenError::TokenFile(Box::new(TokenFileError {
            path: settings.token_file().into(),
            fault,
            circumstances: circumstances(),
        }))
    })?;
    let refuse = |fault, assertion| {
        TokenError::Assertion(Box::new(AssertionError {
            fault,
            assertion,
            circumstances: circumstances(),
        }))
    };
    let token = FederatedToken::from_file(&bytes).map_err(|fault| refuse(fault, None))?;
    if checks {
        check(token.facts(), now.unix_seconds)
            .map_err(|fault| refuse(fault, Some(token.facts().clone())))?;
    }
    Ok(token)
}

pub(super) fn circumstances(
    settings: &Settings,
    now: Now,
    clock_offset: Option<i64>,
) -> Circumstances {
    Circumstances {
        authority: settings.authority().clone(),
        now: now.unix_seconds,
        clock_offset,
    }
}
