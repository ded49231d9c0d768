//! An assertion of another kind.

use crate::message::exchange;
use crate::outcome::Outcome;
use crate::pod::Pod;

pub(crate) fn run(pod: &Pod) -> Outcome {
    exchange(pod, |message| {
        let kind = "urn:ietf:params:oauth:client-assertion-type:saml2-bearer";
        message.set("client_assertion_type", kind);
    })
}
