//! The federated token with one character more.

use crate::message::exchange;
use crate::outcome::Outcome;
use crate::pod::Pod;

pub(crate) fn run(pod: &Pod) -> Outcome {
    exchange(pod, |message| {
        let token = message.form[3].1.clone() + "A";
        message.set("client_assertion", token);
    })
}
