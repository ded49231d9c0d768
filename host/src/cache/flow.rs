//! A call with a cache: look, wait for whoever asks already, ask, keep.

use super::directory::warn;
use super::{CacheFault, Found, Place, TokenCache, unix_now};
use crate::audit::{AuditEvent, Capability};
use crate::bindings::exports::keyhole::identity::token_provider as wit;
use crate::call::Call;
use crate::error::Error;
use crate::keyhole::Keyhole;
use crate::token::{AccessToken, TokenRequest};
use keyhole_policy::cache::{CacheKey, Entry, LAST_SECONDS};
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

/// An early renewal takes no longer than this: there is a token already.
const RENEWAL: Duration = Duration::from_secs(10);

/// After one that failed, this long passes until the next is tried
/// (azure-identity for Python: `_DEFAULT_TOKEN_REFRESH_RETRY_DELAY`).
const BETWEEN_RENEWALS: Duration = Duration::from_secs(30);

/// Another exchange of the same token is waited for no longer than this, and no
/// longer than half of the time that is left.
const PATIENCE: Duration = Duration::from_secs(10);

/// One call and what it knows.
struct Cached<'a> {
    keyhole: &'a Keyhole,
    cache: &'a TokenCache,
    request: &'a TokenRequest,
    key: CacheKey,
    scope: String,
    facts: wit::AssertionFacts,
    log: Call,
}

/// A kept token, or a new one that is kept.
///
/// # Errors
/// As without a cache, and [`Error::Cache`] if what is there is not this
/// user's alone.
pub(crate) async fn get_token(
    keyhole: &Keyhole,
    cache: &TokenCache,
    request: &TokenRequest,
) -> Result<AccessToken, Error> {
    let start = Instant::now();
    let timeout = keyhole.grants().timeout;
    let left = || timeout.saturating_sub(start.elapsed());
    let facts = match keyhole.inspect_token().await {
        Ok(facts) => facts,
        // It is sent nevertheless. What comes of it is not kept.
        Err(Error::Token { error, .. })
            if request.skip_assertion_checks && matches!(*error, wit::TokenError::Assertion(_)) =>
        {
            return keyhole.exchange(request, left()).await;
        }
        Err(error) => return Err(error),
    };
    let scope = keyhole.scope(request);
    let Some(key) = keyhole.client().key(&scope, &facts) else {
        return keyhole.exchange(request, left()).await;
    };
    let cached = Cached {
        keyhole,
        cache,
        request,
        key,
        scope,
        facts,
        log: Call::new(keyhole.audit(), None),
    };
    match cached.find()? {
        Found::Fresh(entry) => return Ok(cached.hit(entry)),
        Found::Renew(entry) => return cached.renew(entry, left()).await,
        Found::Nothing(why) => cached.note(format!("miss: {why}")),
    }
    let Some(place) = cache.wait(&key, PATIENCE.min(left() / 2)).await? else {
        // Whoever has it is slow, or stopped: that is not to hold up the others.
        cached.note("miss: another exchange of the same token was waited for in vain".into());
        return keyhole.exchange(request, left()).await;
    };
    // Whoever was first may have kept one meanwhile.
    match cached.find()? {
        Found::Fresh(entry) | Found::Renew(entry) => return Ok(cached.hit(entry)),
        Found::Nothing(_) => {}
    }
    if place.has_seen_failure() {
        // Those who waited do not wait for each other too.
        drop(place);
        let token = keyhole.exchange(request, left()).await?;
        if let Ok(Some(place)) = cache.try_now(&key) {
            cached.keep(&place, &token);
        }
        return Ok(token);
    }
    match keyhole.exchange(request, left()).await {
        Ok(token) => {
            cached.keep(&place, &token);
            Ok(token)
        }
        Err(error) => {
            place.fail();
            Err(error)
        }
    }
}

impl Cached<'_> {
    fn find(&self) -> Result<Found, CacheFault> {
        match self.cache.find(&self.key) {
            Err(fault @ CacheFault::Unavailable { .. }) => {
                warn(&fault);
                Ok(Found::Nothing(fault.to_string()))
            }
            found => found,
        }
    }

    fn hit(&self, entry: Entry) -> AccessToken {
        let left = entry.expires_on.saturating_sub(unix_now());
        self.note(format!("hit: it ends in {left} s"));
        AccessToken::new(wit::AccessToken {
            // One of the entry's, which is wiped when it is dropped.
            token: (*entry.token).clone(),
            token_type: "Bearer".into(),
            expires_on: entry.expires_on,
            refresh_on: entry.refresh_on,
            scope: self.scope.clone(),
            requests: 0,
            assertion: self.facts.clone(),
        })
    }

    /// Asks for a newer token, and takes the kept one if the authority has none.
    async fn renew(&self, entry: Entry, left: Duration) -> Result<AccessToken, Error> {
        let place = match self.cache.try_now(&self.key) {
            Ok(Some(place)) if !place.failed_within(BETWEEN_RENEWALS) => place,
            // Somebody else renews it, or just could not.
            _ => return Ok(self.hit(entry)),
        };
        match self.cache.find(&self.key) {
            Ok(Found::Fresh(entry)) => return Ok(self.hit(entry)),
            _ => self.note("renewal: the authority suggests it".into()),
        }
        match self.keyhole.exchange(self.request, left.min(RENEWAL)).await {
            Ok(token) => {
                self.keep(&place, &token);
                Ok(token)
            }
            // What the sandbox refused, a limit or a bug is never passed over.
            Err(error) if !is_of_the_authority(&error) => {
                place.fail();
                Err(error)
            }
            Err(error) => {
                place.fail();
                tracing::info!(
                    target: "keyhole",
                    "the kept token is used, for it could not be renewed early: {error}"
                );
                Ok(self.hit(entry))
            }
        }
    }

    fn keep(&self, place: &Place, token: &AccessToken) {
        let now = unix_now();
        if token.expires_on.saturating_sub(now) <= LAST_SECONDS {
            self.note("not kept: it ends within 5 min".into());
            return place.fail();
        }
        if self.keyhole.client().key(&self.scope, &token.assertion) != Some(self.key) {
            // The file was read twice, and became another identity's in between.
            self.note("not kept: the federated token became another one".into());
            return place.fail();
        }
        let entry = Entry {
            token: Zeroizing::new(token.expose().to_owned()),
            written_on: now,
            expires_on: token.expires_on,
            refresh_on: token.refresh_on,
        };
        match place.keep(&self.key, &entry) {
            Ok(()) => self.note("kept".into()),
            Err(fault) => {
                self.note(format!("failed: {fault}"));
                warn(&fault);
                place.fail();
            }
        }
    }

    fn note(&self, what: String) {
        let target = self.cache.place_of(&self.key);
        self.log
            .log(AuditEvent::allowed(Capability::Cache, target).detail(what));
    }
}

/// Whether a failed exchange is the authority's, or of the way to it.
fn is_of_the_authority(error: &Error) -> bool {
    match error {
        Error::Deadline { .. } => true,
        Error::Token { error, .. } => matches!(
            **error,
            wit::TokenError::Refused(_)
                | wit::TokenError::Unavailable(_)
                | wit::TokenError::BadResponse(_)
        ),
        _ => false,
    }
}
