//! The plugin `inject`: every request leaves with the access token, or is
//! answered with 503. The token is kept in the worker: shared data are read at
//! ticks, not at requests.

use alloc::format;
use alloc::string::ToString as _;
use alloc::vec::Vec;

use keyhole_proxy_rules::status::{CONTENT_TYPE, Status};
use keyhole_proxy_rules::{header, refresh};

use crate::configuration;
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
pub struct Cache {
    token: Option<Token>,
    state: Option<State>,
    warned: i64,
}

/// The filter of one root context.
pub struct Inject {
    configuration: configuration::Inject,
    waiting: Vec<Waiting>,
    tick: u32,
}

struct Waiting {
    context: u32,
    deadline: u64,
}

impl Cache {
    /// One that knows nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            token: None,
            state: None,
            warned: 0,
        }
    }

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
    /// A filter that ticks eagerly until it has a token.
    #[must_use]
    pub const fn new(configuration: configuration::Inject) -> Self {
        Self {
            configuration,
            waiting: Vec::new(),
            tick: EAGER_TICK,
        }
    }

    /// Answers a request that no filter is there for.
    pub fn refuse(host: &impl Host) -> Action {
        let status = Status::internal_error(
            "the plugin `inject` was not configured: proxy_on_configure or proxy_on_context_create \
             is not among its allowed capabilities",
        );
        answer(host, &status)
    }

    /// Takes a request: removes what names somebody else, and sets the token.
    pub fn request(&mut self, host: &impl Host, cache: &mut Cache, context: u32) -> Action {
        if strip(host).is_err() {
            let status = Status::internal_error(
                "the request's headers cannot be looked through, so it does not go on",
            );
            return answer(host, &status);
        }
        let now = host.now();
        if let Some(token) = cache.usable(now) {
            return set(host, token);
        }
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
            self.pace(host, EAGER_TICK);
            self.waiting.push(Waiting { context, deadline });
            return Action::Pause;
        }
        answer(host, &cache.unavailable(now))
    }

    /// Looks for a new token, and lets requests go that waited for it.
    pub fn tick(&mut self, host: &impl Host, cache: &mut Cache) {
        cache.look(host);
        let now = host.now();
        cache.watch(host, now);
        let token = cache.usable(now);
        let pace = match token {
            Some(_) => CALM_TICK,
            None => EAGER_TICK,
        };
        let status = cache.unavailable(now);
        self.waiting.retain(|waiting| {
            if token.is_none() && now < waiting.deadline {
                return true;
            }
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
                None => {
                    answer(host, &status);
                }
            }
            false
        });
        self.pace(host, pace);
    }

    /// Forgets a request that has ended.
    pub fn forget(&mut self, context: u32) {
        if !self.waiting.is_empty() {
            self.waiting.retain(|waiting| waiting.context != context);
        }
    }

    fn pace(&mut self, host: &impl Host, tick: u32) {
        if self.tick != tick && host.tick_every(tick).is_ok() {
            self.tick = tick;
        }
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
