//! What the authority said, and the token that it gave.

use keyhole_exchange::assertion::CLOCK_SKEW_SECONDS;
use keyhole_exchange::hint;
use keyhole_exchange::settings::Settings;
use keyhole_host::{Error, TokenError};
use keyhole_report::{Fact, Failure, Finding, FindingState, TokenSummary, Until, Utc};

use super::{Exchange, claims};

/// Seconds that nobody wonders about.
const EXACT: u64 = 5;

/// This machine's clock beside the authority's.
pub(super) fn clock(exchange: &Exchange) -> Finding {
    let (id, title) = ("clock", "clock");
    let Some(clocks) = exchange.observations.clocks() else {
        return Finding::not_reached(id, title);
    };
    let skew = clocks.here.abs_diff(clocks.authority);
    let side = if clocks.here < clocks.authority {
        "behind"
    } else {
        "ahead of"
    };
    let state = if skew <= EXACT {
        FindingState::Right
    } else if skew <= CLOCK_SKEW_SECONDS.unsigned_abs() {
        FindingState::Doubtful
    } else {
        FindingState::Wrong
    };
    let said = match skew {
        0 => "the same as the authority's".to_owned(),
        _ => format!("{skew} s {side} the authority's"),
    };
    let fix = match state {
        FindingState::Right => "",
        _ => {
            "Set this node's clock (chrony or systemd-timesyncd): beyond 300 s every token is \
             refused."
        }
    };
    Finding::new(id, title, state, said).fix(fix).facts(vec![
        Fact::new("here", Utc(clocks.here)),
        Fact::new("authority", Utc(clocks.authority)),
    ])
}

/// What the authority answered.
pub(super) fn answer(exchange: &Exchange) -> Finding {
    let (id, title) = ("answer", "Entra's answer");
    let Some(result) = &exchange.result else {
        return Finding::not_reached(id, title);
    };
    let (error, failure) = match result {
        Ok(_) => return Finding::new(id, title, FindingState::Right, "an access token"),
        Err(failed) => failed,
    };
    let answered = match error {
        Error::Token { error, .. } => match &**error {
            TokenError::Refused(_) | TokenError::BadResponse(_) => true,
            TokenError::Unavailable(error) => error.status.is_some(),
            _ => false,
        },
        // The sandbox's own no, whatever the authority said.
        Error::Refused(_) | Error::Limit(_) | Error::Trap { .. } => true,
        _ => false,
    };
    if !answered {
        return Finding::not_reached(id, title);
    }
    // What the federated token says stands with that token.
    let of_the_token = [
        "issuer",
        "subject",
        "audience",
        "issued",
        "not before",
        "expires",
    ];
    let details = failure.details.iter();
    let details = details.filter(|fact| !of_the_token.contains(&fact.label.as_str()));
    Finding::new(id, title, FindingState::Wrong, short(error, failure))
        .fix(&*failure.next_step)
        .facts(details.cloned().collect())
}

/// A refusal by its code: the rest stands in the details. Others as they are.
fn short(error: &Error, failure: &Failure) -> String {
    let Error::Token { error, .. } = error else {
        return failure.message.clone();
    };
    let TokenError::Refused(refused) = &**error else {
        return failure.message.clone();
    };
    let known = refused.codes.iter().find_map(|code| hint::of(*code));
    match (known, refused.codes.first()) {
        (Some(hint), _) => format!("AADSTS{}: {}", hint.code, hint.meaning),
        (None, Some(code)) => format!("{}, AADSTS{code}", refused.error),
        (None, None) => refused.error.clone(),
    }
}

/// The access token, and its claims if they are wanted.
pub(super) fn access_token(
    settings: Option<&Settings>,
    exchange: &Exchange,
    wanted: bool,
    now: i64,
) -> Finding {
    let (id, title) = ("access-token", "access token");
    let (Some(token), Some(settings)) = (exchange.token(), settings) else {
        return Finding::not_reached(id, title);
    };
    let until = Until {
        now,
        then: token.expires_on,
    };
    let (_, length) = TokenSummary::shorten(token.expose());
    let mut facts = vec![
        Fact::new("expires", format!("{} ({until})", Utc(token.expires_on))),
        Fact::new("scope", token.scope.as_str()),
    ];
    let said = format!("Bearer, {length} characters, ends {until}");
    let right = Finding::new(id, title, FindingState::Right, said);
    if !wanted {
        return right.facts(facts);
    }
    let Some(claims) = claims::read(token.expose()) else {
        facts.push(Fact::new("claims", "none: the token is opaque, not a JWT"));
        return right.facts(facts);
    };
    facts.push(Fact::new("claims", "as the token says, not verified"));
    facts.extend(claims::facts(&claims));
    let claim = |name: &str| claims.get(name).and_then(|value| value.as_str());
    let client = settings.client_id().as_str();
    let other_client = claim("appid")
        .or_else(|| claim("azp"))
        .filter(|appid| !appid.eq_ignore_ascii_case(client));
    let resource = token.scope.trim_end_matches("/.default");
    let other_audience = claim("aud").filter(|aud| {
        let bare = |text: &str| {
            text.trim_start_matches("spn:")
                .trim_end_matches('/')
                .to_owned()
        };
        !bare(aud).eq_ignore_ascii_case(&bare(resource))
    });
    match (other_client, other_audience) {
        (Some(appid), _) => Finding::new(
            id,
            title,
            FindingState::Doubtful,
            format!("it is for client {appid}, not {client}"),
        )
        .fix("See whose identity the client id names.")
        .facts(facts),
        (None, Some(aud)) => Finding::new(
            id,
            title,
            FindingState::Doubtful,
            format!("it is for {aud}; asked for was {resource}"),
        )
        .fix(
            "An API server takes tokens with its own server application as audience: compare it \
             with --server-id. (An id URI and its application id name the same.)",
        )
        .facts(facts),
        (None, None) => right.facts(facts),
    }
}
