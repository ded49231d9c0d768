//! The one request, to be bent.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use alloc::{format, vec};

use keyhole_exchange::form::{ASSERTION_TYPE, GRANT_TYPE, field};

use crate::bindings::exports::keyhole::identity::token_provider::TokenError;
use crate::bindings::wasi::http::outgoing_handler;
use crate::bindings::wasi::http::types::{
    Fields, FutureIncomingResponse, Method, OutgoingBody, OutgoingRequest, Scheme,
};
use crate::bindings::wasi::io::poll;
use crate::bindings::wasi::io::streams::StreamError;
use crate::outcome::{Outcome, gave_up};
use crate::pod::Pod;

/// `blocking-write-and-flush` takes no more at once (WASI 0.2).
const WRITE_BYTES: usize = 4096;

/// A request that is honest until an attempt changes it.
pub(crate) struct Message {
    pub(crate) method: Method,
    pub(crate) scheme: Option<Scheme>,
    pub(crate) authority: String,
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, Vec<u8>)>,
    pub(crate) form: Vec<(&'static str, String)>,
}

/// An answer.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: String,
}

impl Message {
    /// What the exchange would send.
    pub(crate) fn honest(pod: &Pod) -> Result<Self, TokenError> {
        let authority = pod.variable("AZURE_AUTHORITY_HOST");
        let (scheme, rest) = authority
            .split_once("://")
            .ok_or_else(|| gave_up("no scheme"))?;
        Ok(Self {
            method: Method::Post,
            scheme: Some(match scheme {
                "http" => Scheme::Http,
                _ => Scheme::Https,
            }),
            authority: rest.trim_end_matches('/').to_string(),
            path: format!("/{}/oauth2/v2.0/token", pod.variable("AZURE_TENANT_ID")),
            headers: vec![
                header("content-type", "application/x-www-form-urlencoded"),
                header("accept", "application/json"),
            ],
            form: vec![
                (
                    field::CLIENT_ID,
                    pod.variable("AZURE_CLIENT_ID").to_string(),
                ),
                (field::SCOPE, pod.scope().to_string()),
                (field::CLIENT_ASSERTION_TYPE, ASSERTION_TYPE.to_string()),
                (field::CLIENT_ASSERTION, pod.token()?),
                (field::GRANT_TYPE, GRANT_TYPE.to_string()),
            ],
        })
    }

    /// Gives a field another value.
    pub(crate) fn set(&mut self, name: &str, value: impl Into<String>) {
        let value = value.into();
        for (_, old) in self.form.iter_mut().filter(|(known, _)| *known == name) {
            old.clone_from(&value);
        }
    }

    /// Head and body, not handed over yet.
    pub(crate) fn prepare(&self) -> Result<(OutgoingRequest, OutgoingBody), TokenError> {
        let not_taken = |what: &'static str| move |()| gave_up(what);
        let headers = Fields::from_list(&self.headers).map_err(|_| gave_up("headers not taken"))?;
        let head = OutgoingRequest::new(headers);
        head.set_method(&self.method)
            .map_err(not_taken("method not taken"))?;
        head.set_scheme(self.scheme.as_ref())
            .map_err(not_taken("scheme not taken"))?;
        head.set_authority(Some(&self.authority))
            .map_err(not_taken("authority not taken"))?;
        head.set_path_with_query(Some(&self.path))
            .map_err(not_taken("path not taken"))?;
        let body = head.body().map_err(not_taken("body not taken"))?;
        Ok((head, body))
    }

    /// The form as it stands.
    pub(crate) fn body(&self) -> Vec<u8> {
        let pairs: Vec<String> = self
            .form
            .iter()
            .map(|(name, value)| format!("{name}={}", escaped(value)))
            .collect();
        pairs.join("&").into_bytes()
    }

    /// Sends it and waits for the answer.
    pub(crate) fn send(&self) -> Result<Reply, TokenError> {
        let (head, body) = self.prepare()?;
        let answer = hand_over(head)?;
        // What the host does not read it says in the answer.
        let _ = write(&body, &self.body());
        let _ = OutgoingBody::finish(body, None);
        wait(&answer)
    }
}

/// The honest exchange with one change. Returns the token, if one comes.
pub(crate) fn exchange(pod: &Pod, change: impl FnOnce(&mut Message)) -> Outcome {
    let mut message = Message::honest(pod)?;
    change(&mut message);
    let reply = message.send()?;
    match access_token(&reply) {
        Some(token) => Ok(pod.result(token)),
        None => Err(gave_up(&format!("status {}", reply.status))),
    }
}

/// The access token of an answer.
pub(crate) fn access_token(reply: &Reply) -> Option<String> {
    let (_, rest) = reply.body.split_once("\"access_token\":\"")?;
    let (token, _) = rest.split_once('"')?;
    Some(token.to_string())
}

/// A header.
pub(crate) fn header(name: &str, value: &str) -> (String, Vec<u8>) {
    (name.to_string(), value.as_bytes().to_vec())
}

/// Gives a request to the host.
pub(crate) fn hand_over(head: OutgoingRequest) -> Result<FutureIncomingResponse, TokenError> {
    outgoing_handler::handle(head, None).map_err(|code| gave_up(&format!("{code:?}")))
}

/// Writes to a body, as far as the host reads.
pub(crate) fn write(body: &OutgoingBody, bytes: &[u8]) -> Result<(), StreamError> {
    let stream = body.write().map_err(|()| StreamError::Closed)?;
    bytes
        .chunks(WRITE_BYTES)
        .try_for_each(|chunk| stream.blocking_write_and_flush(chunk))
}

/// Waits for an answer and reads it.
pub(crate) fn wait(answer: &FutureIncomingResponse) -> Result<Reply, TokenError> {
    let response = loop {
        match answer.get() {
            Some(Ok(Ok(response))) => break response,
            Some(Ok(Err(code))) => return Err(gave_up(&format!("{code:?}"))),
            Some(Err(())) => return Err(gave_up("taken twice")),
            None => poll::poll(&[&answer.subscribe()]),
        };
    };
    let status = response.status();
    let body = response.consume().map_err(|()| gave_up("no body"))?;
    let stream = body.stream().map_err(|()| gave_up("no stream"))?;
    let mut bytes = Vec::new();
    loop {
        match stream.read(16 << 10) {
            Ok(chunk) if chunk.is_empty() => {
                poll::poll(&[&stream.subscribe()]);
            }
            Ok(chunk) => bytes.extend(chunk),
            Err(StreamError::Closed) => break,
            Err(StreamError::LastOperationFailed(_)) => return Err(gave_up("broke off")),
        }
    }
    Ok(Reply {
        status,
        body: String::from_utf8_lossy(&bytes).into_owned(),
    })
}

fn escaped(value: &str) -> String {
    value
        .bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' => {
                String::from(char::from(byte))
            }
            _ => format!("%{byte:02X}"),
        })
        .collect()
}
