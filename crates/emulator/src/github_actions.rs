//! The endpoint of GitHub Actions that gives a job its federated token
//! (GitHub Docs, "OpenID Connect reference"): `GET {URL}&audience=…` with the
//! job's request token as bearer, answered `{"value": "<jwt>"}`. The tokens are
//! those of the emulator's one issuer.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http::request::Parts;
use serde_json::json;

use crate::authority::answer::Answer;
use crate::authority::form;
use crate::authority::records::Verdict;
use crate::config::EmulatorConfig;
use crate::faults::Fault;
use crate::faults::script::Plan;
use crate::guid;
use crate::issuer::{Claims, Issuer};

/// Where it is, on the authority's addresses.
pub(crate) const PATH: &str = "/_apis/actions/idtoken";

/// What the job's URL has as query.
pub(crate) const QUERY: &str = "api-version=2.0";

/// The endpoint's state.
pub(crate) struct GitHubActions {
    pub(crate) request_token: String,
    faults: Mutex<VecDeque<Fault>>,
    tokens: Mutex<Vec<String>>,
}

impl Default for GitHubActions {
    fn default() -> Self {
        let random: String = (0..4).map(|_| guid::random()).collect();
        Self {
            request_token: format!("ghs_{random}"),
            faults: Mutex::default(),
            tokens: Mutex::default(),
        }
    }
}

impl GitHubActions {
    pub(crate) fn queue(&self, fault: Fault) {
        lock(&self.faults).push_back(fault);
    }

    pub(crate) fn tokens(&self) -> Vec<String> {
        lock(&self.tokens).clone()
    }

    /// Judges a request; the fault is the one it met.
    pub(crate) fn handle(
        &self,
        config: &EmulatorConfig,
        issuer: &Issuer,
        head: &Parts,
    ) -> (Plan, Verdict, Fault) {
        let fault = lock(&self.faults).pop_front().unwrap_or(Fault::None);
        let bearer = format!("bearer {}", self.request_token);
        let given = head.headers.get("authorization");
        let query = Bytes::copy_from_slice(head.uri.query().unwrap_or_default().as_bytes());
        let audience = form::fields(&query)
            .unwrap_or_default()
            .into_iter()
            .find(|(name, _)| name == "audience")
            .map(|(_, value)| value);
        let (answer, verdict) = match audience {
            Some(audience)
                if head.method == http::Method::GET
                    && given.is_some_and(|given| given.as_bytes() == bearer.as_bytes()) =>
            {
                let claims = Claims::new(issuer.url(), &config.subject, &audience)
                    .lifetime(config.federated_token_lifetime);
                let token = issuer.mint(&claims);
                lock(&self.tokens).push(token.clone());
                (
                    Answer::json(200, &json!({ "value": token })),
                    Verdict::Minted,
                )
            }
            _ => (Answer::empty(401), Verdict::Unauthorized),
        };
        // What a fault reflects is the secret that was sent.
        let plan = fault.plan(answer, &self.request_token, &guid::random());
        (plan, verdict, fault)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
