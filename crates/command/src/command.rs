//! `wasi:cli/run`: arguments in, an exit code out.

use keyhole_commands::arguments::{Command as Asked, Invocation};
use keyhole_report::{ExitClass, Style};

use crate::bindings::exports::wasi::cli::run::Guest;
use crate::bindings::wasi::cli::exit;
use crate::output::Streams;
use crate::process::Process;
use crate::{get_token, help, verify};

/// The export.
pub(crate) struct Command;

impl Guest for Command {
    fn run() -> Result<(), ()> {
        let process = Process::here();
        let streams = Streams::take();
        let class = match Invocation::parse(&process.arguments) {
            Ok(invocation) => run(&invocation, &process, &streams),
            Err(failure) => {
                streams.say(&failure.to_short_text(Style::PLAIN));
                failure.class
            }
        };
        streams.keep();
        match class {
            ExitClass::Done => Ok(()),
            class => {
                exit::exit_with_code(class.code());
                // For runtimes whose exit comes back.
                Err(())
            }
        }
    }
}

fn run(invocation: &Invocation, process: &Process, streams: &Streams) -> ExitClass {
    match invocation.command {
        Asked::Greet => streams.print(&help::greeting(process)),
        Asked::Help => streams.print(help::HELP),
        Asked::Version => streams.print(help::VERSION),
        Asked::Verify => verify::run(invocation, process, streams),
        Asked::GetToken => get_token::run(invocation, process, streams),
    }
}
