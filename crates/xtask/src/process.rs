//! Running other programs: cargo with a clean environment, and errors that
//! name the command line.

use std::ffi::OsStr;
use std::process::{Command, ExitStatus};

use anyhow::{Context, Result, bail};

use crate::workspace::Workspace;

/// Variables that `cargo run` and `rustup` set for this process and that a
/// cargo started from here would take for the user's. ring's build script, for
/// one, watches `CARGO_PKG_*`: left in place, everything above ring would be
/// built anew whenever cargo is called with and without xtask in turn.
const OURS_ALONE: &[&str] = &[
    "CARGO_BIN_",
    "CARGO_CRATE_",
    "CARGO_MANIFEST_",
    "CARGO_PKG_",
    "CARGO_PRIMARY_",
];

/// cargo, as xtask itself was started with, in the workspace's folder.
pub(crate) fn cargo(workspace: &Workspace) -> Command {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = match &workspace.started_by[..] {
        [] => Command::new(cargo),
        [program, arguments @ ..] => {
            let mut command = Command::new(program);
            command.args(arguments).arg(cargo);
            command
        }
    };
    command
        .current_dir(&workspace.root)
        .env("CARGO_HOME", &workspace.cargo_home);
    if let Some(jobs) = workspace.jobs {
        command.env("CARGO_BUILD_JOBS", jobs.to_string());
    }
    for (name, _) in std::env::vars_os() {
        if is_ours_alone(&name) {
            command.env_remove(name);
        }
    }
    command
}

fn is_ours_alone(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    OURS_ALONE.iter().any(|prefix| name.starts_with(prefix))
}

/// Runs a command whose output people see as it comes.
///
/// # Errors
///
/// The command cannot be started or does not end with success; the error names
/// its command line.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = status(command)?;
    succeeded(command, status)
}

/// The same for a command that may well fail.
///
/// # Errors
///
/// The command cannot be started.
pub(crate) fn status(command: &mut Command) -> Result<ExitStatus> {
    command
        .status()
        .with_context(|| format!("cannot start `{}`", line(command)))
}

/// Runs a command and returns what it wrote to stdout.
///
/// # Errors
///
/// As [`run`], with what it wrote to stderr, or stdout is not UTF-8.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let output = command
        .output()
        .with_context(|| format!("cannot start `{}`", line(command)))?;
    succeeded(command, output.status)
        .with_context(|| String::from_utf8_lossy(&output.stderr).trim().to_owned())?;
    String::from_utf8(output.stdout)
        .with_context(|| format!("`{}` wrote something that is not UTF-8", line(command)))
}

fn succeeded(command: &Command, status: ExitStatus) -> Result<()> {
    if !status.success() {
        bail!("`{}` ended with {status}", line(command));
    }
    Ok(())
}

/// The command line for messages: programs by their last name.
pub(crate) fn line(command: &Command) -> String {
    let program = std::path::Path::new(command.get_program());
    let program = program.file_name().unwrap_or(command.get_program());
    std::iter::once(program)
        .chain(command.get_args())
        .map(OsStr::to_string_lossy)
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_names_the_command_line_and_the_status() {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", "exit 3"]);
        let error = format!("{:#}", run(&mut command).unwrap_err());
        assert!(error.contains("`sh -c exit 3`"), "{error}");
        assert!(error.contains("exit status: 3"), "{error}");
    }

    #[test]
    fn what_a_failed_command_wrote_to_stderr_is_in_the_error() {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", "echo the reason >&2; exit 1"]);
        let error = format!("{:#}", output(&mut command).unwrap_err());
        assert!(error.contains("the reason"), "{error}");
    }

    #[test]
    fn variables_of_xtask_itself_are_not_passed_on() {
        assert!(is_ours_alone(OsStr::new("CARGO_PKG_NAME")));
        assert!(is_ours_alone(OsStr::new("CARGO_MANIFEST_DIR")));
        assert!(!is_ours_alone(OsStr::new("CARGO_HOME")));
        assert!(!is_ours_alone(OsStr::new("CARGO_TARGET_DIR")));
    }
}
