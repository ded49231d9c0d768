//! The emulator as a child process: it ends when this one does, because its
//! standard input then does.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::process;
use crate::workspace::Workspace;

/// How often the emulator puts a fresh token in place. kubelet does it about
/// once an hour; nobody waits that long for a demo.
const ROTATION: Duration = Duration::from_secs(3);

/// How long a rotation is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// How often the folder is looked at meanwhile.
const POLL: Duration = Duration::from_millis(50);

/// A running emulator.
pub(crate) struct Emulator {
    child: Child,
    /// Closed to end it.
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
    told: Value,
}

impl Emulator {
    /// Starts the full build's emulator, with a token that changes every few
    /// seconds and an API server. Its log goes to stderr.
    ///
    /// # Errors
    ///
    /// It cannot be started, or ends before it has told where it is.
    pub(crate) fn start(workspace: &Workspace) -> Result<Self> {
        let mut command = command(workspace);
        command.arg("--rotate").arg(ROTATION.as_secs().to_string());
        Self::spawn(command.arg("--api-server"))
    }

    /// Starts one that does nothing of its own accord and keeps no log, for
    /// measuring.
    ///
    /// # Errors
    ///
    /// As [`Emulator::start`].
    pub(crate) fn start_quietly(workspace: &Workspace) -> Result<Self> {
        Self::spawn(command(workspace).stderr(Stdio::null()))
    }

    fn spawn(command: &mut Command) -> Result<Self> {
        let mut child = command
            .spawn()
            .with_context(|| format!("cannot start `{}`", process::line(command)))?;
        let stdin = child.stdin.take();
        let stdout = child.stdout.take().context("the emulator has no stdout")?;
        let mut stdout = BufReader::new(stdout);
        let mut line = String::new();
        stdout.read_line(&mut line)?;
        if line.is_empty() {
            let status = child.wait()?;
            bail!("the emulator ended with {status} before it had started");
        }
        let told = serde_json::from_str(&line).context("the emulator did not write JSON")?;
        Ok(Self {
            child,
            stdin,
            stdout,
            told,
        })
    }

    /// Ends it and returns how many `requests`, `connections` and `handshakes`
    /// came in.
    ///
    /// # Errors
    ///
    /// It does not say.
    pub(crate) fn finish(mut self) -> Result<Value> {
        self.stdin.take();
        let mut line = String::new();
        self.stdout.read_line(&mut line)?;
        serde_json::from_str(&line).context("the emulator did not count")
    }

    /// A program in the environment of the emulated pod: the caller's own
    /// settings for Azure do not belong there.
    pub(crate) fn in_the_pod(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        for (name, _) in std::env::vars_os() {
            if is_a_setting(&name.to_string_lossy()) {
                command.env_remove(name);
            }
        }
        command.envs(self.variables()).stdin(Stdio::null());
        command
    }

    /// Something that it has told, by its name.
    ///
    /// # Errors
    ///
    /// It has not.
    pub(crate) fn told(&self, name: &str) -> Result<&str> {
        let value = self.told[name].as_str();
        value.with_context(|| format!("the emulator has told no {name}"))
    }

    /// The variables of a pod with a workload identity.
    pub(crate) fn variables(&self) -> Vec<(String, String)> {
        let members = self.told.as_object().into_iter().flatten();
        members
            .filter(|(name, _)| name.chars().all(|c| c.is_ascii_uppercase() || c == '_'))
            .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
            .collect()
    }

    /// Waits until another token lies in the folder: `..data`, a link as
    /// kubelet makes it, then points elsewhere.
    ///
    /// # Errors
    ///
    /// The folder is not as kubelet's, or no token comes.
    pub(crate) fn wait_for_rotation(&self) -> Result<(PathBuf, PathBuf)> {
        let file = self.told["AZURE_FEDERATED_TOKEN_FILE"].as_str();
        let folder = file.and_then(|file| Path::new(file).parent());
        let link = folder
            .context("the emulator has mounted no token")?
            .join("..data");
        let before = target(&link)?;
        let end = Instant::now() + PATIENCE;
        loop {
            let now = target(&link)?;
            if now != before {
                return Ok((before, now));
            }
            ensure!(
                Instant::now() < end,
                "the emulator has not rotated the token within {} s",
                PATIENCE.as_secs()
            );
            thread::sleep(POLL);
        }
    }
}

fn command(workspace: &Workspace) -> Command {
    let mut command = Command::new(workspace.full("keyhole-emulator"));
    command
        .args(["--output", "json", "--until-stdin-closes"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    command
}

fn is_a_setting(name: &str) -> bool {
    const NAMES: &[&str] = &[
        "AKS_SERVER_APP_ID",
        "KUBERNETES_EXEC_INFO",
        "SSL_CERT_DIR",
        "SSL_CERT_FILE",
    ];
    name.starts_with("AZURE_") || NAMES.contains(&name)
}

fn target(link: &Path) -> Result<PathBuf> {
    std::fs::read_link(link).with_context(|| format!("{} is no link", link.display()))
}

impl Drop for Emulator {
    fn drop(&mut self) {
        self.stdin.take();
        // It has nothing to say any more; what matters is that it is gone.
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_callers_own_settings_for_azure_stay_outside() {
        for name in ["AZURE_SCOPE", "AZURE_CLOUD", "AKS_SERVER_APP_ID"] {
            assert!(is_a_setting(name), "{name}");
        }
        assert!(!is_a_setting("PATH") && !is_a_setting("NO_COLOR"));
    }
}
