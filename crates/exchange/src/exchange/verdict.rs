//! What an answer means for the exchange.

use crate::error::UnavailableCause;
use crate::http_date;
use crate::reply::{self, HttpReply, OAuthError, ReplyFault, TokenReply};
use crate::retry;

use super::{TransportFault, TransportFaultKind};

/// What one try came to.
pub(super) enum Verdict {
    /// The token is there.
    Token(TokenReply),
    /// The authority said no.
    Refused { status: u16, answer: OAuthError },
    /// Another try may help.
    Unavailable(Failure),
    /// The answer cannot be used.
    BadResponse { status: u16, fault: ReplyFault },
    /// The host said no.
    Denied(TransportFault),
}

/// A try that failed for reasons that can pass.
pub(super) struct Failure {
    pub(super) cause: UnavailableCause,
    pub(super) transport: Option<TransportFault>,
    pub(super) status: Option<u16>,
    pub(super) answer: Option<OAuthError>,
    /// Seconds.
    pub(super) retry_after: Option<u64>,
    pub(super) transient: bool,
}

/// Judges an answer at `now` (Unix seconds); `secrets` are redacted.
pub(super) fn of_reply(reply: &HttpReply, now: i64, secrets: &[&str]) -> Verdict {
    let status = reply.status;
    let bad = |fault| Verdict::BadResponse { status, fault };
    match status {
        200 => reply::token(reply, now).map_or_else(bad, Verdict::Token),
        300..=399 => bad(ReplyFault::Redirect),
        400..=599 => {
            let answer = OAuthError::read(reply, secrets);
            let retry_after = reply
                .retry_after
                .as_deref()
                .and_then(|value| retry::retry_after(value, date(reply), now));
            let temporary =
                matches!(&answer, Ok(answer) if answer.error == "temporarily_unavailable");
            if temporary || retry::is_transient(status) {
                return Verdict::Unavailable(Failure {
                    cause: match status {
                        429 => UnavailableCause::Throttled,
                        _ => UnavailableCause::ServerError,
                    },
                    transport: None,
                    status: Some(status),
                    answer: answer.ok(),
                    retry_after,
                    transient: true,
                });
            }
            answer.map_or_else(bad, |answer| Verdict::Refused { status, answer })
        }
        _ => bad(ReplyFault::Status),
    }
}

/// Judges a request without an answer.
pub(super) fn of_fault(fault: TransportFault) -> Verdict {
    match fault.kind {
        TransportFaultKind::Denied => Verdict::Denied(fault),
        TransportFaultKind::Protocol => Verdict::BadResponse {
            status: 0,
            fault: ReplyFault::Http(fault),
        },
        kind => Verdict::Unavailable(Failure {
            cause: match kind {
                TransportFaultKind::Timeout => UnavailableCause::Timeout,
                _ => UnavailableCause::Transport,
            },
            transport: Some(fault),
            status: None,
            answer: None,
            retry_after: None,
            transient: kind.is_transient(),
        }),
    }
}

/// The authority's clock, Unix seconds.
pub(super) fn date(reply: &HttpReply) -> Option<i64> {
    reply.date.as_deref().and_then(http_date::parse)
}
