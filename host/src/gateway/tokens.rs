//! The access token of all requests: fetched once, renewed ahead of its end, and
//! shared.
//!
//! One task asks for tokens and nobody else does, so a thousand requests at once
//! are one exchange, and an authority that is down is asked at the pace of the
//! schedule, whatever the callers do.

use crate::bindings::exports::keyhole::identity::token_provider as wit;
use crate::error::Error;
use crate::keyhole::Keyhole;
use crate::token::{AccessToken, TokenRequest};
use keyhole_exchange::retry::Jitter;
use keyhole_proxy_rules::refresh;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::sync::{Notify, watch};

/// A token that the upstream refuses is replaced, but not more often than this in
/// a minute: callers who provoke refusals shall not make the host ask the
/// authority again and again.
const REPLACEMENTS: usize = 4;
const MINUTE: Duration = Duration::from_secs(60);

/// The wall clock is looked at this often while a token is good: it may be set,
/// and a machine may sleep.
const LOOK: Duration = Duration::from_secs(30);

/// A caller waits this long for a token at most, whatever the guest says.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// The token, and the task's way to tell of it.
pub(super) struct Tokens {
    keyhole: Keyhole,
    current: watch::Sender<Current>,
    past: Mutex<Past>,
    /// Somebody waits who should not have to: the clock is looked at.
    look: Notify,
}

/// What there is now.
#[derive(Clone, Default)]
struct Current {
    token: Option<Arc<AccessToken>>,
    /// Whether the upstream has refused it. It is given on while there is no
    /// other: what refused it may be one thing of many behind the upstream.
    refused: bool,
    /// Why there is no newer one, and when the next try is.
    failure: Option<(Arc<str>, Instant)>,
}

impl Current {
    fn is_usable(&self) -> bool {
        self.token.as_deref().is_some_and(is_usable)
    }
}

/// What there was.
#[derive(Default)]
struct Past {
    /// The token before the current one: requests under way may bear it.
    token: Option<Arc<AccessToken>>,
    /// When tokens were replaced because they were refused.
    replaced: Vec<Instant>,
}

impl Past {
    /// Whether another one may be replaced now; if so, that is noted.
    fn may_replace(&mut self) -> bool {
        self.replaced.retain(|when| when.elapsed() < MINUTE);
        let may = self.replaced.len() < REPLACEMENTS;
        if may {
            self.replaced.push(Instant::now());
        }
        may
    }
}

fn is_usable(token: &AccessToken) -> bool {
    refresh::is_usable(token.expires_on, unix_now())
}

impl Tokens {
    pub(super) fn new(keyhole: Keyhole) -> Self {
        Tokens {
            keyhole,
            current: watch::Sender::default(),
            past: Mutex::default(),
            look: Notify::new(),
        }
    }

    /// The token, as soon as there is one; or why there is none, if the last try
    /// failed and the next is yet to come.
    pub(super) async fn get(
        &self,
        request: &wit::TokenRequest,
    ) -> Result<wit::AccessToken, wit::TokenError> {
        let wait = request.deadline.map_or(LONGEST_WAIT, Duration::from_nanos);
        let mut changes = self.current.subscribe();
        let settled = changes.wait_for(|current| {
            let is_usable = current.is_usable();
            if current.token.is_some() && !is_usable {
                // The clock was set, or the machine has slept.
                self.look.notify_one();
            }
            current.failure.is_some() || is_usable && !current.refused
        });
        let current = match tokio::time::timeout(wait.min(LONGEST_WAIT), settled).await {
            Ok(Ok(current)) => current.clone(),
            _ => return Err(unavailable("none has come yet", Duration::from_secs(1))),
        };
        match (current.token, current.failure) {
            (Some(token), _) if is_usable(&token) => Ok(given(&token)),
            (_, Some((why, next))) => Err(unavailable(
                &why,
                next.saturating_duration_since(Instant::now()),
            )),
            (_, None) => Err(unavailable("it has ended", Duration::from_secs(1))),
        }
    }

    /// Whether this is a value of `Authorization` that was given out.
    pub(super) fn is_known(&self, authorization: &str) -> bool {
        let Some(bearer) = authorization.strip_prefix("Bearer ") else {
            return false;
        };
        let is_it = |token: &Option<Arc<AccessToken>>| {
            token.as_ref().is_some_and(|token| token.expose() == bearer)
        };
        is_it(&self.current.borrow().token) || is_it(&self.past().token)
    }

    /// The upstream answered 401 to this value of `Authorization`.
    pub(super) fn refused(&self, authorization: &str) {
        let bearer = authorization.strip_prefix("Bearer ").unwrap_or_default();
        let is_refused = self.current.send_if_modified(|current| {
            let is_it = |token: &AccessToken| token.expose() == bearer;
            let is_current = current.token.as_deref().is_some_and(is_it);
            let is_refused = is_current && !current.refused && self.past().may_replace();
            current.refused |= is_refused;
            is_refused
        });
        if is_refused {
            tracing::warn!("the upstream refused the access token (401); another is asked for");
        }
    }

    fn past(&self) -> MutexGuard<'_, Past> {
        self.past.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps the token fresh. Never ends.
    pub(super) async fn keep_fresh(&self) {
        let mut jitter = Jitter::new(u64::from(std::process::id()) ^ nanos());
        let mut failures = 0;
        loop {
            let (why, next_step, patience) =
                match self.keyhole.get_token(TokenRequest::default()).await {
                    Ok(token) if is_usable(&token) => {
                        failures = 0;
                        let now = unix_now();
                        let (end, suggested) = (token.expires_on, token.refresh_on);
                        let renew = refresh::renew_at(now, end, suggested, &mut jitter);
                        tracing::info!(
                            "a new access token, for {} s; to be renewed in {} s",
                            end - now,
                            renew - now
                        );
                        self.keep(token);
                        self.wait_until(renew.max(now + 1)).await;
                        continue;
                    }
                    Ok(token) => {
                        let left = token.expires_on.saturating_sub(unix_now());
                        let why = format!("the authority gave a token that ends in {left} s");
                        (why, String::new(), None)
                    }
                    Err(error) => (error.to_string(), error.next_step(), retry_after(&error)),
                };
            failures += 1;
            let wait = refresh::wait_after(failures, patience, &mut jitter);
            let wait = Duration::from_millis(wait);
            self.fail(&why, &next_step, wait);
            tokio::time::sleep(wait).await;
            // Who comes while a try is under way waits for its end, unless there
            // is a token.
            self.current.send_if_modified(|current| {
                !current.is_usable() && current.failure.take().is_some()
            });
        }
    }

    fn keep(&self, token: AccessToken) {
        self.current.send_modify(|current| {
            if let Some(before) = current.token.replace(Arc::new(token)) {
                self.past().token = Some(before);
            }
            current.refused = false;
            current.failure = None;
        });
    }

    fn fail(&self, message: &str, next_step: &str, wait: Duration) {
        tracing::warn!(
            "no new access token: {message}; {next_step}{}next try in {} s",
            if next_step.is_empty() { "" } else { "; " },
            wait.as_secs()
        );
        self.current.send_modify(|current| {
            current.failure = Some((message.into(), Instant::now() + wait));
        });
    }

    /// Until the wall clock shows `when`, or the token is refused.
    async fn wait_until(&self, when: i64) {
        let mut changes = self.current.subscribe();
        loop {
            let left = u64::try_from(when.saturating_sub(unix_now())).unwrap_or_default();
            if left == 0 {
                return;
            }
            tokio::select! {
                _ = changes.wait_for(|current| current.refused) => return,
                () = self.look.notified() => {}
                () = tokio::time::sleep(LOOK.min(Duration::from_secs(left))) => {}
            }
        }
    }
}

/// What the gateway is told: the token and its end, and nothing of whose it is.
fn given(token: &AccessToken) -> wit::AccessToken {
    wit::AccessToken {
        token: token.expose().to_owned(),
        token_type: "Bearer".to_owned(),
        expires_on: token.expires_on,
        refresh_on: None,
        scope: String::new(),
        requests: 0,
        assertion: wit::AssertionFacts {
            issuer: None,
            subject: None,
            audiences: Vec::new(),
            issued_at: None,
            not_before: None,
            expires_on: None,
            size: 0,
        },
    }
}

fn unavailable(why: &str, next: Duration) -> wit::TokenError {
    wit::TokenError::Unavailable(wit::UnavailableError {
        explanation: wit::Explanation {
            message: why.to_owned(),
            next_step: String::new(),
        },
        cause: wit::UnavailableCause::Transport,
        status: None,
        retry_after: Some(next.as_secs() + 1),
        codes: Vec::new(),
        correlation_id: None,
        timestamp: None,
        assertion: None,
        requests: 0,
    })
}

/// What the authority asked for, in seconds.
fn retry_after(error: &Error) -> Option<u64> {
    match error {
        Error::Token { error, .. } => match &**error {
            wit::TokenError::Unavailable(error) => error.retry_after,
            _ => None,
        },
        _ => None,
    }
}

fn unix_now() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map_or(0, |since| {
        i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
    })
}

fn nanos() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map_or(0, |since| u64::from(since.subsec_nanos()))
}
