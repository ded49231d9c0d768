//! The emulator as a child process: it ends when this one does, because its
//! standard input then does.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
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
    told: Value,
}

impl Emulator {
    /// Starts the full build's emulator. Its log goes to stderr.
    ///
    /// # Errors
    ///
    /// It cannot be started, or ends before it has told where it is.
    pub(crate) fn start(workspace: &Workspace) -> Result<Self> {
        let mut command = Command::new(workspace.full("keyhole-emulator"));
        command
            .args(["--output", "json", "--until-stdin-closes", "--rotate"])
            .arg(ROTATION.as_secs().to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut child = command
            .spawn()
            .with_context(|| format!("cannot start `{}`", process::line(&command)))?;
        let stdin = child.stdin.take();
        let stdout = child.stdout.take().context("the emulator has no stdout")?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        if line.is_empty() {
            let status = child.wait()?;
            bail!("the emulator ended with {status} before it had started");
        }
        let told = serde_json::from_str(&line).context("the emulator did not write JSON")?;
        Ok(Self { child, stdin, told })
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
