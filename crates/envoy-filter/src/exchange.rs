//! The plugin `exchange`: one per Envoy, on its main thread. It asks for a token
//! ahead of the end of the last one and leaves it for the workers.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::{String, ToString as _};

use keyhole_exchange::assertion::FederatedToken;
use keyhole_exchange::error::{Circumstances, TokenFileError};
use keyhole_exchange::exchange::{
    FileFault, FileFaultKind, Now, TransportFault, TransportFaultKind, single,
};
use keyhole_exchange::reply::{HttpReply, TokenReply};
use keyhole_exchange::request::{ACCEPT, Endpoint, METHOD, USER_AGENT};
use keyhole_exchange::retry::Jitter;
use keyhole_exchange::{TokenError, form};
use keyhole_proxy_rules::refresh;

use crate::configuration;
use crate::envoy_said::{self, TOKEN_BYTES};
use crate::host::{Host, Level};
use crate::record::{STATE_KEY, State, TOKEN_KEY, Token};
use crate::redact::redact;

const SECOND: u64 = 1_000_000_000;

/// Ticks, in milliseconds: the first one soon, for requests wait for it.
pub(crate) const FIRST_TICK: u32 = 50;
const TICK: u32 = 200;

/// How long Envoy waits for an answer, in milliseconds.
const CALL: u32 = 10_000;
/// After this long without a word of Envoy's a call is given up.
const SILENCE: u64 = 30 * SECOND;
/// How often a sign of life is left, in nanoseconds.
const HEARTBEAT: u64 = 5 * SECOND;
/// The clock may go back this far without a new exchange.
const SETBACK: u64 = 60 * SECOND;

/// The exchange of one root context.
pub struct Exchange {
    configuration: configuration::Exchange,
    phase: Phase,
    jitter: Jitter,
    /// When to ask next and when that was decided, in nanoseconds of the wall
    /// clock.
    next: u64,
    decided: u64,
    failures: u32,
    tokens: u64,
    state: State,
    last_heartbeat: u64,
    ticks: bool,
}

enum Phase {
    Idle,
    /// The federated token is being read.
    File {
        call: u32,
        since: u64,
    },
    /// The authority is being asked.
    Asked {
        call: u32,
        since: u64,
        sent: Option<FederatedToken>,
    },
}

impl Exchange {
    /// One that asks at its first tick.
    #[must_use]
    pub fn new(configuration: configuration::Exchange, now: u64) -> Self {
        Self {
            configuration,
            phase: Phase::Idle,
            jitter: Jitter::new(now),
            next: 0,
            decided: 0,
            failures: 0,
            tokens: 0,
            state: State::default(),
            last_heartbeat: 0,
            ticks: false,
        }
    }

    /// Asks if it is time to.
    pub fn tick(&mut self, host: &impl Host) {
        if !core::mem::replace(&mut self.ticks, true) {
            let _ = host.tick_every(TICK);
        }
        if self
            .configuration
            .die_after
            .is_some_and(|tokens| self.tokens >= tokens)
        {
            host.log(Level::Warn, "test_only_die_after: the exchange ends here");
            host.die();
        }
        let now = host.now();
        match &self.phase {
            Phase::Idle => {
                let set_back = now.saturating_add(SETBACK) < self.decided;
                if now >= self.next || set_back {
                    self.begin(host, now);
                }
            }
            Phase::File { since, .. } | Phase::Asked { since, .. } => {
                if now.saturating_sub(*since) > SILENCE || now < *since {
                    let fault = TransportFault::new(
                        TransportFaultKind::Timeout,
                        "Envoy never answered the call",
                    );
                    let sent = self.take_sent();
                    let judged = self.judge(now, Err(fault), sent.as_ref());
                    self.end(host, now, judged);
                }
            }
        }
        if now.saturating_sub(self.last_heartbeat) >= HEARTBEAT || now < self.last_heartbeat {
            self.share_state(host, now);
        }
    }

    /// Takes the answer to a call.
    pub fn answered(&mut self, host: &impl Host, number: u32, headers: usize, size: usize) {
        let now = host.now();
        match core::mem::replace(&mut self.phase, Phase::Idle) {
            Phase::File { call, .. } if call == number => {
                match self.read_file(host, now, headers, size) {
                    Ok(token) => self.ask(host, now, Some(token)),
                    Err(error) => self.end(host, now, Err(error)),
                }
            }
            Phase::Asked { call, sent, .. } if call == number => {
                let judged = self.judge(now, reply(host, headers, size), sent.as_ref());
                self.end(host, now, judged);
            }
            // The answer to a call that was given up.
            other => self.phase = other,
        }
    }

    fn begin(&mut self, host: &impl Host, now: u64) {
        let Some(cluster) = &self.configuration.token_cluster else {
            return self.ask(host, now, None);
        };
        let headers = [
            (":method", "GET"),
            (":path", "/"),
            (":authority", "federated-token"),
        ];
        match host.call(cluster, &headers, b"", CALL) {
            Ok(call) => self.phase = Phase::File { call, since: now },
            Err(_) => {
                let fault = no_call(cluster, "token_cluster");
                let judged = self.judge(now, Err(fault), None);
                self.end(host, now, judged);
            }
        }
    }

    /// Sends the request: with the form if the token is here, else with an
    /// object in whose place Envoy puts the form.
    fn ask(&mut self, host: &impl Host, now: u64, sent: Option<FederatedToken>) {
        let configuration = &self.configuration;
        let endpoint = Endpoint::new(&configuration.authority, &configuration.tenant);
        let form = sent.as_ref().map(|token| {
            form::encode(
                configuration.client_id.as_str(),
                configuration.scope.as_str(),
                token.expose(),
                None,
            )
        });
        let (content_type, body) = match &form {
            Some(form) => (form::CONTENT_TYPE, form.as_slice()),
            None => ("application/json", b"{}".as_slice()),
        };
        let headers = [
            (":method", METHOD),
            (":path", endpoint.path()),
            (":authority", endpoint.authority()),
            ("content-type", content_type),
            ("accept", ACCEPT),
            ("user-agent", USER_AGENT),
        ];
        match host.call(&configuration.cluster, &headers, body, CALL) {
            Ok(call) => {
                self.phase = Phase::Asked {
                    call,
                    since: now,
                    sent,
                };
            }
            Err(_) => {
                let fault = no_call(&configuration.cluster, "cluster");
                let judged = self.judge(now, Err(fault), sent.as_ref());
                self.end(host, now, judged);
            }
        }
    }

    fn read_file(
        &self,
        host: &impl Host,
        now: u64,
        headers: usize,
        size: usize,
    ) -> Result<FederatedToken, TokenError> {
        let reply = reply(host, headers, size).and_then(|reply| match reply.status {
            200 => Ok(reply),
            status => Err(TransportFault::new(
                TransportFaultKind::Other,
                &format!("the listener of the federated token answered HTTP {status}"),
            )),
        });
        let fault = match reply {
            Ok(reply) => {
                return single::federated_token(
                    &self.configuration.authority,
                    at(now),
                    &reply.body,
                );
            }
            Err(fault) => fault,
        };
        Err(TokenError::TokenFile(Box::new(TokenFileError {
            path: self.configuration.token_cluster.clone().unwrap_or_default(),
            fault: FileFault::new(FileFaultKind::Other, &fault.to_string()),
            circumstances: Circumstances {
                authority: self.configuration.authority.clone(),
                now: at(now).unix_seconds,
                clock_offset: None,
            },
        })))
    }

    fn judge(
        &self,
        now: u64,
        reply: Result<HttpReply, TransportFault>,
        sent: Option<&FederatedToken>,
    ) -> Result<TokenReply, TokenError> {
        let answer = match &reply {
            Ok(reply) => match envoy_said::fault(reply) {
                Some(fault) => Err(fault),
                None => Ok(reply),
            },
            Err(fault) => Err(fault.clone()),
        };
        let judged = single::judge(&self.configuration.authority, at(now), answer, sent)?;
        if judged.token.expose().len() > TOKEN_BYTES {
            let fault = TransportFault::new(
                TransportFaultKind::Protocol,
                &format!(
                    "its access token has more than {TOKEN_BYTES} bytes, too many for a header"
                ),
            );
            return single::judge(&self.configuration.authority, at(now), Err(fault), sent);
        }
        Ok(judged)
    }

    /// Leaves the token or the failure for the workers, and says when to ask
    /// next.
    fn end(&mut self, host: &impl Host, now: u64, judged: Result<TokenReply, TokenError>) {
        self.phase = Phase::Idle;
        self.decided = now;
        let outcome = judged.map_err(|error| (Some(error), "")).and_then(|reply| {
            let text = Token::write(reply.expires_on, reply.token.expose());
            match host.share(TOKEN_KEY, text.as_bytes()) {
                Ok(()) => Ok(reply),
                Err(_) => Err((
                    None,
                    "Envoy did not take the token: proxy_set_shared_data is not among the \
                     allowed capabilities of the plugin `exchange`",
                )),
            }
        });
        match outcome {
            Ok(reply) => self.renewed(host, now, &reply),
            Err((Some(error), _)) => self.failed(host, now, &error),
            Err((None, why)) => self.wait(host, now, None, Level::Error, "internal", why),
        }
        self.share_state(host, now);
    }

    fn renewed(&mut self, host: &impl Host, now: u64, reply: &TokenReply) {
        let seconds = at(now).unix_seconds;
        let renew_at = refresh::renew_at(
            seconds,
            reply.expires_on,
            reply.refresh_on,
            &mut self.jitter,
        );
        self.next = nanos(renew_at).max(now.saturating_add(SECOND));
        self.failures = 0;
        self.tokens = self.tokens.saturating_add(1);
        self.state.serial = now.max(self.state.serial.saturating_add(1));
        self.state.next_try = 0;
        self.state.failure = String::new();
        host.log(
            Level::Info,
            &format!(
                "access token for {} is there: it ends in {} s and is renewed in {} s",
                self.configuration.scope.as_str(),
                reply.expires_on.saturating_sub(seconds),
                self.next.saturating_sub(now) / SECOND
            ),
        );
    }

    fn failed(&mut self, host: &impl Host, now: u64, error: &TokenError) {
        let (word, level, retry_after) = match error {
            TokenError::Refused(refused) => {
                let mut word = String::from("refused by the authority");
                for code in &refused.answer.codes {
                    word.push_str(&format!(", AADSTS{code}"));
                }
                (word, Level::Error, None)
            }
            TokenError::Unavailable(unavailable) => (
                "the authority is unavailable".to_string(),
                Level::Warn,
                unavailable.retry_after,
            ),
            TokenError::TokenFile(_) | TokenError::Assertion(_) => (
                "the federated token cannot be used".to_string(),
                Level::Error,
                None,
            ),
            TokenError::Denied(_) => (
                "the egress listener does not allow it".to_string(),
                Level::Error,
                None,
            ),
            TokenError::BadResponse(_) | TokenError::Configuration(_) => (
                "the authority's answer cannot be used".to_string(),
                Level::Error,
                None,
            ),
        };
        let (message, next_step) = (error.message(), error.next_step());
        let why = redact(&format!("{message}. {next_step}"));
        self.wait(host, now, retry_after, level, &word, &why);
    }

    fn wait(
        &mut self,
        host: &impl Host,
        now: u64,
        retry_after: Option<u64>,
        level: Level,
        word: &str,
        why: &str,
    ) {
        self.failures = self.failures.saturating_add(1);
        let wait = refresh::wait_after(self.failures, retry_after, &mut self.jitter);
        self.next = now.saturating_add(wait.saturating_mul(1_000_000));
        self.state.next_try = at(self.next).unix_seconds.saturating_add(1);
        self.state.failure = word.to_string();
        host.log(
            level,
            &format!(
                "no access token for {} of client {}: {why} Next try in {} s (failure {})",
                self.configuration.scope.as_str(),
                self.configuration.client_id.as_str(),
                wait.div_ceil(1000),
                self.failures
            ),
        );
    }

    fn share_state(&mut self, host: &impl Host, now: u64) {
        self.last_heartbeat = now;
        self.state.heartbeat = at(now).unix_seconds;
        let _ = host.share(STATE_KEY, self.state.write().as_bytes());
    }

    fn take_sent(&mut self) -> Option<FederatedToken> {
        match core::mem::replace(&mut self.phase, Phase::Idle) {
            Phase::Asked { sent, .. } => sent,
            _ => None,
        }
    }
}

/// The answer to a call as the rules look at it.
fn reply(host: &impl Host, headers: usize, size: usize) -> Result<HttpReply, TransportFault> {
    // Envoy's word for a call that failed: there is no map to read then.
    if headers == 0 {
        return Err(TransportFault::new(
            TransportFaultKind::Interrupted,
            "Envoy had no answer to pass on: none came, it broke off, or it was too large",
        ));
    }
    let protocol = |detail: &str| TransportFault::new(TransportFaultKind::Protocol, detail);
    if size > envoy_said::BODY_BYTES {
        return Err(protocol(&format!(
            "the answer has {size} bytes, more than {}",
            envoy_said::BODY_BYTES
        )));
    }
    let header = |name: &str| {
        let bytes = host.answer_header(name)?;
        core::str::from_utf8(&bytes).ok().map(str::to_string)
    };
    let status = header(":status").and_then(|status| status.parse().ok());
    let body = match size {
        0 => None,
        _ => host.answer_body(envoy_said::BODY_BYTES),
    };
    Ok(HttpReply {
        status: status.ok_or_else(|| {
            protocol(
                "its status cannot be read: is proxy_get_header_map_value among the allowed \
                 capabilities of the plugin `exchange`?",
            )
        })?,
        content_type: header("content-type"),
        retry_after: header("retry-after"),
        date: header("date"),
        body: body.unwrap_or_default(),
    })
}

fn no_call(cluster: &str, field: &str) -> TransportFault {
    TransportFault::new(
        TransportFaultKind::Other,
        &format!(
            "Envoy does not send to {cluster:?}, the plugin's {field}: there is no such cluster, or \
             proxy_http_call is not among the allowed capabilities"
        ),
    )
}

fn at(nanos: u64) -> Now {
    Now {
        unix_seconds: i64::try_from(nanos / SECOND).unwrap_or(i64::MAX),
        monotonic_nanos: nanos,
    }
}

fn nanos(seconds: i64) -> u64 {
    u64::try_from(seconds)
        .unwrap_or_default()
        .saturating_mul(SECOND)
}
