//! What one call has done so far: its log, its refusals and what its file
//! grant served. Shared by the grants and the tasks that send requests.

use crate::audit::{AuditEvent, Capability, Decision, SharedAudit};
use crate::grants::limits::{LimitReached, MAX_EVENTS, MAX_READS};
use keyhole_exchange::secret::{Patience, redact_within};
use keyhole_policy::Rule;
use serde::Serialize;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;
use zeroize::Zeroizing;

/// How many refusals a call may collect before it is ended: an honest
/// component has none, and a log is not a place for a million lines.
pub const MAX_REFUSALS: u32 = 64;

/// A string from a guest is cut to this many bytes before it is logged.
const MAX_TARGET: usize = 256;

/// And to this many before it is searched for secrets, which takes its time.
const MAX_SEARCHED: usize = 1024;

/// A call that is ended for its many events still says how it ended.
const LAST_EVENTS: u32 = 8;

static CALLS: AtomicU64 = AtomicU64::new(0);

/// Something a component asked for and did not get.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Refusal {
    /// What was asked for.
    pub capability: Capability,
    /// On what.
    pub target: String,
    /// The rule that was broken; its stable name is
    /// [`keyhole_policy::Rule::name`].
    pub rule: &'static str,
    /// What the rule asks for, as a sentence.
    pub asks: &'static str,
}

impl Refusal {
    /// Whether the network is to blame, not the component: the authority's
    /// name led to an address that is never connected to.
    pub(crate) fn is_of_the_network(&self) -> bool {
        self.capability == Capability::Resolve
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} ({})", self.rule, self.target, self.asks)
    }
}

/// The record of one call. Clones share it.
#[derive(Clone)]
pub(crate) struct Call(Arc<Mutex<State>>);

struct State {
    sink: Option<SharedAudit>,
    number: u64,
    start: Instant,
    seq: u32,
    refusals: Vec<Refusal>,
    refused: u32,
    claims: Option<Zeroizing<String>>,
    patience: Patience,
    served: Vec<Arc<Zeroizing<String>>>,
    relayed: Vec<Zeroizing<Vec<u8>>>,
    transport: Option<String>,
    proxy_refusal: Option<(String, String)>,
    requests: u32,
    in_flight: bool,
    over: bool,
    reads: u32,
}

impl Call {
    /// The record of a call with these `claims`, which are kept secret.
    pub(crate) fn new(sink: Option<SharedAudit>, claims: Option<&str>) -> Self {
        Call(Arc::new(Mutex::new(State {
            sink,
            number: CALLS.fetch_add(1, Ordering::Relaxed) + 1,
            start: Instant::now(),
            seq: 0,
            refusals: Vec::new(),
            refused: 0,
            claims: claims.map(|claims| Zeroizing::new(claims.to_owned())),
            patience: Patience::default(),
            served: Vec::new(),
            relayed: Vec::new(),
            transport: None,
            proxy_refusal: None,
            requests: 0,
            in_flight: false,
            over: false,
            reads: 0,
        })))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A sink that panicked has left nothing half done here.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Logs an event.
    pub(crate) fn log(&self, event: AuditEvent) {
        let mut state = self.state();
        state.log(event);
    }

    /// Whether the call has stayed within what is counted here.
    ///
    /// # Errors
    /// [`LimitReached`] by events or by reads of the file.
    pub(crate) fn within_limits(&self) -> Result<(), LimitReached> {
        let state = self.state();
        if state.seq > MAX_EVENTS {
            return Err(LimitReached::new("events", MAX_EVENTS, "audit events"));
        }
        if state.reads > MAX_READS {
            return Err(LimitReached::new("reads", MAX_READS, "reads of the file"));
        }
        Ok(())
    }

    /// Counts a read of the file that is about to happen.
    ///
    /// # Errors
    /// [`LimitReached`] after [`MAX_READS`].
    pub(crate) fn begin_read(&self) -> Result<(), LimitReached> {
        self.state().reads += 1;
        self.within_limits()
    }

    /// Whether a request has been handed over and not ended.
    pub(crate) fn has_request_in_flight(&self) -> bool {
        self.state().in_flight
    }

    /// Notes that the guest has ended: what is still under way is taken back by
    /// the host, not by the guest.
    pub(crate) fn end(&self) {
        self.state().over = true;
    }

    /// Whether the guest has ended.
    pub(crate) fn is_over(&self) -> bool {
        self.state().over
    }

    /// Logs a refusal and keeps it.
    ///
    /// # Errors
    /// [`TooManyRefusals`] once the call has collected [`MAX_REFUSALS`].
    pub(crate) fn refuse(
        &self,
        capability: Capability,
        target: impl fmt::Display,
        rule: Rule,
    ) -> Result<(), TooManyRefusals> {
        let mut state = self.state();
        let target = state.clean(&target.to_string());
        state.refused = state.refused.saturating_add(1);
        if state.refused > MAX_REFUSALS {
            return Err(TooManyRefusals);
        }
        state.refusals.push(Refusal {
            capability,
            target: target.clone(),
            rule: rule.name(),
            asks: rule.asks(),
        });
        state.log(AuditEvent::refused(capability, target, rule.name()));
        Ok(())
    }

    /// The refusals so far.
    pub(crate) fn refusals(&self) -> Vec<Refusal> {
        self.state().refusals.clone()
    }

    /// Remembers what the file grant served.
    pub(crate) fn serve(&self, token: Arc<Zeroizing<String>>) {
        let mut state = self.state();
        if !state.served.iter().any(|known| **known == *token) {
            state.served.push(token);
        }
    }

    /// What the file grant served, the newest last.
    pub(crate) fn served(&self) -> Vec<Arc<Zeroizing<String>>> {
        self.state().served.clone()
    }

    /// Keeps a 200 answer for the result channel.
    pub(crate) fn relay(&self, body: &[u8]) {
        self.state().relayed.push(Zeroizing::new(body.to_vec()));
    }

    /// Whether `token` is what a 200 answer has as `access_token`, literally.
    pub(crate) fn was_relayed(&self, token: &str) -> bool {
        // JSON may write a slash with a backslash before it (RFC 8259, section 7).
        let spellings = [
            Zeroizing::new(format!("\"{token}\"")),
            Zeroizing::new(format!("\"{}\"", token.replace('/', "\\/"))),
        ];
        self.state().relayed.iter().any(|answer| {
            spellings
                .iter()
                .any(|quoted| has_member(answer, b"\"access_token\"", quoted.as_bytes()))
        })
    }

    /// Keeps why the last request failed, for a person.
    pub(crate) fn transport_failed(&self, why: String) {
        self.state().transport = Some(why);
    }

    /// Keeps what a request waits for, which is why it failed if the call ends
    /// meanwhile.
    pub(crate) fn waits_for(&self, what: Option<String>) {
        self.state().transport = what;
    }

    /// Why the last request failed.
    pub(crate) fn transport(&self) -> Option<String> {
        self.state().transport.clone()
    }

    /// Keeps what a proxy refused for good: message and next step.
    pub(crate) fn proxy_refused(&self, refusal: Option<(String, String)>) {
        self.state().proxy_refusal = refusal;
    }

    /// What a proxy refused for good, if the last request failed by that.
    pub(crate) fn proxy_refusal(&self) -> Option<(String, String)> {
        self.state().proxy_refusal.clone()
    }

    /// Counts a request that is about to be judged.
    ///
    /// # Errors
    /// [`Rule::RequestConcurrent`] or [`Rule::RequestCount`].
    pub(crate) fn begin_request(&self, most: u32) -> Result<RequestSlot, Rule> {
        let mut state = self.state();
        if state.in_flight {
            return Err(Rule::RequestConcurrent);
        }
        if state.requests >= most {
            return Err(Rule::RequestCount);
        }
        state.requests += 1;
        state.in_flight = true;
        state.transport = None;
        state.proxy_refusal = None;
        Ok(RequestSlot(self.clone()))
    }

    /// How many requests were let through to be judged.
    pub(crate) fn requests(&self) -> u32 {
        self.state().requests
    }

    /// Rids a string of a guest of the federated token's signatures.
    pub(crate) fn redact(&self, text: &str) -> String {
        self.state().redact(text)
    }

    /// Rids a string of a guest of the federated token's signatures and of
    /// whatever a 200 answer said, which is where the access token is.
    pub(crate) fn redact_tokens(&self, text: &str) -> String {
        self.state().redact_tokens(text)
    }

    /// Rids a string of a guest of both tokens and of the caller's claims.
    pub(crate) fn redact_all(&self, text: &str) -> String {
        self.state().redact_all(text)
    }
}

impl State {
    fn log(&mut self, mut event: AuditEvent) {
        event.seq = self.seq;
        event.call = self.number;
        event.t_us = u64::try_from(self.start.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.seq += 1;
        // What comes after is the end of a call that went on too long.
        if self.seq > MAX_EVENTS + LAST_EVENTS {
            return;
        }
        if event.decision == Decision::Refused {
            tracing::warn!(
                target: "keyhole::audit",
                capability = ?event.capability,
                rule = event.rule,
                "refused: {}",
                event.target.escape_debug()
            );
        } else {
            tracing::debug!(
                target: "keyhole::audit",
                capability = ?event.capability,
                us = event.us,
                "{}{}",
                event.target.escape_debug(),
                event.detail.as_deref().map_or_else(String::new, |detail| {
                    format!(": {}", detail.escape_debug())
                })
            );
        }
        if let Some(sink) = &self.sink {
            sink.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .event(&event);
        }
    }

    // The search is the host's own work, which neither fuel nor the deadline
    // bounds: all of a call share one patience.

    fn redact(&mut self, text: &str) -> String {
        self.served.iter().fold(text.to_owned(), |text, token| {
            let signature = token.rsplit('.').next().unwrap_or_default();
            redact_within(&text, signature.as_bytes(), &mut self.patience).into_owned()
        })
    }

    fn redact_all(&mut self, text: &str) -> String {
        let text = self.redact_tokens(text);
        match &self.claims {
            Some(claims) => {
                redact_within(&text, claims.as_bytes(), &mut self.patience).into_owned()
            }
            None => text,
        }
    }

    fn redact_tokens(&mut self, text: &str) -> String {
        let text = self.redact(text);
        self.relayed.iter().fold(text, |text, answer| {
            redact_within(&text, answer, &mut self.patience).into_owned()
        })
    }

    fn clean(&mut self, text: &str) -> String {
        // What the first cut leaves of a secret is shorter than a leak.
        let searched = &text[..text.floor_char_boundary(MAX_SEARCHED)];
        let mut clean = self.redact_all(searched);
        if clean.len() > MAX_TARGET || searched.len() < text.len() {
            clean.truncate(clean.floor_char_boundary(MAX_TARGET));
            clean.push('…');
        }
        clean
    }
}

/// Whether JSON text has this member somewhere, written without escapes. No
/// parser: the text is the authority's, and parsing it is the guest's work.
fn has_member(json: &[u8], name: &[u8], value: &[u8]) -> bool {
    json.windows(name.len())
        .enumerate()
        .filter(|(_, window)| *window == name)
        .filter_map(|(at, _)| json.get(at + name.len()..))
        .filter_map(|rest| rest.trim_ascii_start().strip_prefix(b":"))
        .any(|rest| rest.trim_ascii_start().starts_with(value))
}

/// The place of the one request under way; dropping it makes room.
pub(crate) struct RequestSlot(Call);

impl Drop for RequestSlot {
    fn drop(&mut self) {
        self.0.state().in_flight = false;
    }
}

/// A call collected more than [`MAX_REFUSALS`] refusals; it is ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the component went on after {MAX_REFUSALS} refusals")]
pub(crate) struct TooManyRefusals;
