//! One small world: a cluster's token, settings, answers, and a shell that
//! plays a script.

use std::collections::VecDeque;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use keyhole_exchange::exchange::{AccessToken, FileFault, TransportFault, TransportFaultKind};
use keyhole_exchange::reply::HttpReply;
use keyhole_exchange::request::HttpRequest;
use keyhole_exchange::settings::variable;
use keyhole_exchange::{Exchange, Input, Now, Options, Settings, Step, TokenError};
use zeroize::Zeroizing;

pub(crate) const CLIENT: &str = "11111111-2222-3333-4444-555555555555";
pub(crate) const TENANT: &str = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee";
pub(crate) const ISSUER: &str = "https://eastus.oic.prod-aks.azure.com/tenant/cluster/";
pub(crate) const SUBJECT: &str = "system:serviceaccount:shop:checkout";
pub(crate) const AUDIENCE: &str = "api://AzureADTokenExchange";
/// 2026-11-24T22:50:00Z.
pub(crate) const NOW: i64 = 1_795_560_600;
pub(crate) const SECOND: u64 = 1_000_000_000;

pub(crate) fn base64url(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(text)
}

/// The signature of every token here: 256 bytes, as RS256 has.
pub(crate) fn signature() -> String {
    let mut state = 7_u32;
    let bytes: Vec<u8> = (0..256)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        })
        .collect();
    URL_SAFE_NO_PAD.encode(bytes)
}

pub(crate) fn jwt(payload: &str) -> String {
    let header = base64url(r#"{"alg":"RS256","kid":"k"}"#);
    format!("{header}.{}.{}", base64url(payload), signature())
}

/// A token of an hour that was issued at `issued`.
pub(crate) fn token_of(issued: i64) -> String {
    jwt(&format!(
        r#"{{"iss":"{ISSUER}","sub":"{SUBJECT}","aud":["{AUDIENCE}"],"iat":{issued},"nbf":{issued},"exp":{}}}"#,
        issued + 3600
    ))
}

/// A token that is good now.
pub(crate) fn token() -> String {
    token_of(NOW - 600)
}

/// Settings from variables: those of a pod, with changes; an empty value
/// takes one away.
pub(crate) fn pod(changes: &[(&str, &str)]) -> impl Fn(&str) -> Option<String> {
    let mut variables = vec![
        (variable::CLIENT_ID.to_owned(), CLIENT.to_owned()),
        (variable::TENANT_ID.to_owned(), TENANT.to_owned()),
        (
            variable::FEDERATED_TOKEN_FILE.to_owned(),
            "/keyhole/federated-token".to_owned(),
        ),
    ];
    for (name, value) in changes {
        variables.retain(|(known, _)| known != name);
        variables.push(((*name).to_owned(), (*value).to_owned()));
    }
    move |name| {
        variables
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.clone())
    }
}

pub(crate) fn settings() -> Settings {
    Settings::from_env(&pod(&[])).expect("a pod is enough")
}

pub(crate) fn reply(status: u16, body: &str) -> HttpReply {
    HttpReply {
        status,
        content_type: Some("application/json; charset=utf-8".to_owned()),
        body: Zeroizing::new(body.as_bytes().to_vec()),
        ..HttpReply::default()
    }
}

pub(crate) fn granted() -> HttpReply {
    reply(
        200,
        r#"{"token_type":"Bearer","expires_in":86399,"ext_expires_in":86399,"access_token":"eyJ0.access.token"}"#,
    )
}

/// A refusal as Entra ID words it.
pub(crate) fn refusal(status: u16, error: &str, code: u32, text: &str) -> HttpReply {
    reply(
        status,
        &format!(
            r#"{{"error":"{error}","error_description":"AADSTS{code}: {text} Trace ID: t Correlation ID: c Timestamp: 2026-11-24 22:50:00Z","error_codes":[{code}],"timestamp":"2026-11-24 22:50:00Z","trace_id":"7f1c2a34-0000-0000-0000-000000000000","correlation_id":"c0ffee00-0000-0000-0000-000000000000","error_uri":"https://login.microsoftonline.com/error?code={code}"}}"#
        ),
    )
}

pub(crate) fn transport(kind: TransportFaultKind, detail: &str) -> TransportFault {
    TransportFault::new(kind, detail)
}

/// What the shell meets, in order.
pub(crate) enum Event {
    File(String),
    NoFile(FileFault),
    Reply(HttpReply),
    Fault(TransportFault),
}

/// What the shell did.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Deed {
    Read,
    Sent,
    /// Nanoseconds.
    Waited(u64),
}

pub(crate) struct Run {
    pub(crate) result: Result<AccessToken, TokenError>,
    pub(crate) deeds: Vec<Deed>,
    pub(crate) requests: Vec<HttpRequest>,
}

impl Run {
    pub(crate) fn error(&self) -> &TokenError {
        self.result.as_ref().expect_err("the exchange should fail")
    }

    pub(crate) fn waits(&self) -> Vec<u64> {
        self.deeds
            .iter()
            .filter_map(|deed| match deed {
                Deed::Waited(nanos) => Some(*nanos),
                _ => None,
            })
            .collect()
    }
}

/// Plays a script; each request takes `latency` nanoseconds.
pub(crate) fn play(settings: Settings, options: Options, script: Vec<Event>, latency: u64) -> Run {
    let mut events = VecDeque::from(script);
    let start = Now {
        unix_seconds: NOW,
        monotonic_nanos: 5 * SECOND,
    };
    let at = |mono: u64| Now {
        unix_seconds: NOW
            + i64::try_from((mono - start.monotonic_nanos) / SECOND).expect("a short run"),
        monotonic_nanos: mono,
    };
    let mut mono = start.monotonic_nanos;
    let mut deeds = Vec::new();
    let mut requests = Vec::new();
    let (mut exchange, mut step) = Exchange::start(settings, options, start);
    loop {
        let input = match step {
            Step::ReadFile => {
                deeds.push(Deed::Read);
                Input::File(match events.pop_front() {
                    Some(Event::File(text)) => Ok(Zeroizing::new(text.into_bytes())),
                    Some(Event::NoFile(fault)) => Err(fault),
                    _ => panic!("the script has no file here: {deeds:?}"),
                })
            }
            Step::Send(request) => {
                deeds.push(Deed::Sent);
                requests.push(request);
                mono += latency;
                Input::Reply(match events.pop_front() {
                    Some(Event::Reply(reply)) => Ok(reply),
                    Some(Event::Fault(fault)) => Err(fault),
                    _ => panic!("the script has no reply here: {deeds:?}"),
                })
            }
            Step::WaitUntil(until) => {
                deeds.push(Deed::Waited(until - mono));
                mono = until;
                Input::Time
            }
            Step::Done(result) => {
                assert!(events.is_empty(), "the script goes on: {deeds:?}");
                return Run {
                    result,
                    deeds,
                    requests,
                };
            }
        };
        step = exchange.step(at(mono), input).expect("the shell obeys");
    }
}

/// Plays a script with the usual settings, a good token first.
pub(crate) fn exchange(options: Options, replies: Vec<Event>) -> Run {
    let mut script = vec![Event::File(token())];
    script.extend(replies);
    play(settings(), options, script, 0)
}
