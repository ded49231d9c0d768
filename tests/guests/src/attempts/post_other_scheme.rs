//! The same over some other protocol.

use crate::bindings::wasi::http::types::Scheme;
use crate::message::exchange;
use crate::outcome::Outcome;
use crate::pod::Pod;

pub(crate) fn run(pod: &Pod) -> Outcome {
    exchange(pod, |message| {
        message.scheme = Some(Scheme::Other("ftp".into()))
    })
}
