//! One process: run to its end or to a limit, with what it printed and the most
//! memory it had.

use super::Ran;
use rustix::process::{Pid, Signal, kill_process_group};
use std::fs::{self, File};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};
use wait4::Wait4 as _;

/// Variables that a program needs itself; nothing else of the caller's gets in.
const KEPT: [&str; 3] = ["PATH", "HOME", "TMPDIR"];

/// What a runtime's own limit has until we end it.
const GRACE: Duration = Duration::from_secs(2);

/// A variable of the process that no guest is given.
pub(crate) const NOT_GRANTED: &str = "KEYHOLE_NOT_GRANTED";

/// A command without the caller's variables.
pub(crate) fn command(program: &Path) -> Command {
    let mut command = Command::new(program);
    command
        .env_clear()
        .env(NOT_GRANTED, "not yours")
        .stdin(Stdio::null());
    for name in KEPT {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    command
}

/// A command of its words.
pub(super) fn of_words(words: &[String]) -> Command {
    let (program, arguments) = words.split_first().expect("a program");
    let mut command = command(Path::new(program));
    command.args(arguments);
    command
}

/// Runs it; `folder` is for what it prints.
pub(crate) fn run(command: &mut Command, folder: &Path, patience: Duration) -> Ran {
    let [out, err] = ["process.out", "process.err"].map(|name| folder.join(name));
    let start = Instant::now();
    let child = command
        .stdout(File::create(&out).expect("a file"))
        .stderr(File::create(&err).expect("a file"))
        // jco starts another process, which goes with it.
        .process_group(0)
        .spawn()
        .unwrap_or_else(|error| panic!("{command:?} does not start: {error}"));
    let process = Pid::from_child(&child);
    let (ended, end) = mpsc::channel::<()>();
    let watch = thread::spawn(move || {
        if end.recv_timeout(patience + GRACE) == Err(mpsc::RecvTimeoutError::Timeout) {
            // It may have ended just now.
            let _ = kill_process_group(process, Signal::KILL);
        }
    });
    let used = child.wait4().expect("it is waited for");
    let took = start.elapsed();
    drop(ended);
    watch.join().expect("the watch ends");
    let text = |path: &Path| String::from_utf8_lossy(&fs::read(path).expect("output")).into_owned();
    Ran {
        exit: used.status.code(),
        stdout: text(&out),
        stderr: text(&err),
        took,
        memory: used.rusage.maxrss,
        batch: 1,
        killed: used.status.signal() == Some(Signal::KILL.as_raw()),
    }
}

/// What a program says of its version.
pub(super) fn version(words: &[String]) -> Result<String, String> {
    let output = of_words(words).output();
    let output = output.map_err(|error| format!("{} does not start: {error}", words[0]))?;
    let said = String::from_utf8_lossy(&output.stdout);
    let line = said.lines().next().unwrap_or_default().trim();
    if !output.status.success() || line.is_empty() {
        return Err(format!("{} does not say its version", words.join(" ")));
    }
    Ok(line.to_owned())
}
