//! `keyhole guard` in the slim build, which carries no guards.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Args;
use keyhole_report::{ExitClass, Failure};

use crate::exit;

/// Hold a component to one request and one file on any runtime (full build)
#[derive(Debug, Args)]
pub(crate) struct Guard {
    /// What the full build takes
    #[arg(hide = true, trailing_var_arg = true, allow_hyphen_values = true)]
    _arguments: Vec<OsString>,
}

impl Guard {
    /// Says which build has it.
    pub(crate) fn run(&self) -> ExitCode {
        let failure = Failure::new(
            ExitClass::Configuration,
            "this build carries no guards",
            "Use keyhole-full, which `cargo xtask dist` leaves beside keyhole.",
        );
        exit::fail(&failure, &[])
    }
}
