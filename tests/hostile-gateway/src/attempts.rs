//! The attempts, by name.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::bindings::exports::wasi::http::incoming_handler::Guest;
use crate::bindings::keyhole::identity::token_provider::{TokenRequest, get_token};
use crate::bindings::wasi::cli::environment::get_environment;
use crate::bindings::wasi::http::outgoing_handler;
use crate::bindings::wasi::http::types::{
    ErrorCode, Fields, IncomingRequest, Method, OutgoingBody, OutgoingRequest, OutgoingResponse,
    ResponseOutparam, Scheme,
};

/// The export.
pub(crate) struct Hostile;

impl Guest for Hostile {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        let target = request.path_with_query().unwrap_or_default();
        let name = target.strip_prefix("/attempt/").unwrap_or_default();
        let elsewhere = header(&request, "x-elsewhere");
        let said = attempt(name, &elsewhere);
        answer(out, &said);
    }
}

/// One request; what is not changed is as it should be.
struct Ask {
    method: Method,
    scheme: Scheme,
    authority: String,
    path: &'static str,
    headers: Vec<(String, Vec<u8>)>,
}

impl Ask {
    fn honest() -> Self {
        Self {
            method: Method::Get,
            scheme: Scheme::Https,
            authority: upstream(),
            path: "/version",
            headers: Vec::from([("authorization".into(), bearer(None).into_bytes())]),
        }
    }

    /// Sends it and tells what came of it.
    fn send(self) -> String {
        let Ok(headers) = Fields::from_list(&self.headers) else {
            return "the headers were refused".into();
        };
        let request = OutgoingRequest::new(headers);
        let set = request
            .set_method(&self.method)
            .and_then(|()| request.set_scheme(Some(&self.scheme)))
            .and_then(|()| request.set_authority(Some(&self.authority)))
            .and_then(|()| request.set_path_with_query(Some(self.path)));
        if set.is_err() {
            return "the request line was refused".into();
        }
        let future = match outgoing_handler::handle(request, None) {
            Ok(future) => future,
            Err(code) => return told(&code),
        };
        future.subscribe().block();
        match future.get() {
            Some(Ok(Ok(response))) => format!("status {}", response.status()),
            Some(Ok(Err(code))) => told(&code),
            other => format!("{:?}", other.is_some()),
        }
    }
}

fn attempt(name: &str, elsewhere: &str) -> String {
    let honest = Ask::honest();
    match name {
        "honest" => honest.send(),
        "other_host" => Ask {
            authority: "upstream.example".into(),
            ..honest
        }
        .send(),
        "the_authority" => Ask {
            method: Method::Post,
            authority: elsewhere.into(),
            ..honest
        }
        .send(),
        "plain_http" => Ask {
            scheme: Scheme::Http,
            ..honest
        }
        .send(),
        "other_scheme" => Ask {
            scheme: Scheme::Other("ftp".into()),
            ..honest
        }
        .send(),
        "upper_case_host" => Ask {
            authority: honest.authority.to_uppercase(),
            ..honest
        }
        .send(),
        "userinfo" => Ask {
            authority: format!("user@{}", honest.authority),
            ..honest
        }
        .send(),
        "connect" => Ask {
            method: Method::Connect,
            ..honest
        }
        .send(),
        "trace" => Ask {
            method: Method::Trace,
            ..honest
        }
        .send(),
        "trace_by_another_spelling" => Ask {
            method: Method::Other("TRACE".into()),
            ..honest
        }
        .send(),
        "no_authorization" => Ask {
            headers: Vec::new(),
            ..honest
        }
        .send(),
        "other_authorization" => with(Vec::new(), "authorization", "Bearer other").send(),
        "two_authorizations" => with(honest.headers, "authorization", "Bearer other").send(),
        "basic_authorization" => with(Vec::new(), "authorization", "Basic dTpw").send(),
        "impersonate_user" => with(honest.headers, "impersonate-user", "admin").send(),
        "remote_group" => with(honest.headers, "x-remote-group", "system:masters").send(),
        "third_request" => {
            let first = honest.send();
            let second = Ask::honest().send();
            format!("{first}, {second}, {}", Ask::honest().send())
        }
        "token_for_another_scope" => bearer(Some("https://graph.microsoft.com/.default".into())),
        "spin" => loop {
            core::hint::spin_loop();
        },
        "grow_memory" => {
            let mut all: Vec<Vec<u8>> = Vec::new();
            for _ in 0..64 {
                all.push(Vec::from([1_u8; 1024 * 1024]));
            }
            format!("{} MiB", all.len())
        }
        "variables" => {
            let mut names: Vec<String> = get_environment().into_iter().map(|pair| pair.0).collect();
            names.sort();
            names.join(" ")
        }
        "panic" => panic!("on purpose"),
        other => format!("no attempt {other}"),
    }
}

fn with(mut headers: Vec<(String, Vec<u8>)>, name: &str, value: &str) -> Ask {
    headers.push((name.into(), value.into()));
    Ask {
        headers,
        ..Ask::honest()
    }
}

fn bearer(scope: Option<String>) -> String {
    let request = TokenRequest {
        scope,
        claims: None,
        deadline: None,
        retry_propagation: 0,
        skip_assertion_checks: false,
    };
    match get_token(&request) {
        Ok(token) => format!("Bearer {}", token.token),
        Err(_) => "Bearer none".into(),
    }
}

fn upstream() -> String {
    let variables = get_environment();
    let url = variables
        .iter()
        .find(|(name, _)| name == "KEYHOLE_UPSTREAM");
    let url = url.map(|(_, value)| value.as_str()).unwrap_or_default();
    let host = url.split("://").nth(1).unwrap_or_default();
    host.trim_end_matches('/').to_string()
}

fn told(code: &ErrorCode) -> String {
    match code {
        ErrorCode::HttpRequestDenied => "denied".into(),
        other => format!("{other:?}"),
    }
}

fn header(request: &IncomingRequest, name: &str) -> String {
    let all = request.headers().entries();
    let found = all.into_iter().find(|(one, _)| one == name);
    found
        .and_then(|(_, value)| String::from_utf8(value).ok())
        .unwrap_or_default()
}

fn answer(out: ResponseOutparam, said: &str) {
    let response = OutgoingResponse::new(Fields::new());
    let body = response.body();
    ResponseOutparam::set(out, Ok(response));
    let Ok(body) = body else {
        return;
    };
    if let Ok(stream) = body.write() {
        for chunk in said.as_bytes().chunks(4096) {
            if stream.blocking_write_and_flush(chunk).is_err() {
                return;
            }
        }
    }
    let _ = OutgoingBody::finish(body, None);
}
