//! Headers between two hops, and headers that some servers take for another
//! method or URL, one request each.

use crate::message::{exchange, header};
use crate::outcome::{Outcome, gave_up};
use crate::pod::Pod;

const HEADERS: [(&str, &str); 10] = [
    ("te", "trailers, chunked"),
    ("trailer", "authorization"),
    ("upgrade", "h2c"),
    ("expect", "100-continue"),
    ("keep-alive", "timeout=9999"),
    ("proxy-connection", "keep-alive"),
    ("proxy-authorization", "Basic eDp5"),
    ("cookie", "session=1"),
    ("x-http-method-override", "GET"),
    ("x-original-url", "/common/oauth2/v2.0/devicecode"),
];

pub(crate) fn run(pod: &Pod) -> Outcome {
    for (name, value) in HEADERS {
        if let Ok(token) = exchange(pod, |message| message.headers.push(header(name, value))) {
            return Ok(token);
        }
    }
    Err(gave_up("all refused"))
}
