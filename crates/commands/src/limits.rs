//! How long a call may take.

use alloc::format;
use core::time::Duration;

use keyhole_report::{ExitClass, Failure};

/// How long a call may take where nothing is said (DESIGN 5), beside
/// `--retry-propagation`.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(60);

/// The limit of a whole call, and how long to go on while a federated credential
/// spreads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Limits {
    /// `--timeout`.
    pub timeout: Option<Duration>,
    /// `--retry-propagation`.
    pub retry_propagation: Option<Duration>,
}

impl Limits {
    /// The limit of the whole call.
    #[must_use]
    pub fn timeout(self) -> Duration {
        self.timeout.unwrap_or_else(|| {
            DEFAULT_TIMEOUT.saturating_add(self.retry_propagation.unwrap_or_default())
        })
    }

    /// Refuses limits that contradict each other.
    ///
    /// # Errors
    /// `--timeout` ends the call before `--retry-propagation` does.
    pub fn check(self) -> Result<(), Failure> {
        match (self.timeout, self.retry_propagation) {
            (Some(timeout), Some(propagation)) if timeout <= propagation => Err(Failure::new(
                ExitClass::Configuration,
                format!(
                    "--timeout ({} s) would end the call before --retry-propagation ({} s) does",
                    timeout.as_secs_f64(),
                    propagation.as_secs_f64()
                ),
                "Leave --timeout out (then it is 60 s more than --retry-propagation), or give it \
                 a longer time.",
            )),
            _ => Ok(()),
        }
    }
}
