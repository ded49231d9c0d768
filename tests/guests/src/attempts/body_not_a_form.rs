//! A body that is not a form.

use alloc::vec;

use crate::message::exchange;
use crate::outcome::Outcome;
use crate::pod::Pod;

pub(crate) fn run(pod: &Pod) -> Outcome {
    exchange(pod, |message| message.form = vec![("%", "%zz".into())])
}
