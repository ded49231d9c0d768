//! The plugin `inject`: every request leaves with the access token, or is
//! answered with 503. The token is kept in the worker: shared data are read at
//! ticks, not at requests.

use alloc::format;
use alloc::string::ToString as _;
use alloc::vec::Vec;

use keyhole_proxy_rules::status::{CONTENT_TYPE, Status};
use keyhole_proxy_rules::{header, refresh};

use crate::configuration::{self, StripBy};
use crate::header_map;
use crate::host::{Host, Level, Refused};
use crate::record::{STATE_KEY, State, TOKEN_KEY, Token};

const SECOND: u64 = 1_000_000_000;

/// Ticks, in milliseconds: while there is no token, and else.
pub(crate) const EAGER_TICK: u32 = 50;
const CALM_TICK: u32 = 1_000;

/// Held requests of a worker; more are answered at once.
const MOST_WAITING: usize = 1_024;

/// `Retry-After` where nothing better is known, in seconds.
const RETRY_AFTER: u64 = 2;
/// Longest `Retry-After`, in seconds.
const LONGEST_RETRY_AFTER: u64 = 60;

/// The exchange leaves a sign of life every five seconds; after this many
/// without one the log says so, and again after the same time.
const SILENCE: i64 = 60;

/// What becomes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Action {
    /// It goes on.
    Continue = 0,
    /// It is held, or was answered.
    Pause = 1,
}

/// What the worker knows of the token: one for all listeners and clusters that
/// share the VM.
#[derive(Default)]
struct Cache {
    token: Option<Token>,
    /// Whether the token may be sent until the next tick. Asking for the time at
    /// each request would cost a call into Envoy; a token is not sent in its last
    /// ten seconds, and ticks are one apart.
    is_fresh: bool,
    state: Option<State>,
    warned: i64,
}

/// The filter of a VM, whatever listeners and clusters it is part of.
pub struct Inject {
    configuration: configuration::Inject,
    cache: Cache,
    waiting: Vec<Waiting>,
}

struct Waiting {
    context: u32,
    deadline: u64,
}

impl Cache {
    /// Reads what the exchange has left since.
    fn look(&mut self, host: &impl Host) {
        let state = host.shared(STATE_KEY).ok().flatten();
        let state = state.and_then(|bytes| State::read(&bytes));
        let serial = |state: &Option<State>| state.as_ref().map_or(0, |state| state.serial);
        if serial(&state) != serial(&self.state) {
            let token = host.shared(TOKEN_KEY).ok().flatten();
            if let Some(token) = token.and_then(|bytes| Token::read(&bytes)) {
                self.token = Some(token);
            }
        }
        self.state = state;
    }

    fn usable(&self, now: u64) -> Option<&Token> {
        self.token
            .as_ref()
            .filter(|token| refresh::is_usable(token.expires_on, seconds(now)))
    }

    /// Says so if the exchange has not been at work for long.
    fn watch(&mut self, host: &impl Host, now: u64) {
        let now = seconds(now);
        let Some(state) = &self.state else {
            return;
        };
        let silent = now.saturating_sub(state.heartbeat);
        if silent > SILENCE && now.saturating_sub(self.warned) > SILENCE {
            self.warned = now;
            let left = self
                .token
                .as_ref()
                .map_or(0, |token| token.expires_on.saturating_sub(now).max(0));
            host.log(
                Level::Error,
                &format!(
                    "the plugin `exchange` has not been at work for {silent} s, and the token ends \
                     in {left} s: Envoy must be started again"
                ),
            );
        }
    }

    /// Why there is no token, and when it is worth asking again.
    fn unavailable(&self, now: u64) -> Status {
        let now = seconds(now);
        let (message, wait) = match &self.state {
            None => (
                "no access token: the plugin `exchange` has not been seen; it is a bootstrap \
                 extension of the same vm_id"
                    .to_string(),
                RETRY_AFTER,
            ),
            Some(state) if now.saturating_sub(state.heartbeat) > SILENCE => (
                "no access token: the plugin `exchange` is not at work any more".to_string(),
                LONGEST_RETRY_AFTER,
            ),
            Some(state) if state.failure.is_empty() => (
                "no access token yet: it is being asked for".to_string(),
                RETRY_AFTER,
            ),
            Some(state) => {
                let wait = u64::try_from(state.next_try.saturating_sub(now)).unwrap_or_default();
                (
                    format!("no access token: {}", state.failure),
                    wait.clamp(1, LONGEST_RETRY_AFTER),
                )
            }
        };
        Status::unavailable(message, wait)
    }

    /// Whether the exchange says that it will not ask before that time.
    fn is_hopeless(&self, deadline: u64) -> bool {
        self.state
            .as_ref()
            .is_some_and(|state| state.next_try > seconds(deadline).saturating_add(1))
    }
}

impl Inject {
    /// A filter that has no token yet.
    #[must_use]
    pub fn new(configuration: configuration::Inject) -> Self {
        Self {
            configuration,
            cache: Cache::default(),
            waiting: Vec::new(),
        }
    }

    /// Takes another configuration.
    pub fn configure(&mut self, configuration: configuration::Inject) {
        self.configuration = configuration;
    }

    /// Answers a request that no filter is there for.
    pub fn refuse(host: &impl Host) -> Action {
        let status = Status::internal_error(
            "the plugin `inject` was not configured: proxy_on_configure is not among its allowed \
             capabilities",
        );
        answer(host, &status)
    }

    /// Takes a request: removes what names somebody else, and sets the token.
    pub fn request(&mut self, host: &impl Host, context: u32) -> Action {
        if self.configuration.strip_by == StripBy::Plugin && strip(host).is_err() {
            let status = Status::internal_error(
                "the request's headers cannot be looked through, so it does not go on",
            );
            return answer(host, &status);
        }
        let cache = &mut self.cache;
        if let (true, Some(token)) = (cache.is_fresh, &cache.token) {
            return set(host, token);
        }
        let now = host.now();
        cache.look(host);
        if let Some(token) = cache.usable(now) {
            return set(host, token);
        }
        let deadline = now.saturating_add(self.configuration.wait_ms.saturating_mul(1_000_000));
        let is_first = cache.token.is_none();
        if is_first
            && deadline > now
            && self.waiting.len() < MOST_WAITING
            && !cache.is_hopeless(deadline)
        {
            self.waiting.push(Waiting { context, deadline });
            return Action::Pause;
        }
        answer(host, &cache.unavailable(now))
    }

    /// Looks for a new token, and lets requests go that waited for it. `tick` is
    /// what the root that ticks has asked for.
    pub fn tick(&mut self, host: &impl Host, tick: &mut u32) {
        let cache = &mut self.cache;
        cache.look(host);
        let now = host.now();
        cache.watch(host, now);
        cache.is_fresh = cache.usable(now).is_some();
        let token = cache.usable(now);
        let pace = match token {
            Some(_) => CALM_TICK,
            None => EAGER_TICK,
        };
        // Before another context is selected: it is the root's.
        if *tick != pace && host.tick_every(pace).is_ok() {
            *tick = pace;
        }
        let status = cache.unavailable(now);
        self.waiting.retain(|waiting| {
            // A caller who has left is seen here; Envoy does not tell.
            if host.select(waiting.context).is_err() {
                return false;
            }
            match token {
                Some(token) => {
                    // Answered if the header cannot be set; it never goes on
                    // without.
                    if set(host, token) == Action::Continue {
                        let _ = host.go_on();
                    }
                }
                None if now < waiting.deadline => return true,
                None => {
                    answer(host, &status);
                }
            }
            false
        });
    }
}

/// Removes every header by which the caller could be somebody else.
fn strip(host: &impl Host) -> Result<(), Refused> {
    let headers = host.request_headers().ok_or(Refused)?;
    for name in header_map::names(&headers) {
        // Envoy's names are ASCII.
        let name = name.and_then(|name| core::str::from_utf8(name).ok());
        let name = name.ok_or(Refused)?;
        if header::is_identity(name) {
            host.remove_request_header(name)?;
        }
    }
    Ok(())
}

fn set(host: &impl Host, token: &Token) -> Action {
    match host.set_request_header("authorization", &token.bearer) {
        Ok(()) => Action::Continue,
        Err(_) => answer(
            host,
            &Status::internal_error(
                "the access token cannot be set: proxy_replace_header_map_value is not among the \
                 allowed capabilities of the plugin `inject`",
            ),
        ),
    }
}

fn answer(host: &impl Host, status: &Status) -> Action {
    let seconds = status.retry_after.map(|seconds| seconds.to_string());
    let mut headers = alloc::vec![("content-type", CONTENT_TYPE)];
    if let Some(seconds) = &seconds {
        headers.push(("retry-after", seconds));
    }
    // If Envoy refuses, the request is held until it times out: still better
    // than one without a token.
    let _ = host.answer(status.code, &headers, &status.json());
    Action::Pause
}

fn seconds(nanos: u64) -> i64 {
    i64::try_from(nanos / SECOND).unwrap_or(i64::MAX)
}
