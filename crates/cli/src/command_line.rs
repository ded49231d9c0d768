//! The command line as a whole.

use std::io::{self, IsTerminal as _, Write as _};
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand};
use keyhole_exchange::settings::variable;
use keyhole_report::{ExitClass, Terminal};

use crate::cache::CleanCache;
use crate::completions::Completions;
use crate::convert_kubeconfig::ConvertKubeconfig;
use crate::envoy::Envoy;
use crate::flags::LogFlags;
use crate::get_token::GetToken;
use crate::guard::Guard;
use crate::inspect::Inspect;
use crate::proxy::Proxy;
use crate::verify::Verify;
use crate::{artifact, exit, help, log};

/// Exchange a pod's federated token for an AKS access token in a sandbox
#[derive(Debug, Parser)]
#[command(
    name = "keyhole",
    version,
    long_version = artifact::long_version(),
    long_about = help::OVERVIEW,
    after_help = help::MORE,
    max_term_width = 100,
    subcommand_required = true,
    // As Go's flags do, and so kubelogin's: of one that is given twice the last
    // counts.
    args_override_self = true,
    arg_required_else_help = true
)]
pub(crate) struct CommandLine {
    #[command(subcommand)]
    command: Command,

    #[command(flatten)]
    log: LogFlags,
}

#[derive(Debug, Subcommand)]
enum Command {
    Verify(Verify),
    GetToken(GetToken),
    Inspect(Inspect),
    Proxy(Box<Proxy>),
    ConvertKubeconfig(Box<ConvertKubeconfig>),
    #[command(aliases = ["remove-cache-dir", "remove-tokens"])]
    CleanCache(CleanCache),
    Envoy(Box<Envoy>),
    Guard(Box<Guard>),
    Completions(Completions),
    #[cfg(feature = "compiler")]
    #[command(hide = true)]
    Precompile(crate::precompile::Precompile),
}

/// Parses the arguments, runs the command, and answers the exit code.
pub(crate) fn run() -> ExitCode {
    if std::env::args_os().len() <= 1 && io::stdout().is_terminal() {
        return greet();
    }
    let line = match CommandLine::try_parse() {
        Ok(line) => line,
        Err(error) => {
            // A closed pipe here is `keyhole --help | head`.
            let _ = if error.use_stderr() {
                complain(&error)
            } else {
                error.print()
            };
            return exit::code(match error.use_stderr() {
                true => ExitClass::Configuration,
                false => ExitClass::Done,
            });
        }
    };
    log::install(&line.log);
    match line.command {
        Command::Verify(command) => command.run(),
        Command::GetToken(command) => command.run(line.log),
        Command::Inspect(command) => command.run(),
        Command::Proxy(command) => command.run(),
        Command::ConvertKubeconfig(command) => command.run(),
        Command::CleanCache(command) => command.run(),
        Command::Envoy(command) => command.run(),
        Command::Guard(command) => command.run(),
        Command::Completions(command) => command.run(),
        #[cfg(feature = "compiler")]
        Command::Precompile(command) => command.run(),
    }
}

/// What to do next, for a person who typed `keyhole` alone.
fn greet() -> ExitCode {
    let in_a_pod =
        std::env::var_os(variable::FEDERATED_TOKEN_FILE).is_some_and(|path| !path.is_empty());
    match exit::print(&greeting(in_a_pod)) {
        Ok(()) => exit::code(ExitClass::Done),
        Err(failure) => exit::fail(&failure, &[]),
    }
}

fn greeting(in_a_pod: bool) -> String {
    let about = CommandLine::command().get_about().map(ToString::to_string);
    let next = if in_a_pod {
        "This pod has a federated token. Check that it can be exchanged:
  keyhole verify

See what the sandbox would grant for it:
  keyhole inspect"
    } else {
        "AZURE_FEDERATED_TOKEN_FILE is not set, so this is not a pod with workload identity.
In such a pod, run
  keyhole verify

Elsewhere, name the token and the identity:
  keyhole verify --federated-token-file FILE --client-id ID --tenant-id ID"
    };
    format!(
        "{}.\n\n{next}\n\nAll commands:\n  keyhole --help\n",
        about.unwrap_or_default()
    )
}

/// Prints a usage error. It quotes an argument, so it is escaped line by line.
fn complain(error: &clap::Error) -> io::Result<()> {
    let mut stderr = io::stderr().lock();
    for line in error.render().to_string().lines() {
        writeln!(stderr, "{}", Terminal(line))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        CommandLine::command().debug_assert();
    }

    #[test]
    fn a_person_in_a_pod_is_sent_to_verify() {
        assert!(greeting(true).contains("This pod has a federated token"));
        assert!(greeting(true).contains("\n  keyhole verify\n"));
    }

    #[test]
    fn a_person_elsewhere_learns_which_flags_to_give() {
        assert!(greeting(false).contains("--federated-token-file FILE"));
    }
}
