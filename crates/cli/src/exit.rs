//! The ends of a run: what is written last and the process's exit code.

use std::io::{self, Write as _};
use std::process::ExitCode;

use keyhole_report::{ExitClass, Failure};

use crate::kubelogin;
use crate::progress;
use crate::terminal;

/// The exit code of a class; by the name `kubelogin` every failure is 1, as
/// there.
pub(crate) fn code(class: ExitClass) -> ExitCode {
    match class {
        ExitClass::Done => ExitCode::SUCCESS,
        _ if kubelogin::is_our_name() => ExitCode::FAILURE,
        class => ExitCode::from(class.code()),
    }
}

/// The exit code of a shell's command that was interrupted (128 + SIGINT).
pub(crate) const INTERRUPTED: i32 = 130;

/// Writes a result to standard output. A reader that went away is no failure:
/// it has what it wanted.
///
/// # Errors
/// Standard output cannot be written, a full disk for example.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    match stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush())
    {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::new(
            ExitClass::Configuration,
            format!("standard output cannot be written: {error}"),
            "",
        )),
        _ => Ok(()),
    }
}

/// Says on standard error why there is no result, and answers the exit code.
pub(crate) fn fail(failure: &Failure, notes: &[String]) -> ExitCode {
    let style = terminal::style(&io::stderr());
    let mut text = failure.to_short_text(style);
    for note in notes {
        text += &keyhole_report::note_to_text(note, style);
    }
    progress::above(|| {
        // Nothing is left to tell it to if this fails.
        let _ = io::stderr().lock().write_all(text.as_bytes());
    });
    code(failure.class)
}

/// Makes a panic a short text and exit code 70. The message of a panic is not
/// printed: it may quote what it was working on.
pub(crate) fn report_panics() {
    std::panic::set_hook(Box::new(|info| {
        #[cfg(feature = "compiler")]
        if crate::untrusted::is_here() {
            return;
        }
        let place = info.location().map_or_else(String::new, |location| {
            let file = location.file().rsplit('/').next().unwrap_or_default();
            format!(" ({file}:{})", location.line())
        });
        let failure = Failure::new(
            ExitClass::Bug,
            format!("keyhole has a bug and stopped{place}"),
            "Report it with the command, the version and the place above.",
        );
        let _ = io::stderr().lock().write_all(
            failure
                .to_short_text(keyhole_report::Style::PLAIN)
                .as_bytes(),
        );
        std::process::exit(ExitClass::Bug.code().into());
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Set for the child that panics.
    const PANIC: &str = "KEYHOLE_TEST_PANIC";

    #[test]
    fn a_panic_shows_its_place_and_not_its_words() {
        if let Some(words) = std::env::var_os(PANIC) {
            report_panics();
            panic!("{}", words.display());
        }
        let words = "eyJhbGciOiJub25lIn0.words-that-a-panic-quotes";
        let name = "exit::tests::a_panic_shows_its_place_and_not_its_words";
        let child = std::process::Command::new(std::env::current_exe().expect("this program"))
            .args(["--exact", name, "--nocapture"])
            .env(PANIC, words)
            .output()
            .expect("this program starts");
        let said = String::from_utf8(child.stderr).expect("UTF-8");
        assert_eq!(child.status.code(), Some(70), "{said}");
        assert!(said.contains("error: keyhole has a bug"), "{said}");
        assert!(said.contains("exit.rs:"), "{said}");
        let printed = said + &String::from_utf8_lossy(&child.stdout);
        assert!(!printed.contains(words), "{printed}");
    }
}
