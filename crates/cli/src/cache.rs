//! `--cache`: where access tokens are kept between calls, and `clean-cache`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use keyhole_host::{AccessToken, CacheFault, Error, Keyhole, TokenCache};
use keyhole_report::{ExitClass, Fact, Failure, Section, Terminal, Utc};

use crate::{exit, failure, help};

/// Names a directory in memory that is the user's alone and goes when the user
/// logs out (XDG Base Directory Specification).
const RUNTIME_DIR: &str = "XDG_RUNTIME_DIR";

/// The directory in it.
const OURS: &str = "keyhole";

/// Whether and where access tokens are kept.
#[derive(Debug, Args)]
#[command(next_help_heading = "Cache")]
pub(crate) struct CacheFlags {
    /// Where to keep the access token for the next call
    #[arg(long, value_enum, default_value_t = CacheKind::None, value_name = "KIND")]
    cache: CacheKind,

    /// Directory for --cache file, made with mode 0700 if it is not there
    ///
    /// Default: $XDG_RUNTIME_DIR/keyhole, which is in memory. Without
    /// --cache file it has no effect, as in kubelogin's command lines for this
    /// login.
    #[arg(long, value_name = "DIR", overrides_with = "cache_dir")]
    cache_dir: Option<PathBuf>,
}

/// Where an access token is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum CacheKind {
    /// Nowhere: each call makes an exchange.
    None,
    /// In this process, so for nobody: a run makes one exchange and ends.
    Memory,
    /// In a file of yours alone, not encrypted, until 5 minutes before it ends.
    File,
}

impl CacheFlags {
    /// The cache that was asked for. One that the system does not give is said
    /// and done without.
    ///
    /// # Errors
    /// No directory is named, or it is not the user's alone.
    pub(crate) fn open(&self) -> Result<Option<TokenCache>, Failure> {
        let directory = match self.cache {
            CacheKind::None => return Ok(None),
            CacheKind::Memory => return Ok(Some(TokenCache::memory())),
            CacheKind::File => self.directory()?,
        };
        match TokenCache::directory(&directory) {
            Ok(cache) => Ok(Some(cache)),
            Err(fault @ CacheFault::Unavailable { .. }) => {
                tracing::warn!(
                    target: "keyhole",
                    "{}; the exchange goes on without it",
                    Terminal(&fault.to_string())
                );
                Ok(None)
            }
            Err(fault) => Err(failure::of(&Error::Cache(fault), None)),
        }
    }

    /// Flags that were given to no effect, as sentences.
    pub(crate) fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if self.cache_dir.is_some() && self.cache != CacheKind::File {
            notes.push(
                "--cache-dir has no effect here: nothing is kept without --cache file".into(),
            );
        }
        if self.cache == CacheKind::Memory {
            notes.push(
                "--cache memory has no effect here: the memory of this process goes with it".into(),
            );
        }
        notes
    }

    fn directory(&self) -> Result<PathBuf, Failure> {
        let given = self.cache_dir.as_deref().map(Path::to_path_buf);
        given.or_else(default_directory).ok_or_else(|| {
            Failure::new(
                ExitClass::Configuration,
                format!("--cache file has no directory: {RUNTIME_DIR} names none that is there"),
                "Give --cache-dir a directory of your own; the token is then on disk, readable for \
                 you alone and not encrypted.",
            )
        })
    }

    /// What a report says of the cache: where it is and what is in it, and that
    /// this run does not use it. Nothing if none was asked for.
    ///
    /// # Errors
    /// As [`CacheFlags::open`], and what is kept is not the user's alone.
    pub(crate) fn section(
        &self,
        of: Option<(&Keyhole, &AccessToken)>,
    ) -> Result<Option<Section>, Failure> {
        let Some(cache) = self.open()? else {
            return Ok(None);
        };
        let mut facts = vec![Fact::new("place", cache.to_string())];
        if let Some((keyhole, token)) = of {
            let kept = cache
                .look(keyhole, &token.scope, &token.assertion)
                .map_err(|fault| failure::of(&Error::Cache(fault), None))?;
            facts.push(match kept {
                Ok(expires_on) => Fact::new("kept token expires", Utc(expires_on)),
                Err(why) => Fact::new("kept token", why),
            });
        }
        facts.push(Fact::new("used", "no: get-token alone uses what is kept"));
        Ok(Some(Section {
            key: "cache",
            title: "Cache",
            facts,
        }))
    }
}

/// `$XDG_RUNTIME_DIR/keyhole`, where the former is a directory.
fn default_directory() -> Option<PathBuf> {
    // One that is not absolute is to be ignored, says the specification.
    let base = PathBuf::from(std::env::var_os(RUNTIME_DIR)?);
    (base.is_absolute() && base.is_dir()).then(|| base.join(OURS))
}

/// Remove the access tokens that --cache file keeps
///
/// Removes the files that keyhole makes and nothing else, and says which. The
/// next get-token makes an exchange: for when an API server refuses a token
/// whose time has not come. By the name kubelogin it is remove-cache-dir.
#[derive(Debug, Args)]
#[command(after_long_help = help::CLEAN_CACHE)]
pub(crate) struct CleanCache {
    /// Directory that was given to get-token as --cache-dir
    ///
    /// Default: $XDG_RUNTIME_DIR/keyhole.
    #[arg(
        long,
        value_name = "DIR",
        alias = "token-cache-dir",
        overrides_with = "cache_dir"
    )]
    cache_dir: Option<PathBuf>,
}

impl CleanCache {
    /// Removes them.
    pub(crate) fn run(&self) -> ExitCode {
        match self.clean().and_then(|text| exit::print(&text)) {
            Ok(()) => exit::code(ExitClass::Done),
            Err(failure) => exit::fail(&failure, &[]),
        }
    }

    fn clean(&self) -> Result<String, Failure> {
        let Some(directory) = self.cache_dir.clone().or_else(default_directory) else {
            return Ok(format!(
                "nothing to remove: {RUNTIME_DIR} names no directory, and --cache-dir is not given\n"
            ));
        };
        let removed = TokenCache::clean(&directory)
            .map_err(|fault| failure::of(&Error::Cache(fault), None))?;
        let directory = directory.display().to_string();
        let directory = Terminal(&directory);
        if removed.is_empty() {
            return Ok(format!("nothing to remove in {directory}\n"));
        }
        let lines = removed
            .iter()
            .map(|name| format!("removed {directory}/{name}\n"));
        Ok(lines.collect())
    }
}
