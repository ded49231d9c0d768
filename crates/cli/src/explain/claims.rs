//! What an access token says of itself: read for display, not verified.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use keyhole_report::{Fact, Utc, Value};

/// More entries of a list than this are not shown.
const MOST: usize = 16;

/// The claims that are shown, in order. `upn` and names of persons are not
/// among them.
const SHOWN: [&str; 12] = [
    "aud",
    "iss",
    "appid",
    "azp",
    "oid",
    "sub",
    "tid",
    "roles",
    "groups",
    "idtyp",
    "ver",
    "xms_mirid",
];

/// The times that are shown.
const TIMES: [&str; 3] = ["iat", "nbf", "exp"];

/// The claims of a JWT; none if it is opaque.
pub(super) fn read(token: &str) -> Option<serde_json::Map<String, serde_json::Value>> {
    let mut parts = token.split('.');
    let (Some(_), Some(payload), Some(_), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return None;
    };
    let payload = URL_SAFE_NO_PAD.decode(payload).ok()?;
    serde_json::from_slice(&payload).ok()
}

/// Claims as facts.
pub(super) fn facts(claims: &serde_json::Map<String, serde_json::Value>) -> Vec<Fact> {
    let texts = SHOWN
        .iter()
        .filter_map(|name| Some(Fact::new(*name, text(claims.get(*name)?)?)));
    let times = TIMES
        .iter()
        .filter_map(|name| Some(Fact::new(*name, Utc(claims.get(*name)?.as_i64()?))));
    texts.chain(times).collect()
}

fn text(value: &serde_json::Value) -> Option<Value> {
    match value {
        serde_json::Value::String(text) => Some(text.as_str().into()),
        serde_json::Value::Array(list) => {
            let texts = list.iter().filter_map(|item| item.as_str());
            let mut texts: Vec<String> = texts.take(MOST).map(str::to_owned).collect();
            if list.len() > MOST {
                texts.push(format!("and {} more", list.len() - MOST));
            }
            Some(texts.into())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_of_a_jwt_are_read_and_an_opaque_token_has_none() {
        let payload = URL_SAFE_NO_PAD.encode(r#"{"aud":"a","roles":["r"],"exp":1,"upn":"person"}"#);
        let claims = read(&format!("h.{payload}.s")).expect("claims");
        let labels: Vec<String> = facts(&claims).into_iter().map(|fact| fact.label).collect();
        assert_eq!(labels, ["aud", "roles", "exp"]);
        for opaque in ["", "opaque", "a.b", "a.!.c", "a.b.c.d", "a.YQ.c"] {
            assert_eq!(read(opaque), None, "{opaque}");
        }
    }
}
