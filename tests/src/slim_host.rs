//! The slim host that stops between its steps.

use crate::World;
use crate::artifacts;
use crate::program::command;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};
use std::time::Duration;

/// A running one. It ends when it is dropped.
pub struct SlimHost {
    child: Child,
    steps: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl SlimHost {
    /// Starts one with a precompiled component, such as `hostile`, in a pod.
    #[must_use]
    pub fn start(world: &World, component: &str, timeout: Duration) -> Self {
        Self::start_for(world, component, timeout, None)
    }

    /// Starts one whose settings ask for another scope.
    #[must_use]
    pub fn start_for(
        world: &World,
        component: &str,
        timeout: Duration,
        scope: Option<&str>,
    ) -> Self {
        let mut command = command(&artifacts::slim_host(), world);
        command
            .arg(artifacts::precompiled(component))
            .arg(timeout.as_millis().to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        if let Some(scope) = scope {
            command.env("AZURE_SCOPE", scope);
        }
        let mut child = command.spawn().expect("the slim host starts");
        Self {
            steps: child.stdin.take().expect("a pipe"),
            answers: BufReader::new(child.stdout.take().expect("a pipe")),
            child,
        }
    }

    /// Its process.
    #[must_use]
    pub fn process(&self) -> u32 {
        self.child.id()
    }

    /// Makes it do a step, and waits for the answer.
    pub fn step(&mut self, step: &str) -> String {
        writeln!(self.steps, "{step}").expect("it takes a step");
        let mut answer = String::new();
        self.answers.read_line(&mut answer).expect("UTF-8");
        answer.trim_end().to_owned()
    }
}

impl Drop for SlimHost {
    fn drop(&mut self) {
        // It has ended, or ends now.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
