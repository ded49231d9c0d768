//! What a caller is told instead of the upstream's answer.

use alloc::string::ToString;
use alloc::vec::Vec;

use keyhole_proxy_rules::status::{self, Status};

use crate::bindings::wasi::http::types::{
    Fields, OutgoingBody, OutgoingResponse, ResponseOutparam,
};
use crate::bindings::wasi::io::streams::OutputStream;

/// Sends a `Status`. `to_head`: it answers a HEAD, which has no body.
pub(crate) fn send(status: &Status, to_head: bool, out: ResponseOutparam) {
    let body = status.json();
    let mut headers: Vec<(_, Vec<u8>)> = Vec::from([
        ("content-type".into(), status::CONTENT_TYPE.into()),
        ("content-length".into(), body.len().to_string().into()),
        // A fault of now is none of a later moment.
        ("cache-control".into(), "no-store".into()),
    ]);
    if let Some(seconds) = status.retry_after {
        headers.push(("retry-after".into(), seconds.to_string().into()));
    }
    let headers = Fields::from_list(&headers).unwrap_or_else(|_| Fields::new());
    let response = OutgoingResponse::new(headers);
    // It takes every status from 100 to 599.
    let _ = response.set_status_code(status.code);
    let sink = if to_head { None } else { response.body().ok() };
    ResponseOutparam::set(out, Ok(response));
    if let Some(sink) = sink {
        write(sink, body.as_bytes());
    }
}

/// `blocking-write-and-flush` takes no more at once (WASI 0.2).
const WRITE_BYTES: usize = 4096;

/// A caller that has gone gets nothing, and nobody is told.
fn write(sink: OutgoingBody, bytes: &[u8]) {
    let Ok(stream) = sink.write() else {
        return;
    };
    let all = |stream: &OutputStream| {
        bytes
            .chunks(WRITE_BYTES)
            .all(|chunk| stream.blocking_write_and_flush(chunk).is_ok())
    };
    if all(&stream) {
        drop(stream);
        let _ = OutgoingBody::finish(sink, None);
    }
}
