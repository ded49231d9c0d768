//! The states of an exchange and how one leads to the next.

use alloc::boxed::Box;
use alloc::vec::Vec;

use zeroize::Zeroizing;

use super::inspect::{circumstances, judge};
use super::verdict::{self, Failure, Verdict};
use super::{
    AccessToken, CLAIMS_BYTES, FileFault, Input, Now, Options, Step, TransportFault, WrongInput,
};
use crate::assertion::{AssertionFacts, FederatedToken};
use crate::bounds::STRING_BYTES;
use crate::error::{
    BadResponseError, Circumstances, ConfigurationError, DeniedError, GaveUp, RefusedError,
    TokenError, UnavailableCause, UnavailableError,
};
use crate::form;
use crate::reply::{HttpReply, OAuthError, TOKEN_TYPE, TokenReply, clean};
use crate::request::HttpRequest;
use crate::retry::{self, Jitter, SECOND};
use crate::scope::Scope;
use crate::settings::Settings;

/// AADSTS700024: the federated token is outside its valid time.
const OUTSIDE_VALID_TIME: u32 = 700_024;

/// One exchange. Drive it with [`Exchange::step`] until [`Step::Done`].
#[derive(Debug)]
pub struct Exchange {
    settings: Settings,
    options: Options,
    /// On the monotonic clock.
    deadline: Option<u64>,
    jitter: Jitter,
    state: State,
    token: Option<FederatedToken>,
    requests: u32,
    retries: u32,
    /// When the first answer came that a spreading credential explains, and
    /// how often it was tried again since.
    propagation: Option<(u64, u32)>,
    reread: bool,
    clock_offset: Option<i64>,
}

#[derive(Debug)]
enum State {
    /// The file is being read; the second time because of this refusal.
    File(Option<TokenError>),
    Reply,
    /// The wait, and how it ends if the deadline passes meanwhile.
    Wait(u64, TokenError),
    Done,
}

/// The next step, or the failure that ends the exchange.
type Next = Result<Step, TokenError>;

impl Exchange {
    /// Begins an exchange.
    #[must_use]
    pub fn start(settings: Settings, options: Options, now: Now) -> (Self, Step) {
        let mut exchange = Self {
            deadline: options
                .deadline
                .map(|nanos| now.monotonic_nanos.saturating_add(nanos)),
            jitter: Jitter::new(options.jitter_seed),
            settings,
            options,
            state: State::File(None),
            token: None,
            requests: 0,
            retries: 0,
            propagation: None,
            reread: false,
            clock_offset: None,
        };
        let claims = exchange.options.claims.as_ref();
        let step = match claims.map(|claims| claims.expose().len()) {
            Some(size) if size > CLAIMS_BYTES => exchange.end(Err(TokenError::Configuration(
                ConfigurationError::ClaimsTooLong { size },
            ))),
            _ => Step::ReadFile,
        };
        (exchange, step)
    }

    /// The file to read.
    #[must_use]
    pub fn path(&self) -> &str {
        self.settings.token_file()
    }

    /// When to give up, on the monotonic clock, in nanoseconds. A shell ends
    /// what it does by then, with a fault of the kind `Timeout`.
    #[must_use]
    pub const fn deadline(&self) -> Option<u64> {
        self.deadline
    }

    /// Takes what the last step led to.
    ///
    /// # Errors
    /// [`WrongInput`] for an input that the last step did not ask for.
    pub fn step(&mut self, now: Now, input: Input) -> Result<Step, WrongInput> {
        let state = core::mem::replace(&mut self.state, State::Done);
        let next = match (state, input) {
            (State::File(None), Input::File(file)) => self.first_read(now, file),
            (State::File(Some(refusal)), Input::File(file)) => self.second_read(now, refusal, file),
            (State::Reply, Input::Reply(Ok(reply))) => self.reply(now, &reply),
            (State::Reply, Input::Reply(Err(fault))) => self.fault(now, &fault),
            (State::Wait(until, late), Input::Time) if now.monotonic_nanos < until => {
                self.state = State::Wait(until, late);
                Ok(Step::WaitUntil(until))
            }
            (State::Wait(_, late), Input::Time) => self.send(now, late),
            (state, input) => {
                let wrong = WrongInput {
                    expected: state.expects(),
                    given: input.name(),
                };
                self.state = state;
                return Err(wrong);
            }
        };
        Ok(next.unwrap_or_else(|error| self.end(Err(error))))
    }

    fn end(&mut self, result: Result<AccessToken, TokenError>) -> Step {
        self.state = State::Done;
        self.token = None;
        Step::Done(result)
    }

    fn first_read(&mut self, now: Now, file: Result<Zeroizing<Vec<u8>>, FileFault>) -> Next {
        self.token = Some(self.judge_file(now, file)?);
        let nothing_yet = Failure {
            cause: UnavailableCause::Timeout,
            transport: None,
            status: None,
            answer: None,
            retry_after: None,
            transient: true,
        };
        let late = self.unavailable(now, nothing_yet, GaveUp::Deadline);
        self.send(now, late)
    }

    /// After AADSTS700024: only a token that is another one and may be sent
    /// is worth a try; else the refusal stands.
    fn second_read(
        &mut self,
        now: Now,
        refusal: TokenError,
        file: Result<Zeroizing<Vec<u8>>, FileFault>,
    ) -> Next {
        match (self.judge_file(now, file), &self.token) {
            (Ok(fresh), Some(stale)) if !fresh.same_as(stale) => {
                self.token = Some(fresh);
                self.send(now, refusal)
            }
            _ => Err(refusal),
        }
    }

    fn judge_file(
        &self,
        now: Now,
        file: Result<Zeroizing<Vec<u8>>, FileFault>,
    ) -> Result<FederatedToken, TokenError> {
        let checks = !self.options.skip_assertion_checks;
        judge(&self.settings, file, checks, now, self.clock_offset)
    }

    /// Sends, or ends with `late` if the deadline has passed.
    fn send(&mut self, now: Now, late: TokenError) -> Next {
        if self.has_ended(now) {
            return Err(late);
        }
        let body = form::encode(
            self.settings.client_id().as_str(),
            self.scope().as_str(),
            self.token.as_ref().map_or("", FederatedToken::expose),
            self.options.claims.as_ref().map(|claims| claims.expose()),
        );
        self.requests = self.requests.saturating_add(1);
        self.state = State::Reply;
        Ok(Step::Send(HttpRequest::new(
            &self.settings.endpoint(),
            body,
        )))
    }

    fn reply(&mut self, now: Now, reply: &HttpReply) -> Next {
        if let Some(date) = verdict::date(reply) {
            self.clock_offset = Some(date.saturating_sub(now.unix_seconds));
        }
        let verdict = verdict::of_reply(reply, now.unix_seconds, &self.secrets());
        self.judge(now, verdict)
    }

    fn fault(&mut self, now: Now, fault: &TransportFault) -> Next {
        let detail = clean(&fault.detail, STRING_BYTES, &self.secrets());
        let verdict = verdict::of_fault(TransportFault::new(fault.kind, &detail));
        self.judge(now, verdict)
    }

    fn judge(&mut self, now: Now, verdict: Verdict) -> Next {
        match verdict {
            Verdict::Token(reply) => Ok(self.done(reply)),
            Verdict::Refused { status, answer } => self.refused(now, status, answer),
            Verdict::Unavailable(failure) => self.try_again(now, failure),
            Verdict::BadResponse { status, fault } => {
                Err(TokenError::BadResponse(Box::new(BadResponseError {
                    status,
                    fault,
                    requests: self.requests,
                    circumstances: self.circumstances(now),
                })))
            }
            Verdict::Denied(fault) => Err(TokenError::Denied(Box::new(DeniedError {
                detail: fault.detail,
                circumstances: self.circumstances(now),
            }))),
        }
    }

    fn done(&mut self, reply: TokenReply) -> Step {
        let token = AccessToken {
            token: reply.token,
            token_type: TOKEN_TYPE,
            expires_on: reply.expires_on,
            refresh_on: reply.refresh_on,
            scope: self.scope().clone(),
            requests: self.requests,
            assertion: self.facts().unwrap_or_default(),
        };
        self.end(Ok(token))
    }

    fn refused(&mut self, now: Now, status: u16, answer: OAuthError) -> Next {
        let outside_valid_time = answer.codes.contains(&OUTSIDE_VALID_TIME);
        let may_pass = retry::is_propagation(&answer.codes);
        let refusal = TokenError::Refused(Box::new(RefusedError {
            status,
            answer,
            assertion: self.facts(),
            requests: self.requests,
            circumstances: self.circumstances(now),
        }));
        if outside_valid_time && !self.reread && !self.has_ended(now) {
            self.reread = true;
            self.state = State::File(Some(refusal));
            return Ok(Step::ReadFile);
        }
        if may_pass && let Some(until) = self.next_propagation_try(now) {
            self.state = State::Wait(until, refusal);
            return Ok(Step::WaitUntil(until));
        }
        Err(refusal)
    }

    /// When to ask again while a new federated credential spreads.
    fn next_propagation_try(&mut self, now: Now) -> Option<u64> {
        if self.options.retry_propagation == 0 || self.requests_are_used() {
            return None;
        }
        let (since, tries) = self.propagation.unwrap_or((now.monotonic_nanos, 0));
        let wait = retry::propagation_wait(tries, &mut self.jitter)?;
        // The last try is at the end of the time, not before it.
        let end = since.saturating_add(self.options.retry_propagation);
        let until = now.monotonic_nanos.saturating_add(wait).min(end);
        if until <= now.monotonic_nanos || self.deadline.is_some_and(|deadline| until >= deadline) {
            return None;
        }
        self.propagation = Some((since, tries.saturating_add(1)));
        Some(until)
    }

    fn try_again(&mut self, now: Now, mut failure: Failure) -> Next {
        if self.has_ended(now) {
            failure.cause = UnavailableCause::Timeout;
        }
        let next_try = self.next_try(now, &failure);
        let gave_up = next_try.err().unwrap_or(GaveUp::Deadline);
        let error = self.unavailable(now, failure, gave_up);
        let until = match next_try {
            Ok(until) => until,
            Err(_) => return Err(error),
        };
        self.retries = self.retries.saturating_add(1);
        self.state = State::Wait(until, error);
        Ok(Step::WaitUntil(until))
    }

    /// When to ask again after a failure, or why not.
    fn next_try(&mut self, now: Now, failure: &Failure) -> Result<u64, GaveUp> {
        if self.has_ended(now) {
            return Err(GaveUp::Deadline);
        }
        if !failure.transient {
            return Err(GaveUp::Permanent);
        }
        if self.retries >= retry::MAX_RETRIES || self.requests_are_used() {
            return Err(GaveUp::Retries);
        }
        let wait = match failure.retry_after {
            Some(seconds) if seconds > 0 => seconds.saturating_mul(SECOND),
            _ => retry::backoff(self.retries, &mut self.jitter),
        };
        let until = now.monotonic_nanos.saturating_add(wait);
        match self.deadline {
            Some(deadline) if until >= deadline => Err(GaveUp::DeadlineTooNear {
                wait: wait.div_ceil(SECOND),
                left: deadline.saturating_sub(now.monotonic_nanos) / SECOND,
            }),
            None if wait > retry::LONGEST_WAIT_SECONDS * SECOND => Err(GaveUp::WaitTooLong {
                wait: wait / SECOND,
            }),
            _ => Ok(until),
        }
    }

    fn unavailable(&self, now: Now, failure: Failure, gave_up: GaveUp) -> TokenError {
        TokenError::Unavailable(Box::new(UnavailableError {
            cause: failure.cause,
            transport: failure.transport,
            status: failure.status,
            answer: failure.answer,
            retry_after: failure.retry_after,
            gave_up,
            assertion: self.facts(),
            requests: self.requests,
            circumstances: self.circumstances(now),
        }))
    }

    fn circumstances(&self, now: Now) -> Circumstances {
        circumstances(&self.settings, now, self.clock_offset)
    }

    fn facts(&self) -> Option<AssertionFacts> {
        self.token.as_ref().map(|token| token.facts().clone())
    }

    fn scope(&self) -> &Scope {
        self.options
            .scope
            .as_ref()
            .unwrap_or_else(|| self.settings.scope())
    }

    fn has_ended(&self, now: Now) -> bool {
        self.deadline
            .is_some_and(|deadline| now.monotonic_nanos >= deadline)
    }

    fn requests_are_used(&self) -> bool {
        self.requests >= retry::max_requests(self.options.retry_propagation)
    }

    /// What was sent and must not come back in a text.
    fn secrets(&self) -> [&str; 2] {
        let signature = self.token.as_ref().map(FederatedToken::signature);
        let claims = self.options.claims.as_ref().map(|claims| claims.expose());
        // What is not there is empty, and so found nowhere.
        [signature.unwrap_or(""), claims.unwrap_or("")]
    }
}

impl State {
    const fn expects(&self) -> &'static str {
        match self {
            Self::File(_) => "the file",
            Self::Reply => "a reply",
            Self::Wait(..) => "time",
            Self::Done => "nothing",
        }
    }
}

impl Input {
    const fn name(&self) -> &'static str {
        match self {
            Self::File(_) => "the file",
            Self::Reply(_) => "a reply",
            Self::Time => "time",
        }
    }
}
