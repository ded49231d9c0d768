//! `outgoing-handler`: the one way out.

use alloc::rc::Rc;

use keyhole_policy::target::Asked;
use keyhole_policy::{Rule, header};

use crate::answer::FutureAnswer;
use crate::bindings::exports::wasi::http::outgoing_handler::Guest;
use crate::bindings::exports::wasi::http::types as wit;
use crate::bindings::wasi::http::outgoing_handler;
use crate::bindings::wasi::http::types as real;
use crate::body::Sent;
use crate::fields::Entries;
use crate::request::Request;
use crate::rule::{self, Granted};
use crate::{Guard, streams, witness};
use wit::{ErrorCode, Method, Scheme};

impl Guest for Guard {
    /// Judges the head at once and the rest when the body is finished.
    fn handle(
        request: wit::OutgoingRequest,
        _options: Option<wit::RequestOptions>,
    ) -> Result<wit::FutureIncomingResponse, ErrorCode> {
        let request: Request = request.into_inner();
        judge_head(&request).map_err(|broken| {
            rule::refuse(broken);
            ErrorCode::HttpRequestDenied
        })?;
        let body = Rc::clone(&request.body);
        if !request.has_body() {
            body.give_up(Rule::FormMissing);
        }
        body.hand_over(request.headers);
        Ok(wit::FutureIncomingResponse::new(FutureAnswer::of(body)))
    }
}

/// Everything but the body, as the program said it.
fn judge_head(request: &Request) -> Result<(), Rule> {
    // Without a rule no authority is the granted one.
    let granted = rule::granted().map_err(|_| Rule::RequestAuthority)?;
    granted.target.judge(&Asked {
        method: method(&request.method.borrow()),
        scheme: request.scheme.borrow().as_ref().map(scheme),
        authority: request.authority.borrow().as_deref(),
        path: request.path.borrow().as_deref(),
    })?;
    let headers = request.headers.iter();
    header::judge(headers.map(|(name, value)| (name.as_str(), value.as_slice())))
}

/// Judges a whole body, and sends what the rule makes of it.
pub(crate) fn send(headers: Entries, body: &[u8]) -> Sent {
    let granted = rule::granted().map_err(|_| ErrorCode::HttpRequestDenied)?;
    let form = granted.form.judge(body, &witness::served_tokens());
    let form = form.map_err(|broken| {
        rule::refuse(broken);
        ErrorCode::HttpRequestDenied
    })?;
    let unsupported = |()| ErrorCode::ConfigurationError;
    let headers = real::Fields::from_list(&headers).map_err(|_| ErrorCode::ConfigurationError)?;
    let head = real::OutgoingRequest::new(headers);
    let Granted { target, .. } = granted;
    let scheme = match target.scheme() {
        "http" => real::Scheme::Http,
        _ => real::Scheme::Https,
    };
    head.set_method(&real::Method::Post)
        .and_then(|()| head.set_scheme(Some(&scheme)))
        .and_then(|()| head.set_authority(Some(target.authority())))
        .and_then(|()| head.set_path_with_query(Some(target.path())))
        .map_err(unsupported)?;
    let body = head.body().map_err(unsupported)?;
    // Handed over before its body is written: hosts buffer little of a body that
    // nobody reads yet.
    let answer = outgoing_handler::handle(head, None)?;
    let stream = body.write().map_err(unsupported)?;
    let written = streams::write(&stream, &form).is_ok();
    drop(stream);
    // A host that stops reading says in its answer why.
    if written {
        let _ = real::OutgoingBody::finish(body, None);
    }
    Ok(answer)
}

fn method(method: &Method) -> &str {
    match method {
        Method::Get => "GET",
        Method::Head => "HEAD",
        Method::Post => "POST",
        Method::Put => "PUT",
        Method::Delete => "DELETE",
        Method::Connect => "CONNECT",
        Method::Options => "OPTIONS",
        Method::Trace => "TRACE",
        Method::Patch => "PATCH",
        // Another spelling of POST is not POST.
        Method::Other(_) => "",
    }
}

fn scheme(scheme: &Scheme) -> &str {
    match scheme {
        Scheme::Http => "http",
        Scheme::Https => "https",
        Scheme::Other(other) => other,
    }
}
