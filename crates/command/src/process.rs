//! What the runtime gives a process: arguments, variables and the time.

use alloc::string::String;
use alloc::vec::Vec;

use keyhole_commands::arguments::Invocation;
use keyhole_commands::settings;
use keyhole_exchange::settings::{Settings, variable};
use keyhole_report::Failure;

use crate::bindings::keyhole::identity::token_provider::TokenRequest;
use crate::bindings::wasi::cli::environment;
use crate::bindings::wasi::clocks::wall_clock;

/// Arguments and variables.
pub(crate) struct Process {
    pub(crate) arguments: Vec<String>,
    variables: Vec<(String, String)>,
}

impl Process {
    /// This one.
    pub(crate) fn here() -> Self {
        Self {
            arguments: environment::get_arguments(),
            variables: environment::get_environment(),
        }
    }

    /// A variable; one that is empty counts as not set.
    pub(crate) fn variable(&self, name: &str) -> Option<&str> {
        let found = self.variables.iter().find(|(known, _)| known == name);
        found
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
    }

    /// Whether there is any of the variables that settings are made of.
    pub(crate) fn has_variables(&self) -> bool {
        variable::ALL
            .iter()
            .any(|name| self.variable(name).is_some())
    }

    /// The settings, as the component `flags` gives them to the exchange.
    ///
    /// # Errors
    /// They are incomplete or cannot be used.
    pub(crate) fn settings(&self, invocation: &Invocation) -> Result<Settings, Failure> {
        let settings = Settings::resolve(&invocation.flags, &|name| {
            self.variable(name).map(String::from)
        });
        settings.map_err(|error| {
            let mut failure = settings::unusable(&error);
            if !self.has_variables() {
                failure.next_step.push_str(NO_VARIABLES);
            }
            failure
        })
    }
}

/// Refuses what the program's sandbox would not be built for.
///
/// # Errors
/// The limits contradict each other, or the federated token would cross the
/// loopback in plain text.
pub(crate) fn check(invocation: &Invocation, settings: &Settings) -> Result<(), Failure> {
    invocation.limits.check()?;
    settings::refuse_plain_text(settings, invocation.insecure_http)
}

/// Said where a runtime has given none of the variables.
const NO_VARIABLES: &str = " The runtime gave this component none of its variables: most give \
                            only those that are named, wasmtime by --env NAME.";

/// Now, in Unix seconds.
pub(crate) fn now() -> i64 {
    i64::try_from(wall_clock::now().seconds).unwrap_or(i64::MAX)
}

/// What is asked for in one exchange. The scope is a setting.
pub(crate) fn request(invocation: &Invocation) -> TokenRequest {
    let nanoseconds =
        |time: core::time::Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
    TokenRequest {
        scope: None,
        claims: None,
        deadline: Some(nanoseconds(invocation.limits.timeout())),
        retry_propagation: invocation.limits.retry_propagation.map_or(0, nanoseconds),
        skip_assertion_checks: invocation.no_assertion_checks,
    }
}
