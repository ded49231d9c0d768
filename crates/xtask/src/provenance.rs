//! How the files of a release were built: an in-toto statement with SLSA's predicate
//! (slsa.dev/spec/v1.0/provenance). It is this build's own word, not signed and not
//! from a service that a builder cannot reach into: SLSA Build L0, L1 once whoever
//! publishes the files publishes it with them. What can be checked is the digests, and
//! those of the components by building them again.

use anyhow::{Context, Result};
use serde_json::{Value, json};
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::files;
use crate::process;
use crate::toolchain::Toolchain;
use crate::workspace::{self, Workspace};

/// What a build is made from, looked up before it starts.
pub(crate) struct Provenance {
    commit: Option<String>,
    dirty: bool,
    lock: String,
    started: u64,
}

impl Provenance {
    /// Now.
    ///
    /// # Errors
    ///
    /// `Cargo.lock` cannot be read.
    pub(crate) fn start(workspace: &Workspace) -> Result<Self> {
        let git = |arguments: &[&str]| {
            let mut git = Command::new("git");
            git.args(arguments).current_dir(&workspace.root);
            process::output(&mut git).ok()
        };
        let changes = git(&["status", "--porcelain"]);
        Ok(Self {
            commit: git(&["rev-parse", "HEAD"]).map(|commit| commit.trim().to_owned()),
            dirty: changes.is_none_or(|changes| !changes.is_empty()),
            lock: files::sha256(&files::read(&workspace.root.join("Cargo.lock"))?),
            started: now(),
        })
    }

    /// The statement about these files, each with its SHA-256.
    ///
    /// # Errors
    ///
    /// A compiler cannot be asked.
    pub(crate) fn statement(
        &self,
        workspace: &Workspace,
        toolchain: &Toolchain,
        subjects: &[(String, String)],
    ) -> Result<String> {
        let host = process::output(Command::new(workspace::rustc()).arg("-V"))?;
        let mut dependencies = vec![json!({
            "name": "Cargo.lock",
            "digest": {"sha256": self.lock},
        })];
        if let Some(commit) = &self.commit {
            dependencies.push(json!({
                "name": "sources",
                "digest": {"gitCommit": commit},
                "annotations": {"changed": self.dirty},
            }));
        }
        let statement = json!({
            "_type": "https://in-toto.io/Statement/v1",
            "subject": subjects.iter().map(|(name, digest)| json!({
                "name": name,
                "digest": {"sha256": digest},
            })).collect::<Vec<Value>>(),
            "predicateType": "https://slsa.dev/provenance/v1",
            "predicate": {
                "buildDefinition": {
                    // A name, not a place: what it means is docs/reproducible.md.
                    "buildType": "urn:keyhole:cargo-xtask-dist:1",
                    "externalParameters": {"command": "cargo xtask dist"},
                    "internalParameters": {
                        "host": workspace.host,
                        "rustc": host.trim(),
                        "rustcOfComponents": toolchain.version()?,
                    },
                    "resolvedDependencies": dependencies,
                },
                "runDetails": {
                    "builder": {"id": "urn:keyhole:unsigned-local-build"},
                    "metadata": {
                        "startedOn": rfc3339(self.started)?,
                        "finishedOn": rfc3339(now())?,
                    },
                },
            },
        });
        Ok(format!("{statement:#}\n"))
    }
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}

/// By jiff, as the command line prints times.
fn rfc3339(seconds: u64) -> Result<String> {
    let time = i64::try_from(seconds)
        .ok()
        .and_then(|seconds| jiff::Timestamp::from_second(seconds).ok());
    Ok(time.context("the clock shows no date")?.to_string())
}
