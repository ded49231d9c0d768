//! `keyhole completions`: scripts that complete command lines.

use std::process::ExitCode;

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;
use keyhole_report::ExitClass;

use crate::command_line::CommandLine;
use crate::{exit, help};

/// Print a script that completes keyhole's command lines
#[derive(Debug, Args)]
#[command(after_long_help = help::COMPLETIONS)]
pub(crate) struct Completions {
    /// For which shell
    shell: Shell,
}

impl Completions {
    /// Prints the script.
    pub(crate) fn run(&self) -> ExitCode {
        let mut script = Vec::new();
        let mut command = CommandLine::command();
        clap_complete::generate(self.shell, &mut command, "keyhole", &mut script);
        match exit::print(&String::from_utf8_lossy(&script)) {
            Ok(()) => exit::code(ExitClass::Done),
            Err(failure) => exit::fail(&failure, &[]),
        }
    }
}
