//! `wasi:http/incoming-handler`: one request, from its caller to the upstream,
//! and its answer back.

use alloc::string::ToString;
use alloc::vec::Vec;

use keyhole_proxy_rules::status::Status;

use crate::bindings::exports::wasi::http::incoming_handler::Guest;
use crate::bindings::wasi::clocks::monotonic_clock;
use crate::bindings::wasi::http::types::{
    Fields, IncomingRequest, Method, OutgoingResponse, ResponseOutparam,
};
use crate::bindings::wasi::io::poll;
use crate::head::{self, Head};
use crate::pump::{Progress, Pump};
use crate::upload::{Body, CutOff, Upload};
use crate::upstream::{self, Answer, NoAnswer};
use crate::{answer, settings, token};

/// The export.
pub(crate) struct Gateway;

impl Guest for Gateway {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        let method = request.method();
        let to_head = matches!(method, Method::Head);
        let relayed = ask(&request, method).and_then(|(answer, upload)| {
            let outgoing = head_of(&answer)?;
            Ok((answer, outgoing, upload))
        });
        match relayed {
            Ok((answer, outgoing, upload)) => relay(&answer, outgoing, upload, to_head, out),
            Err(NoAnswer::Told(status)) => answer::send(&status, to_head, out),
            // Nobody is there to be told; the server ends the connection.
            Err(NoAnswer::CallerGone) => {}
        }
    }
}

/// The upstream's answer, and what is left to send of the caller's body.
fn ask(request: &IncomingRequest, method: Method) -> Result<(Answer, Option<Upload>), NoAnswer> {
    let settings = settings::get().map_err(|error| Status::internal_error(error.to_string()))?;
    let head = Head::read(request, method, settings)?;
    let body = Body::of(request, head.content_length).map_err(|CutOff| NoAnswer::CallerGone)?;
    let again = body.again();
    let authorization = token::authorization()?;
    let (answer, upload) = upstream::send(settings, &head, &authorization, body)?;
    let Some(again) = again.filter(|_| answer.status == UNAUTHORIZED) else {
        return Ok((answer, upload));
    };
    // A token can end or be revoked before its time. One more try, with another
    // token: whoever gives them knows of the refusal, or makes one a request.
    let another = token::authorization()?;
    if another == authorization {
        return Ok((answer, upload));
    }
    drop((upload, answer));
    upstream::send(settings, &head, &another, again)
}

const UNAUTHORIZED: u16 = 401;

/// The head of an answer as it goes on.
fn head_of(answer: &Answer) -> Result<OutgoingResponse, Status> {
    let unusable = || Status::bad_gateway("the head of the upstream's answer cannot be sent on");
    let headers = head::passing(answer.response.headers().entries());
    let headers = Fields::from_list(&headers).map_err(|_| unusable())?;
    let outgoing = OutgoingResponse::new(headers);
    let status = outgoing.set_status_code(answer.status);
    status.map(|()| outgoing).map_err(|()| unusable())
}

/// Sends the answer on, and what is left of the caller's body.
fn relay(
    answer: &Answer,
    outgoing: OutgoingResponse,
    mut upload: Option<Upload>,
    to_head: bool,
    out: ResponseOutparam,
) {
    // A host that limits the time itself also ends an instance whose caller goes.
    let looks_itself = settings::get().is_ok_and(|settings| settings.header_timeout.is_some());
    // These have no body, whatever their head says of its length (RFC 9110,
    // sections 9.3.2 and 6.4.1).
    let bodiless = to_head || matches!(answer.status, 100..=199 | 204 | 304);
    let (source, sink) = match bodiless {
        true => (None, None),
        false => (answer.response.consume().ok(), outgoing.body().ok()),
    };
    ResponseOutparam::set(out, Ok(outgoing));
    let (Some(source), Some(sink)) = (source, sink) else {
        return;
    };
    let Some(mut download) = Pump::new(source, sink) else {
        return;
    };
    while download.advance() == Progress::Waiting {
        if upload
            .as_mut()
            .is_some_and(|upload| upload.advance() != Progress::Waiting)
        {
            upload = None;
        }
        let mut waits = Vec::with_capacity(2);
        waits.extend(download.waits_for());
        waits.extend(upload.as_mut().and_then(Upload::waits_for));
        let look = looks_itself.then(|| monotonic_clock::subscribe_duration(LOOK));
        waits.extend(&look);
        let look_at = look
            .as_ref()
            .and_then(|_| u32::try_from(waits.len() - 1).ok());
        let is_ready = poll::poll(&waits);
        if look_at.is_some_and(|at| is_ready.contains(&at)) && download.is_abandoned() {
            return;
        }
    }
}

/// How often it is looked whether the caller is still there, in nanoseconds.
const LOOK: u64 = 15_000_000_000;
