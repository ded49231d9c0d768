//! The programs as users get them.

use crate::World;
use crate::artifacts::workspace;
use crate::world::FEDERATED_TOKEN;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Variables that a program needs to find shared libraries and temporary
/// folders; nothing else of the caller's gets into a test.
const KEPT: [&str; 3] = ["PATH", "HOME", "TMPDIR"];

/// `keyhole` without a compiler, static: `target/dist/keyhole`, or what
/// `KEYHOLE_SLIM` names.
#[must_use]
pub fn slim() -> PathBuf {
    find("KEYHOLE_SLIM", "keyhole")
}

/// `keyhole` with a compiler: `target/dist/keyhole-full`, or what
/// `KEYHOLE_FULL` names.
#[must_use]
pub fn full() -> PathBuf {
    find("KEYHOLE_FULL", "keyhole-full")
}

fn find(variable: &str, name: &str) -> PathBuf {
    let path = std::env::var_os(variable)
        .map_or_else(|| workspace().join("target/dist").join(name), PathBuf::from);
    assert!(
        path.is_file(),
        "{} is not there: run `cargo xtask build` first, or name the program with {variable}",
        path.display()
    );
    path
}

/// What a program printed, and how it ended.
#[derive(Debug)]
pub struct Ran {
    /// Its exit code.
    pub code: Option<i32>,
    /// Its standard output.
    pub stdout: String,
    /// Its standard error.
    pub stderr: String,
}

impl Ran {
    /// Fails unless it failed with this code and, on standard error alone, one
    /// clear message: what failed, what to do next, and each of these parts.
    pub fn must_have_failed(&self, code: i32, parts: &[&str]) {
        assert_eq!(self.code, Some(code), "{self:?}");
        assert_eq!(self.stdout, "", "only a result goes to standard output");
        for mark in ["error: ", "hint: "] {
            let lines = self.stderr.lines();
            let count = lines.filter(|line| line.starts_with(mark)).count();
            assert_eq!(count, 1, "{mark:?} in {self:?}");
        }
        for part in parts {
            assert!(self.stderr.contains(part), "{part:?} in {self:?}");
        }
    }
}

/// A program in a pod: no variable but the pod's, no terminal.
#[must_use]
pub fn command(program: &Path, world: &World) -> Command {
    let mut command = Command::new(program);
    command.env_clear().stdin(Stdio::null());
    for name in KEPT {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    command.envs(world.variables());
    command
}

/// Runs `keyhole` without a compiler in a pod.
pub fn run(world: &World, arguments: &[&str]) -> Ran {
    run_command(command(&slim(), world).args(arguments), world)
}

/// Runs a command to its end.
///
/// # Panics
/// If what it printed holds the federated token or an access token (but for the
/// result of `get-token`, which is one), colours or the like, or if it is not
/// UTF-8.
pub fn run_command(command: &mut Command, world: &World) -> Ran {
    let output = command.output().expect("the program starts");
    let is_the_result = output.status.success() && command.get_args().any(|arg| arg == "get-token");
    for secret in world.secrets() {
        secret.must_not_be_in("standard error", &output.stderr);
        if secret.name() == FEDERATED_TOKEN || !is_the_result {
            secret.must_not_be_in("standard output", &output.stdout);
        }
    }
    let text = |bytes: Vec<u8>| {
        let text = String::from_utf8(bytes).expect("UTF-8");
        assert!(
            text.chars().all(|c| c == '\n' || !c.is_control()),
            "control characters in a pipe: {text:?}"
        );
        text
    };
    Ran {
        code: output.status.code(),
        stdout: text(output.stdout),
        stderr: text(output.stderr),
    }
}

/// A command under a limit on the memory that it may write to: what it maps
/// beyond that it does not get, and so cannot go on.
#[must_use]
pub fn within_memory(mebibytes: u32, program: &Path, world: &World) -> Command {
    let mut command = command(Path::new("/bin/sh"), world);
    command
        .arg("-c")
        .arg(format!(
            "ulimit -d {} && exec \"$0\" \"$@\"",
            mebibytes * 1024
        ))
        .arg(program);
    command
}
