//! Keeping access tokens between calls, if asked: in memory, or in files that
//! processes share.
//!
//! Of all that want a token of one owner ([`CacheKey`]) at the same time, one
//! makes the exchange and the others wait for it, each within its own timeout.
//! If that exchange fails, those who waited for it go on at once and side by
//! side: a cache never makes a failure last longer than one more exchange.
//!
//! The component sees nothing of it. The federated token is read and its claims
//! are known before anything is looked for, so a call whose federated token
//! cannot be used fails with or without a kept access token.

mod directory;
mod fault;
mod flow;
mod memory;

pub use fault::CacheFault;
pub use keyhole_policy::cache::LAST_SECONDS;

pub(crate) use flow::get_token;

use crate::bindings::exports::keyhole::identity::token_provider::AssertionFacts;
use crate::error::PathInText;
use crate::keyhole::Keyhole;
use directory::{Directory, FilePlace};
use keyhole_exchange::settings::Settings;
use keyhole_policy::cache::{CacheKey, Entry, Owner, Use, judge};
use memory::{Memory, MemoryPlace};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Where access tokens are kept. Clones are the same cache.
#[derive(Clone, Debug)]
pub struct TokenCache(Arc<Store>);

#[derive(Debug)]
enum Store {
    Memory(Memory),
    Directory(Directory),
}

/// Whose tokens a [`Keyhole`](crate::Keyhole) asks for: an [`Owner`] without
/// what the federated token says.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    authority: String,
    asked: String,
    tenant: String,
    client_id: String,
}

impl Client {
    /// `asked` is where requests go and which roots prove it.
    pub(crate) fn of(settings: &Settings, asked: String) -> Self {
        Client {
            authority: settings.authority().url(),
            asked,
            tenant: settings.tenant().as_str().to_owned(),
            client_id: settings.client_id().as_str().to_owned(),
        }
    }

    /// The key of its token for a scope; none without an issuer and a subject,
    /// which no token that an authority takes lacks.
    fn key(&self, scope: &str, facts: &AssertionFacts) -> Option<CacheKey> {
        Some(CacheKey::of(&Owner {
            authority: &self.authority,
            asked: &self.asked,
            tenant: &self.tenant,
            client_id: &self.client_id,
            scope,
            issuer: facts.issuer.as_deref()?,
            subject: facts.subject.as_deref()?,
            audiences: &facts.audiences,
        }))
    }
}

/// What was found under a key.
#[derive(Debug)]
pub(crate) enum Found {
    /// A token that is used.
    Fresh(Entry),
    /// A token that is used if it cannot be renewed.
    Renew(Entry),
    /// None that may be used, and why.
    Nothing(String),
}

impl TokenCache {
    /// In the memory of this process, for as long as this value or a clone of
    /// it lives.
    #[must_use]
    pub fn memory() -> Self {
        TokenCache(Arc::new(Store::Memory(Memory::default())))
    }

    /// In files of a directory, which is made if it is not there: readable for
    /// its owner alone, not encrypted.
    ///
    /// # Errors
    /// [`CacheFault::Unsafe`] if it is not a directory of this user's alone,
    /// [`CacheFault::Unavailable`] if it cannot be made or opened.
    pub fn directory(path: &Path) -> Result<Self, CacheFault> {
        // A link with a slash behind it would be followed.
        let path: PathBuf = path.components().collect();
        Directory::open(&path).map(|directory| TokenCache(Arc::new(Store::Directory(directory))))
    }

    /// Removes the tokens that Keyhole keeps in a directory, and nothing else:
    /// the names of the files, without the directory's. It may be a directory
    /// that others can read, which [`TokenCache::directory`] would refuse.
    ///
    /// # Errors
    /// It is not a directory of this user's, or a file cannot be removed.
    pub fn clean(path: &Path) -> Result<Vec<String>, CacheFault> {
        directory::clean(path)
    }

    /// What is kept of the tokens that `keyhole` asks for, for this scope and
    /// federated token: when it ends in Unix seconds, or why there is none to be
    /// used.
    ///
    /// # Errors
    /// [`CacheFault`].
    pub fn look(
        &self,
        keyhole: &Keyhole,
        scope: &str,
        facts: &AssertionFacts,
    ) -> Result<Result<i64, String>, CacheFault> {
        let Some(key) = keyhole.client().key(scope, facts) else {
            return Ok(Err(
                "the federated token names no issuer or no subject".into()
            ));
        };
        Ok(match self.find(&key)? {
            Found::Fresh(entry) | Found::Renew(entry) => Ok(entry.expires_on),
            Found::Nothing(why) => Err(why),
        })
    }

    /// Where a key's token is, for the audit log.
    fn place_of(&self, key: &CacheKey) -> String {
        match &*self.0 {
            Store::Memory(_) => "memory".into(),
            Store::Directory(directory) => directory.path_of(key).display().to_string(),
        }
    }

    fn find(&self, key: &CacheKey) -> Result<Found, CacheFault> {
        let entry = match &*self.0 {
            Store::Memory(memory) => memory.read(key),
            Store::Directory(directory) => match directory.read(key)? {
                Ok(entry) => entry,
                Err(fault) => {
                    // Not there is no fault; this one is of a file that is.
                    tracing::warn!(
                        target: "keyhole",
                        "the cache file {} is not used: {fault}; a new token is asked for",
                        PathInText(&directory.path_of(key))
                    );
                    return Ok(Found::Nothing(fault.to_string()));
                }
            },
        };
        let Some(entry) = entry else {
            return Ok(Found::Nothing("nothing is kept".into()));
        };
        Ok(match judge(&entry, unix_now()) {
            Use::Fresh => Found::Fresh(entry),
            Use::Renew => Found::Renew(entry),
            Use::Ending => Found::Nothing("the kept token has ended or ends within 5 min".into()),
            Use::Future => {
                tracing::warn!(
                    target: "keyhole",
                    "the cache {} is not used: by its times it is from the future; a new token \
                     is asked for",
                    PathInText(Path::new(&self.place_of(key)))
                );
                Found::Nothing("by its times the kept token is from the future".into())
            }
        })
    }

    /// The right to make the exchange for a key, as soon as nobody has it; none
    /// if that takes longer than `within`.
    async fn wait(&self, key: &CacheKey, within: Duration) -> Result<Option<Place>, CacheFault> {
        match &*self.0 {
            Store::Memory(memory) => Ok(memory.wait(key, within).await.map(Place::Memory)),
            Store::Directory(directory) => {
                let place = directory.wait(key, within).await?;
                Ok(place.map(|place| Place::File(self.clone(), place)))
            }
        }
    }

    /// The same if nobody has it now.
    fn try_now(&self, key: &CacheKey) -> Result<Option<Place>, CacheFault> {
        match &*self.0 {
            Store::Memory(memory) => Ok(memory.try_now(key).map(Place::Memory)),
            Store::Directory(directory) => {
                let place = directory.try_now(key)?;
                Ok(place.map(|place| Place::File(self.clone(), place)))
            }
        }
    }
}

/// The right to make the exchange for a key. Dropping it lets the next one on.
#[derive(Debug)]
enum Place {
    Memory(MemoryPlace),
    File(TokenCache, FilePlace),
}

impl Place {
    /// Whether an exchange failed while this one waited for it.
    fn has_seen_failure(&self) -> bool {
        match self {
            Place::Memory(place) => place.seen_failure,
            Place::File(_, place) => place.seen_failure,
        }
    }

    /// Whether the last failure is less than so long ago.
    fn failed_within(&self, time: Duration) -> bool {
        match self {
            Place::Memory(place) => place.failed_within(time),
            Place::File(_, place) => place.failed_within(time),
        }
    }

    /// Keeps a token.
    fn keep(&self, key: &CacheKey, entry: &Entry) -> Result<(), CacheFault> {
        match self {
            Place::Memory(place) => {
                place.keep(entry.clone());
                Ok(())
            }
            Place::File(cache, place) => match &*cache.0 {
                Store::Directory(directory) => directory.write(place, key, entry),
                Store::Memory(_) => Ok(()),
            },
        }
    }

    /// Tells those who wait that there will be no token.
    fn fail(&self) {
        match self {
            Place::Memory(place) => place.fail(),
            Place::File(_, place) => place.fail(),
        }
    }
}

impl fmt::Display for TokenCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0 {
            Store::Memory(_) => f.write_str("memory of this process"),
            Store::Directory(directory) => write!(f, "{}", directory.path().display()),
        }
    }
}

fn unix_now() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .ok()
        .and_then(|since| i64::try_from(since.as_secs()).ok())
        .unwrap_or_default()
}
