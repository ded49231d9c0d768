//! The result: a channel too, and so a grant.
//!
//! What a component returns is believed only as far as the host has seen it
//! happen: a token must stand in an answer that the host relayed, and no text
//! may carry the federated token or that answer out.

use crate::audit::Capability;
use crate::bindings::exports::keyhole::identity::token_provider::{
    AccessToken, AssertionFacts, Explanation, TokenError,
};
use crate::call::Call;
use keyhole_policy::Rule;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A message for a person, in bytes.
pub(crate) const MAX_MESSAGE: usize = 4 * 1024;

/// The authority's own description, in bytes.
pub(crate) const MAX_DESCRIPTION: usize = 8 * 1024;

/// Any other string, in bytes.
pub(crate) const MAX_TEXT: usize = 256;

/// An access token, in bytes: Entra's have 1 to 3 KiB, and headers that carry
/// them rarely may be longer than 16 KiB.
pub(crate) const MAX_TOKEN: usize = 64 * 1024;

/// Items of a list.
pub(crate) const MAX_ITEMS: usize = 32;

/// No authority grants more than 24 hours; twice that bears a wrong clock.
pub(crate) const MAX_LIFETIME: Duration = Duration::from_secs(48 * 60 * 60);

/// Whether the host can vouch for this token.
pub(crate) fn judge_token(call: &Call, token: &AccessToken, scope: &str) -> Result<(), Rule> {
    let printable = |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic());
    if token.token.is_empty() || token.token.len() > MAX_TOKEN || !printable(&token.token) {
        return Err(Rule::ResultText);
    }
    if call.redact(&token.token) != token.token {
        return Err(Rule::ResultAssertion);
    }
    if !call.was_relayed(&token.token) {
        return Err(Rule::ResultToken);
    }
    if !token.token_type.eq_ignore_ascii_case("bearer") {
        return Err(Rule::ResultText);
    }
    let latest = SystemTime::now() + MAX_LIFETIME;
    let latest = latest.duration_since(UNIX_EPOCH).unwrap_or_default();
    let latest = i64::try_from(latest.as_secs()).unwrap_or(i64::MAX);
    let ends = |when: i64| (0..=latest).contains(&when);
    if !ends(token.expires_on) || token.refresh_on.is_some_and(|when| !ends(when)) {
        return Err(Rule::ResultExpiry);
    }
    if token.scope != scope || token.requests > call.requests() {
        return Err(Rule::ResultFacts);
    }
    judge_facts(&token.assertion)
}

/// Whether facts are within their limits.
pub(crate) fn judge_facts(facts: &AssertionFacts) -> Result<(), Rule> {
    let mut texts = facts.issuer.iter().chain(&facts.subject);
    let fits = facts.audiences.len() <= MAX_ITEMS
        && texts.all(|text| text.len() <= MAX_TEXT)
        && facts.audiences.iter().all(|text| text.len() <= MAX_TEXT);
    if fits { Ok(()) } else { Err(Rule::ResultText) }
}

/// Rids facts of the federated token's signature.
pub(crate) fn clean_facts(call: &Call, facts: &mut AssertionFacts) {
    let texts = facts
        .issuer
        .iter_mut()
        .chain(&mut facts.subject)
        .chain(&mut facts.audiences);
    for text in texts {
        *text = call.redact(text);
    }
}

/// Whether an error is within its limits; rids it of the federated token and
/// of the answer that was relayed.
pub(crate) fn judge_error(call: &Call, error: &mut TokenError) -> Result<(), Rule> {
    let mut verdict = Ok(());
    for_each_text(error, &mut |text, limit| {
        if text.len() > limit {
            verdict = Err(Rule::ResultText);
            text.clear();
        }
        *text = call.redact_all(text);
    });
    let (codes, facts) = match error {
        TokenError::Refused(error) => (&error.codes[..], error.assertion.as_ref()),
        TokenError::Unavailable(error) => (&error.codes[..], error.assertion.as_ref()),
        TokenError::Assertion(error) => (&[][..], error.assertion.as_ref()),
        _ => (&[][..], None),
    };
    if codes.len() > MAX_ITEMS || facts.is_some_and(|facts| facts.audiences.len() > MAX_ITEMS) {
        verdict = Err(Rule::ResultText);
    }
    verdict
}

/// Names one refusal of a result in the log.
pub(crate) fn refuse(call: &Call, rule: Rule) {
    // The log is full: the call has been refused already.
    let _ = call.refuse(Capability::Result, "get-token", rule);
}

/// Every string of an error, with its limit.
fn for_each_text(error: &mut TokenError, see: &mut dyn FnMut(&mut String, usize)) {
    match error {
        TokenError::Configuration(error) => {
            explanation(&mut error.explanation, see);
            each(&mut error.setting, see);
        }
        TokenError::TokenFile(error) => {
            explanation(&mut error.explanation, see);
            see(&mut error.path, MAX_TEXT);
        }
        TokenError::Assertion(error) => {
            explanation(&mut error.explanation, see);
            facts(&mut error.assertion, see);
        }
        TokenError::Refused(error) => {
            explanation(&mut error.explanation, see);
            see(&mut error.error, MAX_TEXT);
            see(&mut error.description, MAX_DESCRIPTION);
            each(&mut error.correlation_id, see);
            each(&mut error.trace_id, see);
            each(&mut error.timestamp, see);
            // A challenge is JSON of some length and goes back as it came.
            if let Some(claims) = &mut error.claims {
                see(claims, MAX_DESCRIPTION);
            }
            facts(&mut error.assertion, see);
        }
        TokenError::Unavailable(error) => {
            explanation(&mut error.explanation, see);
            each(&mut error.correlation_id, see);
            each(&mut error.timestamp, see);
            facts(&mut error.assertion, see);
        }
        TokenError::BadResponse(error) => explanation(&mut error.explanation, see),
        TokenError::Denied(error) => explanation(&mut error.explanation, see),
    }
}

fn explanation(explanation: &mut Explanation, see: &mut dyn FnMut(&mut String, usize)) {
    see(&mut explanation.message, MAX_MESSAGE);
    see(&mut explanation.next_step, MAX_MESSAGE);
}

fn each(text: &mut Option<String>, see: &mut dyn FnMut(&mut String, usize)) {
    if let Some(text) = text {
        see(text, MAX_TEXT);
    }
}

fn facts(facts: &mut Option<AssertionFacts>, see: &mut dyn FnMut(&mut String, usize)) {
    if let Some(facts) = facts {
        let texts = facts
            .issuer
            .iter_mut()
            .chain(&mut facts.subject)
            .chain(&mut facts.audiences);
        texts.for_each(|text| see(text, MAX_TEXT));
    }
}
