//! The federated token beside the credential that it must equal.

use keyhole_exchange::hint::{self, About};
use keyhole_exchange::settings::Settings;
use keyhole_host::{AssertionFacts, Error, TokenError};
use keyhole_report::{Fact, FederatedCredential, Finding, FindingState, Until, Utc};

use super::Exchange;

const FEDERATED_TOKEN: (&str, &str) = ("federated-token", "federated token");

/// Audiences that federated credentials have unless somebody chose another:
/// the public cloud's, the US government's and China's.
const USUAL_AUDIENCES: [&str; 3] = [
    "api://AzureADTokenExchange",
    "api://AzureADTokenExchangeUSGov",
    "api://AzureADTokenExchangeChina",
];

/// Issuer, subject, audience and times, which of them the authority did not
/// accept, and the credential to paste.
pub(super) fn finding(settings: &Settings, exchange: &Exchange, now: i64) -> Finding {
    let (id, title) = FEDERATED_TOKEN;
    let Some(facts) = exchange.assertion() else {
        return match exchange.error() {
            Some((Error::Token { error, .. }, failure))
                if matches!(**error, TokenError::Assertion(_)) =>
            {
                Finding::new(id, title, FindingState::Wrong, &*failure.message)
                    .fix(&*failure.next_step)
            }
            _ => Finding::not_reached(id, title),
        };
    };
    let mut finding = judge(facts, exchange);
    finding.facts = shown(facts, now);
    if let (Some(issuer), Some(subject), Some(audience)) =
        (&facts.issuer, &facts.subject, facts.audiences.first())
    {
        finding.snippets = FederatedCredential {
            client_id: settings.client_id().as_str(),
            issuer,
            subject,
            audience,
        }
        .snippets();
    }
    finding
}

fn judge(facts: &AssertionFacts, exchange: &Exchange) -> Finding {
    let (id, title) = FEDERATED_TOKEN;
    let wrong = |said: String| Finding::new(id, title, FindingState::Wrong, said);
    if let Some((Error::Token { error, .. }, failure)) = exchange.error() {
        match &**error {
            TokenError::Assertion(_) => {
                return wrong(failure.message.clone()).fix(&*failure.next_step);
            }
            TokenError::Refused(refused) => {
                if let Some(what) = unmatched(&refused.codes) {
                    return wrong(format!(
                        "no federated credential of this identity has {what}"
                    ))
                    .fix(FIX);
                }
            }
            _ => {}
        }
    }
    let doubt = doubt(facts);
    match (doubt, exchange.token()) {
        (_, Some(_)) => Finding::new(
            id,
            title,
            FindingState::Right,
            "the authority has a federated credential with exactly these",
        ),
        (Some(doubt), None) => Finding::new(id, title, FindingState::Doubtful, doubt).fix(FIX),
        (None, None) => Finding::new(
            id,
            title,
            FindingState::Right,
            "well formed and within its times; a federated credential must have exactly these",
        ),
    }
}

const FIX: &str = "Compare the identity's federated credentials with issuer, subject and audience \
                   here, character by character: case and the slash at the issuer's end count. \
                   If there is none, create it as below; it takes some minutes to be known \
                   everywhere.";

/// What the authority says no credential has.
fn unmatched(codes: &[u32]) -> Option<&'static str> {
    [
        (About::Issuer, "this issuer"),
        (About::Subject, "this subject"),
        (About::Audience, "this audience"),
        (
            About::AllThree,
            "this issuer, subject and audience together",
        ),
    ]
    .into_iter()
    .find(|(about, _)| hint::any(codes, *about))
    .map(|(_, what)| what)
}

/// What is unusual about a token that the authority has not judged.
fn doubt(facts: &AssertionFacts) -> Option<String> {
    if !facts
        .issuer
        .as_deref()
        .is_some_and(|issuer| issuer.starts_with("https://"))
    {
        return Some(
            "its issuer is no https:// URL, so the authority cannot fetch its keys".into(),
        );
    }
    if facts.subject.is_none() {
        return Some("it has no subject".into());
    }
    match facts.audiences.as_slice() {
        [one] if USUAL_AUDIENCES.contains(&one.as_str()) => None,
        [one] => Some(format!(
            "its audience {one} is not the usual one, {}",
            USUAL_AUDIENCES[0]
        )),
        [] => Some("it has no audience".into()),
        _ => Some("it has several audiences; a federated credential has one".into()),
    }
}

fn shown(facts: &AssertionFacts, now: i64) -> Vec<Fact> {
    let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "none".into());
    let mut shown = vec![
        Fact::new("issuer", text(&facts.issuer)),
        Fact::new("subject", text(&facts.subject)),
        Fact::new("audience", facts.audiences.clone()),
    ];
    for (label, time) in [
        ("issued", facts.issued_at),
        ("not before", facts.not_before),
        ("expires", facts.expires_on),
    ] {
        if let Some(then) = time {
            let until = Until { now, then };
            shown.push(Fact::new(label, format!("{} ({until})", Utc(then))));
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_name_the_claim_that_no_credential_has() {
        for (code, what) in [
            (700_211, "this issuer"),
            (700_213, "this subject"),
            (700_212, "this audience"),
            (70_021, "this issuer, subject and audience together"),
        ] {
            assert_eq!(unmatched(&[code]), Some(what), "{code}");
        }
        assert_eq!(unmatched(&[700_016]), None);
    }
}
