//! The one form: the client credentials grant with a client assertion.

use crate::Rule;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use keyhole_exchange::form::{self, ASSERTION_TYPE, GRANT_TYPE};
use zeroize::Zeroizing;

/// A body is at most this many bytes: a federated token has 1 to 2 KiB, and
/// claims a few hundred bytes.
pub const MAX_BODY: usize = 64 * 1024;

/// The fields and their granted values, without the client assertion, which
/// is what the call's file grant served.
#[derive(Clone, PartialEq, Eq)]
pub struct FormRule {
    client_id: String,
    scope: String,
    claims: Option<Zeroizing<String>>,
}

impl FormRule {
    /// The form for this client and scope. `claims` only if the caller asked
    /// for them.
    #[must_use]
    pub fn new(
        client_id: impl Into<String>,
        scope: impl Into<String>,
        claims: Option<Zeroizing<String>>,
    ) -> Self {
        FormRule {
            client_id: client_id.into(),
            scope: scope.into(),
            claims,
        }
    }

    /// The client.
    #[must_use]
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// The scope.
    #[must_use]
    pub fn scope(&self) -> &str {
        &self.scope
    }

    /// The claims that the caller asked for. A secret.
    #[must_use]
    pub fn claims(&self) -> Option<&str> {
        self.claims.as_deref().map(String::as_str)
    }

    /// Whether `body` is this form with one of the assertions that the call's
    /// file grant served, the newest last. What goes out is not `body` but the
    /// same form built anew from the grant: the guest chooses nothing in it,
    /// not even the order of fields.
    ///
    /// # Errors
    /// The first rule that is broken.
    pub fn judge(&self, body: &[u8], served: &[&str]) -> Result<Zeroizing<Vec<u8>>, Rule> {
        if body.len() > MAX_BODY {
            return Err(Rule::RequestBodySize);
        }
        let fields = form::parse(body).map_err(|_| Rule::FormSyntax)?;
        let mut seen = Seen::default();
        let mut assertion = None;
        for (name, value) in &fields {
            let value = value.as_str();
            let (slot, judged) = match name.as_str() {
                "client_id" => (
                    &mut seen.client_id,
                    equal(value, &self.client_id, Rule::FormClientId),
                ),
                "scope" => (&mut seen.scope, equal(value, &self.scope, Rule::FormScope)),
                "grant_type" => (
                    &mut seen.grant_type,
                    equal(value, GRANT_TYPE, Rule::FormGrantType),
                ),
                "client_assertion_type" => (
                    &mut seen.assertion_type,
                    equal(value, ASSERTION_TYPE, Rule::FormAssertionType),
                ),
                "client_assertion" => {
                    assertion = served.iter().rev().find(|token| **token == value);
                    let judged = assertion.map(|_| ()).ok_or(Rule::FormAssertion);
                    (&mut seen.assertion, judged)
                }
                "claims" => {
                    let judged = if self.claims() == Some(value) {
                        Ok(())
                    } else {
                        Err(Rule::FormClaims)
                    };
                    (&mut seen.claims, judged)
                }
                _ => return Err(Rule::FormField),
            };
            if core::mem::replace(slot, true) {
                return Err(Rule::FormDuplicate);
            }
            judged?;
        }
        if !seen.is_complete(self.claims.is_some()) {
            return Err(Rule::FormMissing);
        }
        let assertion = assertion.ok_or(Rule::FormMissing)?;
        Ok(form::encode(
            &self.client_id,
            &self.scope,
            assertion,
            self.claims(),
        ))
    }
}

impl fmt::Debug for FormRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FormRule")
            .field("client_id", &self.client_id)
            .field("scope", &self.scope)
            .field("claims", &self.claims.as_ref().map(|_| "[redacted]"))
            .finish()
    }
}

fn equal(said: &str, granted: &str, rule: Rule) -> Result<(), Rule> {
    if said == granted { Ok(()) } else { Err(rule) }
}

#[derive(Default)]
struct Seen {
    client_id: bool,
    scope: bool,
    grant_type: bool,
    assertion_type: bool,
    assertion: bool,
    claims: bool,
}

impl Seen {
    fn is_complete(&self, claims: bool) -> bool {
        self.client_id
            && self.scope
            && self.grant_type
            && self.assertion_type
            && self.assertion
            && self.claims == claims
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::{format, vec};
    use proptest::prelude::*;

    const CLIENT: &str = "00000000-0000-0000-0000-000000000001";
    const SCOPE: &str = "6dae42f8-4368-4678-94ff-3960e28e3630/.default";
    const TOKEN: &str = "aGVhZGVy.cGF5bG9hZA.c2lnbmF0dXJl";
    const TYPE: &str = "urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer";

    fn rule() -> FormRule {
        FormRule::new(CLIENT, SCOPE, None)
    }

    fn served() -> Vec<&'static str> {
        vec![TOKEN]
    }

    fn honest() -> Vec<(&'static str, String)> {
        vec![
            ("client_id", CLIENT.into()),
            ("scope", SCOPE.replace('/', "%2F")),
            ("client_assertion_type", TYPE.into()),
            ("client_assertion", TOKEN.into()),
            ("grant_type", "client_credentials".into()),
        ]
    }

    fn judge(fields: &[(&str, String)]) -> Result<Zeroizing<Vec<u8>>, Rule> {
        let body: Vec<String> = fields.iter().map(|(k, v)| format!("{k}={v}")).collect();
        rule().judge(body.join("&").as_bytes(), &served())
    }

    #[test]
    fn the_granted_form_passes_and_is_built_anew() {
        let mut fields = honest();
        let straight = judge(&fields).expect("the honest form");
        fields.reverse();
        assert_eq!(
            judge(&fields).expect("the order does not matter"),
            straight,
            "what goes out does not depend on what the guest wrote"
        );
    }

    #[test]
    fn every_other_value_is_refused_by_its_rule() {
        for (name, value, broken) in [
            (
                "client_id",
                "00000000-0000-0000-0000-000000000002",
                Rule::FormClientId,
            ),
            (
                "scope",
                "https%3A%2F%2Fgraph.microsoft.com%2F.default",
                Rule::FormScope,
            ),
            ("scope", "a%2F.default+b%2F.default", Rule::FormScope),
            (
                "grant_type",
                "urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer",
                Rule::FormGrantType,
            ),
            ("client_assertion_type", "saml", Rule::FormAssertionType),
            ("client_assertion", "a.b.c", Rule::FormAssertion),
            ("client_assertion", "", Rule::FormAssertion),
        ] {
            let mut fields = honest();
            for field in &mut fields {
                if field.0 == name {
                    field.1 = value.into();
                }
            }
            assert_eq!(judge(&fields), Err(broken), "{name}={value}");
        }
    }

    #[test]
    fn a_field_more_less_or_twice_is_refused() {
        for index in 0..honest().len() {
            let mut fewer = honest();
            let removed = fewer.remove(index);
            assert_eq!(judge(&fewer), Err(Rule::FormMissing), "{}", removed.0);
            let mut twice = honest();
            twice.push(removed.clone());
            assert_eq!(judge(&twice), Err(Rule::FormDuplicate), "{}", removed.0);
        }
        for extra in ["client_secret", "username", "requested_token_use", "Scope"] {
            let mut fields = honest();
            fields.push((extra, "x".into()));
            assert_eq!(judge(&fields), Err(Rule::FormField), "{extra:?}");
        }
    }

    #[test]
    fn claims_pass_only_if_they_were_asked_for() {
        let mut fields = honest();
        fields.push(("claims", "%7B%7D".into()));
        assert_eq!(judge(&fields), Err(Rule::FormClaims));

        let asked = FormRule::new(CLIENT, SCOPE, Some(Zeroizing::new("{}".into())));
        let body: Vec<String> = fields.iter().map(|(k, v)| format!("{k}={v}")).collect();
        assert!(asked.judge(body.join("&").as_bytes(), &served()).is_ok());
        let without = body[..5].join("&");
        assert_eq!(
            asked.judge(without.as_bytes(), &served()),
            Err(Rule::FormMissing)
        );
    }

    #[test]
    fn an_assertion_passes_only_if_this_call_served_it() {
        let body = form::encode(CLIENT, SCOPE, TOKEN, None);
        assert_eq!(
            rule().judge(&body, &[]),
            Err(Rule::FormAssertion),
            "nothing was read"
        );
        let mut both = served();
        both.push("bmV3.bmV3.bmV3");
        assert!(rule().judge(&body, &both).is_ok());
    }

    #[test]
    fn a_body_over_the_limit_or_that_is_no_form_is_refused() {
        let large = vec![b'a'; MAX_BODY + 1];
        assert_eq!(rule().judge(&large, &served()), Err(Rule::RequestBodySize));
        for body in [b"\xff=1".as_slice(), b"a=%zz", b"{\"scope\":1}", b"\0"] {
            assert!(
                matches!(
                    rule().judge(body, &served()),
                    Err(Rule::FormSyntax | Rule::FormField)
                ),
                "{body:?}"
            );
        }
    }

    #[test]
    fn claims_do_not_show_in_debug() {
        let text = format!(
            "{:?}",
            FormRule::new(CLIENT, SCOPE, Some(Zeroizing::new("hush".into())))
        );
        assert!(!text.contains("hush"), "{text}");
    }

    proptest! {
        #[test]
        fn whatever_passes_goes_out_as_the_granted_form(body in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(out) = rule().judge(&body, &served()) {
                prop_assert_eq!(out, form::encode(CLIENT, SCOPE, TOKEN, None));
            }
        }
    }
}
