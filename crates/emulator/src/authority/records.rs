//! What came in, for tests to look at.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use http::request::Parts;

use crate::certificates::BadCertificate;
use crate::jwt::Parsed;

/// How many requests are kept; older ones are dropped, so that an emulator can
/// run for days.
const KEPT: usize = 4_096;

/// Which of the emulator's addresses a request came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listener {
    /// The authority over TLS.
    Https,
    /// The authority over plain HTTP.
    Http,
    /// The authority behind a certificate no client may accept.
    Bad(BadCertificate),
    /// The token issuer's discovery documents.
    Issuer,
    /// The Kubernetes API server's stand-in.
    ApiServer,
    /// The authority as the token proxy of an AKS identity binding.
    TokenProxy,
}

/// What the emulator thought of a request, whatever a fault made of the
/// answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// A token request in order.
    Granted,
    /// A token request refused with this AADSTS code.
    Refused(u32),
    /// A discovery document was asked for.
    Discovery,
    /// There is nothing at this path.
    NotFound,
    /// The API server let the bearer in.
    Authenticated,
    /// The API server did not let the bearer in, and why.
    Unauthenticated(&'static str),
    /// A federated token was asked for as GitHub Actions has it.
    Minted,
    /// The same without the right request token.
    Unauthorized,
}

/// One request as it came in.
#[derive(Clone)]
pub struct RecordedRequest {
    /// Its number since the start, from 1.
    pub number: usize,
    /// The address it came to.
    pub listener: Listener,
    /// The method, such as `POST`.
    pub method: String,
    /// Path and query as sent.
    pub target: String,
    /// Header names (lower-case) and values as sent; bytes that are not UTF-8
    /// are replaced.
    pub headers: Vec<(String, String)>,
    /// The fields of a token request's form, decoded, in order; empty if the
    /// body is no form. The assertion is among them.
    pub form: Vec<(String, String)>,
    /// When its last byte had come; at the API server, its head's.
    pub received: SystemTime,
    /// What the emulator thought of it.
    pub verdict: Verdict,
    /// The fault it met, in words.
    pub fault: Option<String>,
    /// The bearer token a request to the API server came with.
    pub bearer: Option<Bearer>,
}

/// Which token it was, without the token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bearer {
    /// Its `uti`, or its `jti`: no two tokens have the same.
    pub id: String,
    /// Its `exp`, in Unix seconds.
    pub expires: i64,
}

impl Bearer {
    /// That of an `Authorization` header, whether or not it is any good.
    pub(crate) fn of(header: &str) -> Option<Self> {
        let claims = Parsed::from_compact(header.strip_prefix("Bearer ")?)?.claims;
        let id = claims.get("uti").or_else(|| claims.get("jti"))?;
        Some(Self {
            id: id.as_str()?.to_owned(),
            expires: claims.get("exp")?.as_i64()?,
        })
    }
}

impl RecordedRequest {
    /// A request that has just come in.
    pub(crate) fn new(
        listener: Listener,
        head: &Parts,
        form: Vec<(String, String)>,
        verdict: Verdict,
        fault: Option<String>,
    ) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let target = head.uri.path_and_query();
        let headers = head.headers.iter();
        Self {
            number: 0,
            listener,
            method: head.method.to_string(),
            target: target.map_or("/", |target| target.as_str()).to_owned(),
            headers: headers
                .map(|(name, value)| (name.to_string(), text(value.as_bytes())))
                .collect(),
            form,
            received: SystemTime::now(),
            verdict,
            fault,
            bearer: None,
        }
    }

    /// The first header of a name.
    pub fn header(&self, name: &str) -> Option<&str> {
        first(&self.headers, name)
    }

    /// The first form field of a name.
    pub fn field(&self, name: &str) -> Option<&str> {
        first(&self.form, name)
    }
}

fn first<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    pairs
        .iter()
        .find(|(given, _)| given == name)
        .map(|(_, value)| value.as_str())
}

impl fmt::Display for RecordedRequest {
    /// One line without secrets and without control characters, for a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let target = self.target.split('?').next().unwrap_or_default();
        write!(
            f,
            "{} {} ",
            self.method.escape_debug(),
            target.escape_debug()
        )?;
        match &self.verdict {
            // The answer then depends on the fault.
            Verdict::Granted if self.fault.is_some() => f.write_str("in order")?,
            Verdict::Granted => f.write_str("granted")?,
            Verdict::Refused(code) => write!(f, "refused AADSTS{code}")?,
            Verdict::Discovery => f.write_str("discovery")?,
            Verdict::NotFound => f.write_str("not found")?,
            Verdict::Authenticated => f.write_str("let in")?,
            Verdict::Unauthenticated(reason) => write!(f, "not let in: {reason}")?,
            Verdict::Minted => f.write_str("federated token")?,
            Verdict::Unauthorized => f.write_str("unauthorized")?,
        }
        for name in ["client_id", "scope"] {
            if let Some(value) = self.field(name) {
                write!(f, " {name}={}", value.escape_debug())?;
            }
        }
        if let Some(fault) = &self.fault {
            write!(f, " fault={fault}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for RecordedRequest {
    /// Shows names of headers and fields, never their values.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = |pairs: &[(String, String)]| {
            pairs
                .iter()
                .map(|(name, _)| name.clone())
                .collect::<Vec<_>>()
        };
        f.debug_struct("RecordedRequest")
            .field("number", &self.number)
            .field("listener", &self.listener)
            .field("line", &self.to_string())
            .field("headers", &names(&self.headers))
            .field("form", &names(&self.form))
            .finish_non_exhaustive()
    }
}

/// Somebody who is told of every request as it is recorded.
#[derive(Clone)]
pub struct Observer(Arc<dyn Fn(&RecordedRequest) + Send + Sync>);

impl Observer {
    /// Calls this function on the emulator's thread, before the answer.
    pub fn new(function: impl Fn(&RecordedRequest) + Send + Sync + 'static) -> Self {
        Self(Arc::new(function))
    }
}

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Observer")
    }
}

#[derive(Default)]
struct Log {
    kept: VecDeque<RecordedRequest>,
    total: usize,
}

/// The requests so far.
#[derive(Default)]
pub(crate) struct Records {
    log: Mutex<Log>,
    grew: Condvar,
    observer: Option<Observer>,
}

impl Records {
    pub(crate) fn new(observer: Option<Observer>) -> Self {
        Self {
            observer,
            ..Self::default()
        }
    }

    /// Adds a request; its number is given here.
    pub(crate) fn add(&self, mut request: RecordedRequest) {
        let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        log.total += 1;
        request.number = log.total;
        if let Some(Observer(tell)) = &self.observer {
            tell(&request);
        }
        if log.kept.len() == KEPT {
            log.kept.pop_front();
        }
        log.kept.push_back(request);
        drop(log);
        self.grew.notify_all();
    }

    /// All that are kept.
    pub(crate) fn all(&self) -> Vec<RecordedRequest> {
        let log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        log.kept.iter().cloned().collect()
    }

    /// Waits until so many have come since the start, and tells if they did.
    pub(crate) fn wait(&self, count: usize, timeout: Duration) -> bool {
        let deadline = Instant::now() + timeout;
        let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        while log.total < count {
            let Some(left) = deadline
                .checked_duration_since(Instant::now())
                .filter(|left| !left.is_zero())
            else {
                return false;
            };
            log = self
                .grew
                .wait_timeout(log, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        true
    }
}
