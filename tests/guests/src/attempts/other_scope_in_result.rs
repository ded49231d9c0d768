//! The authority's token, said to be for something else.

use crate::message::exchange;
use crate::outcome::Outcome;
use crate::pod::Pod;

pub(crate) fn run(pod: &Pod) -> Outcome {
    let mut result = exchange(pod, |_| {})?;
    result.scope = "https://vault.azure.net/.default".into();
    Ok(result)
}
