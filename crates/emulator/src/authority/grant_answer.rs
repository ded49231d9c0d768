//! The 200 answer: an access token and what belongs to it.

use serde_json::Value;

use super::Authority;
use super::access_token;
use super::answer::Answer;
use super::token_endpoint::Grant;

/// Members of the answer, each as the JSON text it is sent with, in order.
pub(super) struct GrantAnswer(Vec<(String, String)>);

impl GrantAnswer {
    /// A token of the authority's own key for what was granted
    /// (azure-workload-identity gets `token_type`, `expires_in`,
    /// `ext_expires_in` and `access_token`; `refresh_in` comes with some).
    pub(super) fn new(authority: &Authority, grant: &Grant) -> Self {
        let config = &authority.config;
        let lifetime = config.access_token_lifetime;
        let claims = access_token::claims(
            &grant.tenant,
            &grant.client_id,
            &grant.resource,
            &config.groups,
            lifetime,
        );
        let lifetime = lifetime.as_secs();
        let mut members = vec![
            ("token_type".to_owned(), Value::from("Bearer").to_string()),
            ("expires_in".to_owned(), lifetime.to_string()),
            ("ext_expires_in".to_owned(), lifetime.to_string()),
        ];
        if let Some(refresh_in) = config.refresh_in {
            members.push(("refresh_in".to_owned(), refresh_in.as_secs().to_string()));
        }
        let token = authority.sts.mint(&claims);
        members.push(("access_token".to_owned(), Value::from(token).to_string()));
        Self(members)
    }

    /// Gives a member another JSON text, or takes it away.
    pub(super) fn replace(&mut self, name: &str, json: Option<&str>) {
        self.0.retain(|(given, _)| given != name);
        if let Some(json) = json {
            self.0.push((name.to_owned(), json.to_owned()));
        }
    }

    /// Adds a member that is there already.
    pub(super) fn repeat(&mut self, name: &str, json: &str) {
        self.0.push((name.to_owned(), json.to_owned()));
    }

    /// The access tokens in it: one, unless a fault took or added some.
    pub(super) fn access_tokens(&self) -> impl Iterator<Item = String> + '_ {
        self.0
            .iter()
            .filter(|(name, _)| name == "access_token")
            .filter_map(|(_, json)| serde_json::from_str(json).ok())
    }

    /// The answer with status 200.
    pub(super) fn answer(&self) -> Answer {
        let members: Vec<_> = self
            .0
            .iter()
            .map(|(name, json)| format!("{}:{json}", Value::from(name.as_str())))
            .collect();
        Answer::json_text(200, format!("{{{}}}", members.join(",")))
    }
}
