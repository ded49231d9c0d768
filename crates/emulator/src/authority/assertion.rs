//! Whether a federated token is good for an application.
//!
//! Order as far as Entra shows it: the token's form, its times, the credential
//! by issuer, the signature by that issuer's key, then subject and audience.

use serde_json::{Map, Value};

use super::directory::Federation;
use super::refusal::Refusal;
use crate::issuer::Issuer;
use crate::jwt::Parsed;

/// The longest life of an assertion: one day and one hour (AADSTS70023).
const LONGEST_LIFETIME_SECONDS: i64 = 25 * 3_600;

/// What an assertion is judged by.
pub(super) struct Judge<'a> {
    /// Credentials of the application; at least one.
    pub(super) federations: &'a [Federation],
    /// The issuer whose keys can be had.
    pub(super) issuer: &'a Issuer,
    /// Unix seconds.
    pub(super) now: i64,
    /// Tolerance in seconds on both ends of the validity.
    pub(super) skew: i64,
}

impl Judge<'_> {
    /// Accepts the assertion or says what is wrong with it.
    pub(super) fn check(&self, assertion: &str) -> Result<(), Refusal> {
        let malformed = || Refusal::by_code(50_027);
        let token = Parsed::from_compact(assertion).ok_or_else(malformed)?;
        let issuer = text(&token.claims, "iss").ok_or_else(malformed)?;
        let subject = text(&token.claims, "sub").ok_or_else(malformed)?;
        let audiences = audiences(&token.claims).ok_or_else(malformed)?;
        self.check_times(&token.claims)?;
        self.check_credential_for(issuer, subject, &audiences)?;
        self.check_signature(&token, issuer)?;
        self.check_subject_and_audience(issuer, subject, &audiences)
    }

    fn check_times(&self, claims: &Map<String, Value>) -> Result<(), Refusal> {
        let malformed = || Refusal::by_code(50_027);
        let expires_on = claims
            .get("exp")
            .and_then(Value::as_i64)
            .ok_or_else(malformed)?;
        let optional = |name: &str| match claims.get(name) {
            None => Ok(None),
            Some(value) => value.as_i64().map(Some).ok_or_else(malformed),
        };
        let (not_before, issued_at) = (optional("nbf")?, optional("iat")?);
        let early = not_before.is_some_and(|start| self.now < start.saturating_sub(self.skew));
        if early || self.now >= expires_on.saturating_add(self.skew) {
            return Err(Refusal::outside_valid_time(
                self.now, not_before, expires_on,
            ));
        }
        let from = [issued_at, not_before]
            .into_iter()
            .flatten()
            .min()
            .unwrap_or(self.now);
        if expires_on.saturating_sub(from) > LONGEST_LIFETIME_SECONDS {
            return Err(Refusal::by_code(70_023));
        }
        Ok(())
    }

    fn check_credential_for(
        &self,
        issuer: &str,
        subject: &str,
        audiences: &[&str],
    ) -> Result<(), Refusal> {
        let any = |matches: &dyn Fn(&Federation) -> bool| self.federations.iter().any(matches);
        if any(&|known| known.issuer == issuer) {
            return Ok(());
        }
        // The older, general text where nothing fits; the newer ones name the one part that does not.
        if any(&|known| known.subject == subject || audiences.contains(&known.audience.as_str())) {
            Err(Refusal::issuer(issuer))
        } else {
            Err(Refusal::nothing_matches(
                issuer,
                subject,
                &audiences.join(","),
            ))
        }
    }

    fn check_signature(&self, token: &Parsed<'_>, issuer: &str) -> Result<(), Refusal> {
        if issuer != self.issuer.url() {
            return Err(Refusal::by_code(50_166));
        }
        if text(&token.header, "alg") != Some("RS256") {
            return Err(Refusal::signature("The algorithm is not RS256."));
        }
        let key = self.issuer.key();
        if text(&token.header, "kid") != Some(key.id()) {
            return Err(Refusal::signature("The key was not found."));
        }
        if !key.verifies(token.signing_input.as_bytes(), &token.signature) {
            return Err(Refusal::signature(
                "The key was found, but the signature is not valid.",
            ));
        }
        Ok(())
    }

    fn check_subject_and_audience(
        &self,
        issuer: &str,
        subject: &str,
        audiences: &[&str],
    ) -> Result<(), Refusal> {
        let of_issuer: Vec<_> = self
            .federations
            .iter()
            .filter(|known| known.issuer == issuer)
            .collect();
        if of_issuer
            .iter()
            .any(|known| known.subject == subject && audiences.contains(&known.audience.as_str()))
        {
            Ok(())
        } else if of_issuer.iter().any(|known| known.subject == subject) {
            Err(Refusal::audience(&audiences.join(",")))
        } else if of_issuer
            .iter()
            .any(|known| known.subject.to_lowercase() == subject.to_lowercase())
        {
            Err(Refusal::subject_case(subject))
        } else {
            Err(Refusal::subject(subject))
        }
    }
}

fn text<'a>(members: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    members.get(name).and_then(Value::as_str)
}

/// `aud` is a string or a list of strings (RFC 7519, section 4.1.3).
fn audiences(claims: &Map<String, Value>) -> Option<Vec<&str>> {
    match claims.get("aud")? {
        Value::String(one) => Some(vec![one]),
        Value::Array(many) => many.iter().map(Value::as_str).collect(),
        _ => None,
    }
}
