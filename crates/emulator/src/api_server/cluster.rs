//! What all connections share, and the way of a request: judged, recorded, met
//! with a fault, answered.

use std::collections::VecDeque;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use http::request::Parts;
use http::{Request, Response};
use hyper::body::Incoming;

use super::authentication::{Trust, User};
use super::body::AnswerBody;
use super::connection::TakeOver;
use super::failure::Failure;
use super::faults::ServerFault;
use super::resources::{Done, Query, Resources};
use super::trials;
use crate::authority::Authority;
use crate::authority::answer::Answer;
use crate::authority::records::{Bearer, Listener, RecordedRequest, Records, Verdict};
use crate::config::AKS_SERVER_APP_ID;
use crate::faults::script::Step;
use crate::issuer::unix_now;

/// The largest body that is read whole, as kube-apiserver's limit is some MiB.
const LONGEST_BODY: usize = 3 << 20;

/// What all connections share.
pub(super) struct Cluster {
    pub(super) authority: Arc<Authority>,
    pub(super) records: Records,
    pub(super) resources: Resources,
    faults: Mutex<VecDeque<ServerFault>>,
    /// Requests whose answers have not ended.
    pub(super) open: Arc<AtomicUsize>,
}

impl Cluster {
    pub(super) fn new(authority: Arc<Authority>) -> Self {
        Self {
            records: Records::new(authority.config.observer.clone()),
            authority,
            resources: Resources::new(),
            faults: Mutex::default(),
            open: Arc::default(),
        }
    }

    pub(super) fn queue(&self, fault: ServerFault) {
        let mut faults = self.faults.lock().unwrap_or_else(PoisonError::into_inner);
        faults.push_back(fault);
    }

    fn next_fault(&self) -> ServerFault {
        let mut faults = self.faults.lock().unwrap_or_else(PoisonError::into_inner);
        faults.pop_front().unwrap_or(ServerFault::None)
    }

    /// The answer, or none if the connection is taken over.
    pub(super) async fn respond(
        &self,
        request: Request<Incoming>,
        take_over: TakeOver,
    ) -> Response<AnswerBody> {
        let (head, body) = request.into_parts();
        let user = match self.judge(&head) {
            Ok(user) => user,
            Err(reason) => {
                self.record(&head, Verdict::Unauthenticated(reason), &ServerFault::None);
                // Whoever is answered before all was read might not read why.
                trials::whole(body, LONGEST_BODY).await;
                return answered(&Failure::unauthorized());
            }
        };
        let fault = self.next_fault();
        self.record(&head, Verdict::Authenticated, &fault);
        match fault {
            ServerFault::None => {}
            ServerFault::Held(gate) => gate.pass().await,
            ServerFault::Reset => {
                take_over.tell(vec![Step::Reset]);
                return std::future::pending().await;
            }
            ServerFault::ResetMidBody { bytes } => {
                let body = AnswerBody::Broken {
                    left: bytes,
                    reset: take_over,
                };
                return with_type("application/octet-stream", body);
            }
            ServerFault::Status { code, retry_after } => {
                trials::whole(body, LONGEST_BODY).await;
                let failure = match code {
                    401 => Failure::unauthorized(),
                    _ => Failure::new(code, "InternalError", "the emulator was told to fail"),
                };
                let mut answer = answered(&failure);
                if let Some(seconds) = retry_after {
                    answer.headers_mut().insert("retry-after", seconds.into());
                }
                return answer;
            }
            ServerFault::Redirect(place) => {
                trials::whole(body, LONGEST_BODY).await;
                return response(&Answer::empty(302).header("location", &place));
            }
        }
        self.answer(&head, body, &user, take_over).await
    }

    async fn answer(
        &self,
        head: &Parts,
        body: Incoming,
        user: &User,
        take_over: TakeOver,
    ) -> Response<AnswerBody> {
        let query = Query::of(head);
        let done = if head.uri.path().starts_with("/test/") {
            trials::answer(head, &query, body, take_over).await
        } else {
            match trials::whole(body, LONGEST_BODY).await {
                Some(body) => self.resources.answer(head, &query, &body, user),
                None => Err(Failure::bad_request("the body is too large or broke off")),
            }
        };
        match done {
            Ok(Done::Json(status, object)) => response(&Answer::json(status, &object)),
            Ok(Done::Body(kind, body)) => with_type(kind, body),
            Ok(Done::TakenOver) => std::future::pending().await,
            Err(failure) => answered(&failure),
        }
    }

    fn judge(&self, head: &Parts) -> Result<User, &'static str> {
        let trust = Trust {
            issuer: &self.authority.sts,
            audience: AKS_SERVER_APP_ID,
            now: unix_now(),
        };
        let mut given = head.headers.get_all(AUTHORIZATION).iter();
        let header = given.next().and_then(|value| value.to_str().ok());
        // kube-apiserver takes the first; a proxy that sends two is to be found out.
        match given.next() {
            Some(_) => Err("two Authorization headers"),
            None => trust.authenticate(header),
        }
    }

    fn record(&self, head: &Parts, verdict: Verdict, fault: &ServerFault) {
        let (listener, form) = (Listener::ApiServer, Vec::new());
        let mut request = RecordedRequest::new(listener, head, form, verdict, fault.name());
        request.bearer = request.header("authorization").and_then(Bearer::of);
        self.records.add(request);
    }
}

fn answered(failure: &Failure) -> Response<AnswerBody> {
    response(&Answer::json(failure.code, &failure.status()))
}

fn response(answer: &Answer) -> Response<AnswerBody> {
    match answer.response() {
        Some(response) => response.map(AnswerBody::Whole),
        None => Response::new(AnswerBody::from(Bytes::new())),
    }
}

fn with_type(kind: &'static str, body: AnswerBody) -> Response<AnswerBody> {
    let mut response = Response::new(body);
    let kind = HeaderValue::from_static(kind);
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}
