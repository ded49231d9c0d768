//! The authority: what it knows, what it was told to do wrong, and how it
//! answers a request.

pub(crate) mod access_token;
pub(crate) mod answer;
mod assertion;
mod codes;
pub(crate) mod directory;
mod discovery;
pub(crate) mod form;
mod grant_answer;
pub(crate) mod listener;
pub(crate) mod records;
pub(crate) mod refusal;
mod token_endpoint;

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http::request::Parts;

use crate::config::EmulatorConfig;
use crate::faults::Fault;
use crate::faults::script::Plan;
use crate::github_actions::{self, GitHubActions};
use crate::guid;
use crate::issuer::{Issuer, documents};
use crate::keys::{KeyError, KeyOwner};
use crate::token_proxy;
use answer::Answer;
use directory::{Directory, Federation, Lookup};
use grant_answer::GrantAnswer;
use listener::Site;
use records::{Listener, RecordedRequest, Records, Verdict};
use token_endpoint::Grant;

#[derive(Default)]
struct Faults {
    queue: VecDeque<Fault>,
    always: Option<Fault>,
}

/// The state all connections share.
pub(crate) struct Authority {
    pub(crate) config: EmulatorConfig,
    pub(crate) issuer: Issuer,
    /// Of access tokens.
    pub(crate) sts: Issuer,
    pub(crate) records: Records,
    directory: Mutex<Directory>,
    faults: Mutex<Faults>,
    access_tokens: Mutex<Vec<String>>,
    pub(crate) github_actions: GitHubActions,
    connections: AtomicUsize,
    handshakes: AtomicUsize,
}

/// How many access tokens are remembered; the first ones go first.
const KEPT_TOKENS: usize = 4_096;

impl Authority {
    pub(crate) fn new(config: EmulatorConfig, issuer: Issuer) -> Result<Self, KeyError> {
        let mut directory = Directory::default();
        directory.add(Federation {
            tenant: config.tenant.clone(),
            client_id: config.client_id.clone(),
            issuer: issuer.url().to_owned(),
            subject: config.subject.clone(),
            audience: config.audience.clone(),
        });
        Ok(Self {
            sts: Issuer::new(access_token::issuer(&config.tenant), KeyOwner::Authority)?,
            records: Records::new(config.observer.clone()),
            directory: Mutex::new(directory),
            faults: Mutex::default(),
            access_tokens: Mutex::default(),
            github_actions: GitHubActions::default(),
            connections: AtomicUsize::new(0),
            handshakes: AtomicUsize::new(0),
            config,
            issuer,
        })
    }

    pub(crate) fn register(&self, federation: Federation) {
        lock(&self.directory).add(federation);
    }

    pub(crate) fn register_application(&self, tenant: &str, client_id: &str) {
        lock(&self.directory).add_application(tenant, client_id);
    }

    pub(crate) fn queue(&self, fault: Fault) {
        lock(&self.faults).queue.push_back(fault);
    }

    pub(crate) fn always(&self, fault: Option<Fault>) {
        lock(&self.faults).always = fault;
    }

    pub(crate) fn access_tokens(&self) -> Vec<String> {
        lock(&self.access_tokens).clone()
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// TLS handshakes that came to their end.
    pub(crate) fn handshakes(&self) -> usize {
        self.handshakes.load(Ordering::SeqCst)
    }

    fn look_up(&self, tenant: &str, client_id: &str) -> Lookup {
        lock(&self.directory).find(tenant, client_id)
    }

    fn has_tenant(&self, tenant: &str) -> bool {
        lock(&self.directory).has_tenant(tenant)
    }

    fn next_fault(&self) -> Fault {
        let mut faults = lock(&self.faults);
        faults
            .queue
            .pop_front()
            .or_else(|| faults.always.clone())
            .unwrap_or(Fault::None)
    }

    fn document(&self, listener: Listener, base: &str, head: &Parts) -> Plan {
        let answer = discovery::answer(self, head.uri.path(), base)
            .filter(|_| head.method == http::Method::GET);
        let verdict = if answer.is_some() {
            Verdict::Discovery
        } else {
            Verdict::NotFound
        };
        self.record(listener, head, Vec::new(), verdict, &Fault::None);
        Plan::Answer(answer.unwrap_or_else(|| Answer::empty(404)))
    }

    fn token(&self, listener: Listener, head: &Parts, tenant: &str, body: Option<&Bytes>) -> Plan {
        let fault = self.next_fault();
        let result = match body {
            Some(body) => token_endpoint::check(self, head, tenant, body),
            None => Err(refusal::Refusal::malformed()),
        };
        let form = body.and_then(|body| form::fields(body)).unwrap_or_default();
        let assertion = form
            .iter()
            .find(|(name, _)| name == "client_assertion")
            .map(|(_, value)| value.clone());
        let verdict = match &result {
            Ok(_) => Verdict::Granted,
            Err(refusal) => Verdict::Refused(refusal.code),
        };
        self.record(listener, head, form, verdict, &fault);

        let request_id = header(head, "client-request-id");
        let correlation_id = request_id
            .clone()
            .filter(|id| guid::is_guid(id))
            .unwrap_or_else(guid::random);
        let honest = match result {
            Ok(grant) => self.granted(&grant, &fault),
            Err(refusal) => refusal.answer(&correlation_id),
        };
        let dress = |answer: Answer| {
            let answer = answer
                .header("x-ms-ests-server", "2.1.0 - Keyhole emulator")
                .header("x-ms-srs", "1.P");
            match &request_id {
                Some(id) => answer.header("client-request-id", id),
                None => answer,
            }
        };
        match fault.plan(
            dress(honest),
            assertion.as_deref().unwrap_or_default(),
            &correlation_id,
        ) {
            Plan::Answer(answer) if answer.headers.iter().all(|(name, _)| name != "x-ms-srs") => {
                Plan::Answer(dress(answer))
            }
            plan => plan,
        }
    }

    fn granted(&self, grant: &Grant, fault: &Fault) -> Answer {
        let mut answer = GrantAnswer::new(self, grant);
        let mut content = fault;
        while let Fault::Delay { then, .. } = content {
            content = then;
        }
        match content {
            Fault::Member { name, json } => answer.replace(name, json.as_deref()),
            Fault::DuplicateMember { name, json } => answer.repeat(name, json),
            _ => {}
        }
        let mut tokens = lock(&self.access_tokens);
        tokens.extend(answer.access_tokens());
        let surplus = tokens.len().saturating_sub(KEPT_TOKENS);
        tokens.drain(..surplus);
        drop(tokens);
        answer.answer().header("x-ms-request-id", &guid::random())
    }

    fn record(
        &self,
        listener: Listener,
        head: &Parts,
        form: Vec<(String, String)>,
        verdict: Verdict,
        fault: &Fault,
    ) {
        let fault = (*fault != Fault::None).then(|| fault.name());
        self.records
            .add(RecordedRequest::new(listener, head, form, verdict, fault));
    }
}

impl Site for Authority {
    fn handle(&self, listener: Listener, base: &str, head: &Parts, body: Option<&Bytes>) -> Plan {
        let path = head.uri.path();
        if listener == Listener::Issuer {
            let answer = documents::answer(&self.issuer, head.method.as_str(), path);
            let verdict = if answer.status == 404 {
                Verdict::NotFound
            } else {
                Verdict::Discovery
            };
            self.record(listener, head, Vec::new(), verdict, &Fault::None);
            return Plan::Answer(answer);
        }
        if path == github_actions::PATH {
            let (plan, verdict, fault) =
                self.github_actions.handle(&self.config, &self.issuer, head);
            self.record(listener, head, Vec::new(), verdict, &fault);
            return plan;
        }
        let path = match listener {
            Listener::TokenProxy => path.strip_prefix(token_proxy::PATH).unwrap_or_default(),
            _ => path,
        };
        match token_endpoint::tenant_of(path) {
            Some(tenant) => self.token(listener, head, tenant, body),
            None => self.document(listener, base, head),
        }
    }

    fn count_connection(&self) {
        self.connections.fetch_add(1, Ordering::SeqCst);
    }

    fn count_handshake(&self) {
        self.handshakes.fetch_add(1, Ordering::SeqCst);
    }
}

/// A header's value if it can be sent back as it is.
fn header(head: &Parts, name: &str) -> Option<String> {
    head.headers.get(name)?.to_str().ok().map(str::to_owned)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
