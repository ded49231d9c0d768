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
    // A quote or backslash would be more of the answer than its token.
    let printable = |text: &str| {
        text.bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\')
    };
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

/// Rids facts of the federated token's signature, of the answer that was
/// relayed and of the caller's claims.
pub(crate) fn clean_facts(call: &Call, facts: &mut AssertionFacts) {
    let texts = facts
        .issuer
        .iter_mut()
        .chain(&mut facts.subject)
        .chain(&mut facts.audiences);
    for text in texts {
        *text = call.redact_all(text);
    }
}

/// Whether an error is within its limits; rids it of the federated token, of
/// the answer that was relayed and of the caller's claims.
pub(crate) fn judge_error(call: &Call, error: &mut TokenError) -> Result<(), Rule> {
    let mut verdict = Ok(());
    let mut within = |text: &mut String, limit| {
        if text.len() > limit {
            verdict = Err(Rule::ResultText);
            text.clear();
        }
    };
    for_each_text(error, &mut |text, limit| {
        within(text, limit);
        *text = call.redact_all(text);
    });
    // A challenge is JSON of some length. It goes back to who made the claims,
    // and may well repeat them.
    if let TokenError::Refused(error) = error
        && let Some(challenge) = &mut error.claims
    {
        within(challenge, MAX_DESCRIPTION);
        *challenge = call.redact_tokens(challenge);
    }
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

/// Every string of an error but a claims challenge, with its limit.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bindings::exports::keyhole::identity::token_provider::{DeniedError, RefusedError};
    use std::sync::Arc;
    use zeroize::Zeroizing;

    const SCOPE: &str = "6dae42f8-4368-4678-94ff-3960e28e3630/.default";
    const TOKEN: &str =
        "ZXlKaGJHY2lPaUpTVXpJMU5pSjk.YWNjZXNzX3Rva2Vu.dGhlLWF1dGhvcml0eXMtc2lnbmF0dXJl";
    const SIGNATURE: &str = "dGhlLXNpZ25hdHVyZS1vZi10aGUtZmVkZXJhdGVkLXRva2Vu";

    /// A call that read a federated token and relayed an answer with `TOKEN`.
    fn call() -> Call {
        let call = Call::new(None, None);
        call.serve(Arc::new(Zeroizing::new(format!(
            "aGVhZGVy.cGF5bG9hZA.{SIGNATURE}"
        ))));
        drop(call.begin_request(1));
        call.relay(format!("{{\"access_token\":\"{TOKEN}\",\"expires_in\":3599}}").as_bytes());
        call
    }

    fn honest() -> AccessToken {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .expect("after 1970");
        AccessToken {
            token: TOKEN.into(),
            token_type: "Bearer".into(),
            expires_on: i64::try_from(now.as_secs()).expect("before the end of time") + 3599,
            refresh_on: None,
            scope: SCOPE.into(),
            requests: 1,
            assertion: AssertionFacts {
                issuer: Some("https://issuer.example/".into()),
                subject: None,
                audiences: vec!["api://AzureADTokenExchange".into()],
                issued_at: None,
                not_before: None,
                expires_on: None,
                size: 100,
            },
        }
    }

    fn judge(change: impl FnOnce(&mut AccessToken)) -> Result<(), Rule> {
        let mut token = honest();
        change(&mut token);
        judge_token(&call(), &token, SCOPE)
    }

    #[test]
    fn an_honest_result_passes() {
        assert_eq!(judge(|_| {}), Ok(()));
    }

    #[test]
    fn only_the_whole_token_of_the_answer_passes() {
        assert_eq!(
            judge(|token| token.token = "somebody.elses.token".into()),
            Err(Rule::ResultToken)
        );
        assert_eq!(
            judge(|token| token.token.truncate(30)),
            Err(Rule::ResultToken),
            "a part of it"
        );
        assert_eq!(
            judge(|token| token.token = "access_token".into()),
            Err(Rule::ResultToken),
            "another string of it"
        );
    }

    #[test]
    fn the_federated_token_is_never_a_result() {
        for part in [
            format!("aGVhZGVy.cGF5bG9hZA.{SIGNATURE}"),
            SIGNATURE.into(),
            SIGNATURE[3..27].into(),
        ] {
            assert_eq!(
                judge(|token| token.token = part.clone()),
                Err(Rule::ResultAssertion),
                "{part}"
            );
        }
    }

    #[test]
    fn control_characters_and_spaces_are_refused() {
        let beyond = format!("{TOKEN}\",\"expires_in");
        for text in ["a\nb", "a b", "a\0", "", "caf\u{e9}", &beyond] {
            assert_eq!(
                judge(|token| token.token = text.into()),
                Err(Rule::ResultText),
                "{text:?}"
            );
        }
        assert_eq!(
            judge(|token| token.token = "a".repeat(MAX_TOKEN + 1)),
            Err(Rule::ResultText)
        );
        assert_eq!(
            judge(|token| token.token_type = "mac".into()),
            Err(Rule::ResultText)
        );
    }

    #[test]
    fn what_does_not_agree_with_the_call_is_refused() {
        assert_eq!(
            judge(|token| token.expires_on = 253_402_300_799),
            Err(Rule::ResultExpiry),
            "the year 9999"
        );
        assert_eq!(
            judge(|token| token.expires_on = -1),
            Err(Rule::ResultExpiry)
        );
        assert_eq!(
            judge(|token| token.refresh_on = Some(i64::MAX)),
            Err(Rule::ResultExpiry)
        );
        assert_eq!(
            judge(|token| token.scope = "other/.default".into()),
            Err(Rule::ResultFacts)
        );
        assert_eq!(judge(|token| token.requests = 2), Err(Rule::ResultFacts));
        assert_eq!(
            judge(|token| token.assertion.issuer = Some("i".repeat(MAX_TEXT + 1))),
            Err(Rule::ResultText)
        );
    }

    fn denied(message: &str) -> TokenError {
        TokenError::Denied(DeniedError {
            explanation: Explanation {
                message: message.into(),
                next_step: String::new(),
            },
        })
    }

    #[test]
    fn texts_lose_both_tokens() {
        for secret in [SIGNATURE, &SIGNATURE[5..], TOKEN, &TOKEN[2..40]] {
            let mut error = denied(&format!("look: {secret}!"));
            assert_eq!(judge_error(&call(), &mut error), Ok(()));
            let TokenError::Denied(error) = error else {
                unreachable!("it was denied")
            };
            assert_eq!(error.explanation.message, "look: [redacted]!");
        }
    }

    #[test]
    fn texts_and_lists_over_their_limits_are_refused() {
        let mut long = denied(&"a".repeat(MAX_MESSAGE + 1));
        assert_eq!(judge_error(&call(), &mut long), Err(Rule::ResultText));

        let mut many = TokenError::Refused(RefusedError {
            explanation: Explanation {
                message: "no".into(),
                next_step: String::new(),
            },
            status: 400,
            error: "invalid_client".into(),
            codes: vec![70021; MAX_ITEMS + 1],
            description: String::new(),
            correlation_id: None,
            trace_id: None,
            timestamp: None,
            claims: None,
            assertion: None,
            requests: 1,
        });
        assert_eq!(judge_error(&call(), &mut many), Err(Rule::ResultText));
    }
}
