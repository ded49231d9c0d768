//! Where things are: the workspace, its target folder, and the files that the
//! host, the command line and the tests expect (`.cargo/config.toml` tells
//! them by `KEYHOLE_ARTIFACTS`).

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::process;

/// One checkout and where its results go.
#[derive(Debug, Clone)]
pub(crate) struct Workspace {
    /// The folder of the workspace's `Cargo.toml`.
    pub(crate) root: PathBuf,
    /// cargo's target folder.
    pub(crate) target: PathBuf,
    /// Components and their identities.
    pub(crate) artifacts: PathBuf,
    /// What users get.
    pub(crate) dist: PathBuf,
    /// The triple of the machine this runs on.
    pub(crate) host: String,
    /// cargo's own folder, with its downloads.
    pub(crate) cargo_home: PathBuf,
    /// How many jobs cargo may run at a time; its own choice if absent.
    pub(crate) jobs: Option<usize>,
    /// What starts cargo, with its arguments; nothing if cargo is started as it is.
    pub(crate) started_by: Vec<String>,
}

impl Workspace {
    /// Finds the workspace xtask was started in.
    ///
    /// # Errors
    ///
    /// cargo or rustc cannot be asked.
    pub(crate) fn find() -> Result<Self> {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = Command::new(cargo);
        command.args(["metadata", "--no-deps", "--format-version", "1"]);
        if let Some(own) = std::env::var_os("CARGO_MANIFEST_DIR") {
            command.current_dir(own);
        }
        let metadata: Value = serde_json::from_str(&process::output(&mut command)?)
            .context("`cargo metadata` did not write JSON")?;
        let root = folder(&metadata, "workspace_root")?;
        let artifacts = std::env::var_os("KEYHOLE_ARTIFACTS")
            .map_or_else(|| root.join("target/wasm"), PathBuf::from);
        Ok(Self {
            target: folder(&metadata, "target_directory")?,
            dist: root.join("target/dist"),
            artifacts,
            host: host_triple(&rustc())?,
            cargo_home: cargo_home()?,
            jobs: None,
            started_by: Vec::new(),
            root,
        })
    }

    /// A component by its short name.
    pub(crate) fn component(&self, name: &str) -> PathBuf {
        self.artifacts.join(format!("{name}.wasm"))
    }

    /// What registries would take, but for crates, which cargo leaves in
    /// `target/package`.
    pub(crate) fn packages(&self) -> PathBuf {
        self.target.join("packages")
    }

    /// The identity beside a component.
    pub(crate) fn identity(&self, name: &str) -> PathBuf {
        self.artifacts.join(format!("{name}.json"))
    }

    /// A component as machine code for this host.
    pub(crate) fn precompiled(&self, name: &str) -> PathBuf {
        self.artifacts.join(format!("{name}.{}.cwasm", self.host))
    }

    /// Where the tests look for the slim host that stops between its steps.
    pub(crate) fn slim_host(&self) -> PathBuf {
        self.artifacts.join("slim-host")
    }

    /// A program of the full build.
    pub(crate) fn full(&self, program: &str) -> PathBuf {
        self.target
            .join("release")
            .join(format!("{program}{}", std::env::consts::EXE_SUFFIX))
    }

    /// A program of the slim build.
    pub(crate) fn slim(&self, program: &str) -> PathBuf {
        self.target
            .join(&self.host)
            .join(format!("slim/{program}{}", std::env::consts::EXE_SUFFIX))
    }

    /// What `cargo metadata` says about the packages `platform` needs.
    ///
    /// # Errors
    ///
    /// cargo fails or does not write JSON.
    pub(crate) fn metadata(&self, platform: &str) -> Result<Value> {
        let text = process::output(process::cargo(self).args([
            "metadata",
            "--format-version",
            "1",
            "--filter-platform",
            platform,
        ]))?;
        serde_json::from_str(&text).context("`cargo metadata` did not write JSON")
    }
}

/// The compiler of `rust-toolchain.toml`, or the one the caller chose.
pub(crate) fn rustc() -> PathBuf {
    std::env::var_os("RUSTC").map_or_else(|| "rustc".into(), PathBuf::from)
}

fn cargo_home() -> Result<PathBuf> {
    std::env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(std::env::home_dir()?.join(".cargo")))
        .context("neither CARGO_HOME nor a home folder is known")
}

fn host_triple(rustc: &Path) -> Result<String> {
    let told = process::output(Command::new(rustc).arg("-vV"))?;
    line_of(&told, "host: ").context("`rustc -vV` names no host")
}

/// What stands after `key` in the output of `rustc -vV`.
pub(crate) fn line_of(told: &str, key: &str) -> Option<String> {
    told.lines()
        .find_map(|line| line.strip_prefix(key))
        .map(|value| value.trim().to_owned())
}

fn folder(metadata: &Value, key: &str) -> Result<PathBuf> {
    metadata[key]
        .as_str()
        .map(PathBuf::from)
        .with_context(|| format!("`cargo metadata` has no {key}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_compiler_names_its_host_and_version() {
        let told = "rustc 1.95.0 (59807616e 2026-04-14)\nhost: aarch64-unknown-linux-gnu\n";
        assert_eq!(
            line_of(told, "host: ").as_deref(),
            Some("aarch64-unknown-linux-gnu")
        );
        assert_eq!(line_of(told, "release: "), None);
    }

    #[test]
    fn this_workspace_is_found() {
        let workspace = Workspace::find().unwrap();
        assert!(workspace.root.join("wit/exchange.imports").is_file());
        assert!(workspace.host.contains('-'), "{}", workspace.host);
    }
}
