//! One process: run to its end or to a limit, with what it printed and the most
//! memory it had.

use super::{LIMIT, Ran};
use rustix::process::{Pid, Signal, kill_process};
use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};
use wait4::Wait4 as _;

/// Variables that a program needs itself; nothing else of the caller's gets in.
const KEPT: [&str; 3] = ["PATH", "HOME", "TMPDIR"];

/// A command without the caller's variables.
pub(super) fn command(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.env_clear().stdin(Stdio::null());
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
pub(super) fn run(command: &mut Command, folder: &Path, cases: u32) -> Ran {
    let [out, err] = ["process.out", "process.err"].map(|name| folder.join(name));
    let start = Instant::now();
    let child = command
        .stdout(File::create(&out).expect("a file"))
        .stderr(File::create(&err).expect("a file"))
        .spawn()
        .unwrap_or_else(|error| panic!("{command:?} does not start: {error}"));
    let process = Pid::from_child(&child);
    let (ended, end) = mpsc::channel::<()>();
    let watch = thread::spawn(move || {
        if end.recv_timeout(LIMIT + Duration::from_secs(10) * cases)
            == Err(mpsc::RecvTimeoutError::Timeout)
        {
            // It may have ended just now.
            let _ = kill_process(process, Signal::KILL);
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
        batch: usize::try_from(cases).unwrap_or(usize::MAX),
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
