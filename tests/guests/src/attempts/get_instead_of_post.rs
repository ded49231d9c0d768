//! GET.

use crate::bindings::wasi::http::types::Method;
use crate::message::exchange;
use crate::outcome::Outcome;
use crate::pod::Pod;

pub(crate) fn run(pod: &Pod) -> Outcome {
    exchange(pod, |message| message.method = Method::Get)
}
