//! One request to the upstream.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use keyhole_proxy_rules::settings::Settings;
use keyhole_proxy_rules::status::Status;

use crate::bindings::wasi::clocks::monotonic_clock;
use crate::bindings::wasi::http::outgoing_handler;
use crate::bindings::wasi::http::types::{
    ErrorCode, Fields, FutureIncomingResponse, IncomingResponse, OutgoingRequest,
};
use crate::bindings::wasi::io::poll;
use crate::head::Head;
use crate::pump::Progress;
use crate::settings::scheme;
use crate::upload::{Body, Upload};

/// In nanoseconds.
const SECOND: u64 = 1_000_000_000;

/// The head of an answer; its body is still to come.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) response: IncomingResponse,
}

/// Why there is no answer.
pub(crate) enum NoAnswer {
    /// This is what the caller is told.
    Told(Status),
    /// The caller went away before its body was whole.
    CallerGone,
}

impl From<Status> for NoAnswer {
    fn from(status: Status) -> Self {
        Self::Told(status)
    }
}

/// Sends a request with this value of `Authorization`. Answers with the head of
/// the answer, and with what of the body is still to be sent.
pub(crate) fn send(
    settings: &Settings,
    head: &Head,
    authorization: &str,
    body: Body,
) -> Result<(Answer, Option<Upload>), NoAnswer> {
    let request = prepare(settings, head, authorization)?;
    let sink = match body.is_none() {
        true => None,
        false => Some(request.body().map_err(|()| unsupported("a body"))?),
    };
    let answer = outgoing_handler::handle(request, None).map_err(|code| fault(&code, settings))?;
    let mut upload = sink.and_then(|sink| Upload::start(body, sink));
    let response = wait(settings, &answer, &mut upload)?;
    let status = response.status();
    Ok((Answer { status, response }, upload))
}

fn prepare(
    settings: &Settings,
    head: &Head,
    authorization: &str,
) -> Result<OutgoingRequest, Status> {
    let mut headers = head.headers.clone();
    headers.push(("authorization".into(), authorization.as_bytes().into()));
    let headers = Fields::from_list(&headers)
        .map_err(|_| Status::bad_request("a header of the request cannot be sent on"))?;
    let request = OutgoingRequest::new(headers);
    request
        .set_method(&head.method)
        .and_then(|()| request.set_scheme(Some(&scheme(settings))))
        .and_then(|()| request.set_authority(Some(&settings.upstream.authority())))
        .map_err(|()| unsupported("the method"))?;
    request
        .set_path_with_query(Some(&head.target))
        .map_err(|()| Status::bad_request("the path of the request cannot be sent on"))?;
    Ok(request)
}

fn wait(
    settings: &Settings,
    answer: &FutureIncomingResponse,
    upload: &mut Option<Upload>,
) -> Result<IncomingResponse, NoAnswer> {
    let ready = answer.subscribe();
    let timer = settings
        .header_timeout
        .map(|seconds| monotonic_clock::subscribe_duration(seconds.saturating_mul(SECOND)));
    loop {
        match upload.as_mut().map(Upload::advance) {
            Some(Progress::SourceFailed) => return Err(NoAnswer::CallerGone),
            // It may have answered without reading all of it.
            Some(Progress::SinkClosed | Progress::Done) => *upload = None,
            Some(Progress::Waiting) | None => {}
        }
        let mut waits = Vec::with_capacity(3);
        waits.push(&ready);
        let timer_at = timer.as_ref().map(|timer| {
            waits.push(timer);
            1
        });
        waits.extend(upload.as_mut().and_then(Upload::waits_for));
        let is_ready = poll::poll(&waits);
        if is_ready.contains(&0) {
            return match answer.get() {
                Some(Ok(Ok(response))) => Ok(response),
                Some(Ok(Err(code))) => Err(fault(&code, settings).into()),
                _ => Err(unsupported("an answer").into()),
            };
        }
        if timer_at.is_some_and(|at| is_ready.contains(&at)) {
            return Err(Status::timeout(format!(
                "{} did not answer in time",
                settings.upstream.authority()
            ))
            .into());
        }
    }
}

fn unsupported(what: &str) -> Status {
    Status::internal_error(format!("the runtime of the proxy did not take {what}"))
}

fn fault(code: &ErrorCode, settings: &Settings) -> Status {
    let upstream = settings.upstream.authority();
    let what: String = match code {
        ErrorCode::DnsTimeout | ErrorCode::DnsError(_) | ErrorCode::DestinationNotFound => {
            "its name cannot be resolved".into()
        }
        ErrorCode::ConnectionRefused => "it refuses connections".into(),
        ErrorCode::DestinationUnavailable | ErrorCode::DestinationIpUnroutable => {
            "it cannot be reached".into()
        }
        ErrorCode::DestinationIpProhibited => "its address is not allowed".into(),
        ErrorCode::HttpRequestDenied => "the host of the proxy does not grant it".into(),
        ErrorCode::TlsCertificateError => "its certificate is not accepted".into(),
        ErrorCode::TlsProtocolError | ErrorCode::TlsAlertReceived(_) => "TLS failed".into(),
        ErrorCode::ConnectionTerminated | ErrorCode::HttpResponseIncomplete => {
            "it closed the connection".into()
        }
        ErrorCode::ConnectionTimeout
        | ErrorCode::ConnectionReadTimeout
        | ErrorCode::ConnectionWriteTimeout
        | ErrorCode::HttpResponseTimeout => {
            return Status::timeout(format!("{upstream} did not answer in time"));
        }
        ErrorCode::InternalError(Some(text)) => text.chars().take(200).collect(),
        _ => "its answer is not HTTP as it should be".into(),
    };
    Status::bad_gateway(format!("no answer from {upstream}: {what}"))
}
