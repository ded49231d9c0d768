//! Kubernetes' own programs, built from its Go module. `go install` cannot: the
//! module's go.mod has replacements, which hold for the main module alone. So
//! `tests/kubernetes` is a main module with the same replacements and no code.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use super::cache::Cache;
use crate::files;
use crate::process;
use crate::workspace::Workspace;

const MODULE: &str = "k8s.io/kubernetes";

/// Whether the PATH has a kubectl that can run a credential plugin.
pub(super) fn has_kubectl() -> bool {
    let mut kubectl = Command::new("kubectl");
    process::output(kubectl.args(["auth", "whoami", "--help"])).is_ok()
}

/// A program that was built earlier.
pub(super) fn built_before(workspace: &Workspace, cache: &Cache, program: &str) -> Result<PathBuf> {
    let kept = cache.kept(program, &version(workspace)?);
    let kept = kept.context("the PATH has none, and `cargo xtask test --all` has built none")?;
    Ok(kept.join(program))
}

/// A program of the version in `tests/kubernetes/go.mod`.
pub(super) fn build(workspace: &Workspace, cache: &Cache, program: &str) -> Result<PathBuf> {
    let version = version(workspace)?;
    let folder = cache.keep(program, &version, |folder| {
        eprintln!(
            "    {program} from the Go module {MODULE} {version}, to have the tests meet the real \
             one; 5 to 20 min on two cores, once"
        );
        let go = Command::new("go").arg("version").output();
        go.context("there is no Go (https://go.dev/dl/)")?;
        process::run(
            Command::new("go")
                .current_dir(workspace.root.join("tests/kubernetes"))
                .args(["build", "-ldflags", &linker_flags(&version), "-o"])
                .arg(folder.join(program))
                .arg(format!("{MODULE}/cmd/{program}")),
        )
    })?;
    Ok(folder.join(program))
}

/// Kubernetes' programs get their version from the linker: without, kubectl
/// says that it is 0.0.0.
fn linker_flags(version: &str) -> String {
    const PACKAGE: &str = "k8s.io/component-base/version";
    let mut numbers = version.trim_start_matches('v').split('.');
    let (major, minor) = (numbers.next(), numbers.next());
    format!(
        "-s -w -X {PACKAGE}.gitVersion={version} -X {PACKAGE}.gitMajor={} -X {PACKAGE}.gitMinor={}",
        major.unwrap_or_default(),
        minor.unwrap_or_default(),
    )
}

fn version(workspace: &Workspace) -> Result<String> {
    let text = files::read(&workspace.root.join("tests/kubernetes/go.mod"))?;
    let text = String::from_utf8(text).context("tests/kubernetes/go.mod is not UTF-8")?;
    required(&text).context("tests/kubernetes/go.mod does not require Kubernetes")
}

fn required(go_mod: &str) -> Option<String> {
    go_mod.lines().find_map(|line| {
        let line = line.trim().trim_start_matches("require ");
        let version = line.strip_prefix(MODULE)?.strip_prefix(' ')?;
        Some(version.split(' ').next()?.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_the_one_that_go_mod_requires() {
        let workspace = Workspace::find().unwrap();
        let found = version(&workspace).unwrap();
        assert!(found.starts_with("v1."), "{found}");
        assert_eq!(required("require k8s.io/kubernetes-other v1.2.3"), None);
    }
}
