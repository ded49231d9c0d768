//! Running a program that may hang, for a bounded time.

use std::io::Read;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// How often the program is asked whether it has ended.
const POLL: Duration = Duration::from_millis(50);

/// Runs `command` without input for at most `limit` and kills it then.
///
/// # Errors
///
/// A text for people: it cannot be started, failed (with the first lines of
/// what it wrote to stderr), or did not end in time.
pub(crate) fn run_for(command: &mut Command, limit: Duration) -> Result<(), String> {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("it cannot be started: {error}"))?;
    let mut stderr = child.stderr.take().ok_or("it has no stderr")?;
    let reader = thread::spawn(move || {
        let mut text = Vec::new();
        // What was read until an error is as good a reason as any.
        let _ = stderr.read_to_end(&mut text);
        String::from_utf8_lossy(&text).into_owned()
    });
    let end = Instant::now() + limit;
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) if Instant::now() >= end => {
                // Both fail only if it has just ended by itself.
                let _ = child.kill();
                let _ = child.wait();
                return Err(format!(
                    "it had not ended after {} s and was stopped",
                    limit.as_secs_f32()
                ));
            }
            Ok(None) => thread::sleep(POLL),
            Err(error) => return Err(format!("it cannot be waited for: {error}")),
        }
    };
    if status.success() {
        return Ok(());
    }
    let said = reader.join().unwrap_or_default();
    Err(format!("{status}: {}", reason(&said)))
}

/// How much of an error text people read, from its start and from its end.
const HEAD: usize = 100;
const TAIL: usize = 60;

/// What failed and its innermost cause: not the progress before them, not the
/// backtrace after them, and little of what is between.
fn reason(stderr: &str) -> String {
    let text: Vec<&str> = stderr
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with("info:"))
        .take_while(|line| !line.starts_with("Stack backtrace"))
        .collect();
    let letters: Vec<char> = text.join(" ").chars().collect();
    if letters.len() <= HEAD + TAIL {
        return letters.into_iter().collect();
    }
    let head = letters.iter().take(HEAD);
    let tail = letters.iter().skip(letters.len() - TAIL);
    head.chain(&[' ', '…', ' ']).chain(tail).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn a_program_that_never_ends_is_stopped() {
        let mut command = shell("exec sleep 1000");
        let started = Instant::now();
        let error = run_for(&mut command, Duration::from_millis(200)).unwrap_err();
        assert!(error.contains("was stopped"), "{error}");
        assert!(started.elapsed() < Duration::from_secs(100));
    }

    #[test]
    fn a_failure_carries_what_the_program_said_without_its_backtrace() {
        let script = "echo 'info: downloading' >&2; echo 'error: no library' >&2; \
                      echo 'Caused by:' >&2; echo '  0: no network' >&2; \
                      echo 'Stack backtrace:' >&2; echo '0: main' >&2; exit 1";
        let error = run_for(&mut shell(script), Duration::from_secs(60)).unwrap_err();
        assert!(
            error.ends_with(": error: no library Caused by: 0: no network"),
            "{error}"
        );
    }

    #[test]
    fn of_a_long_error_the_start_and_the_end_are_kept() {
        let long = format!("error: no library {} no network", "path ".repeat(100));
        let reason = reason(&long);
        assert!(reason.starts_with("error: no library path"), "{reason}");
        assert!(reason.ends_with("path  no network"), "{reason}");
        assert_eq!(reason.chars().count(), HEAD + TAIL + 3);
    }

    #[test]
    fn success_is_success() {
        assert_eq!(
            run_for(&mut shell("exit 0"), Duration::from_secs(60)),
            Ok(())
        );
    }
}
