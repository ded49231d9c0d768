//! What Kubernetes does not have: paths below `/test/` at which a proxy in front
//! can be tried. Nothing here holds a whole body.

use bytes::Bytes;
use http::header::{AUTHORIZATION, HeaderMap};
use http::request::Parts;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use ring::digest::{Context, SHA256};
use serde_json::{Value, json};

use super::body::AnswerBody;
use super::connection::TakeOver;
use super::failure::Failure;
use super::resources::{Done, Query};
use crate::authority::answer::Answer;
use crate::faults::script::Step;

/// The answer at a path.
pub(super) async fn answer(
    head: &Parts,
    query: &Query,
    body: Incoming,
    take_over: TakeOver,
) -> Result<Done, Failure> {
    match head.uri.path() {
        "/test/upload" => upload(body).await,
        "/test/head" => Ok(Done::Json(200, shown(head))),
        "/test/trailers" => Ok(trailers(take_over)),
        "/test/download" => {
            let bytes = query.get("bytes").and_then(|bytes| bytes.parse().ok());
            let left = bytes.ok_or_else(|| Failure::bad_request("bytes= is no number"))?;
            let chunked = query.get("chunked") == Some("true");
            let body = AnswerBody::Pattern { left, chunked };
            Ok(Done::Body("application/octet-stream", body))
        }
        _ => Err(Failure::no_path()),
    }
}

/// Length and SHA-256 of what was sent, and its trailers.
async fn upload(mut body: Incoming) -> Result<Done, Failure> {
    let (mut bytes, mut digest) = (0, Context::new(&SHA256));
    let mut trailers = Value::Null;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Failure::bad_request("the body broke off"))?;
        match frame.into_data() {
            Ok(data) => {
                bytes += data.len();
                digest.update(&data);
            }
            Err(frame) => trailers = frame.trailers_ref().map_or(Value::Null, pairs),
        }
    }
    let digest = digest.finish();
    let hex: String = digest.as_ref().iter().map(|b| format!("{b:02x}")).collect();
    let answer = json!({ "bytes": bytes, "sha256": hex, "trailers": trailers });
    Ok(Done::Json(200, answer))
}

/// A head as it came, but for what proves who asks.
fn shown(head: &Parts) -> Value {
    let mut headers = head.headers.clone();
    for (name, value) in &mut headers {
        if *name == AUTHORIZATION {
            *value = http::HeaderValue::from_static("(let in)");
        }
    }
    json!({
        "method": head.method.as_str(),
        "target": head.uri.to_string(),
        "headers": pairs(&headers),
    })
}

fn pairs(headers: &HeaderMap) -> Value {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let pair = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
        json!([name.as_str(), text(value.as_bytes())])
    };
    headers.iter().map(pair).collect()
}

/// A body with trailers, sent whether or not `TE` asks for them, as Go's server
/// does; hyper's would not.
fn trailers(take_over: TakeOver) -> Done {
    let head = Answer::empty(200)
        .header("content-type", "text/plain")
        .header("trailer", "x-checksum")
        .head("transfer-encoding: chunked\r\n");
    let body = b"5\r\nhello\r\n0\r\nx-checksum: of-hello\r\n\r\n";
    take_over.tell(vec![Step::Send([&head[..], body].concat().into())]);
    Done::TakenOver
}

/// The body up to a limit, or nothing if it is longer or breaks off.
pub(super) async fn whole(mut body: Incoming, limit: usize) -> Option<Bytes> {
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.ok()?.into_data() else {
            continue;
        };
        if bytes.len() + data.len() > limit {
            return None;
        }
        bytes.extend_from_slice(&data);
    }
    Some(bytes.into())
}
