//! The real kubelogin, built from its Go module.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use super::cache::Cache;
use crate::process;

const NAME: &str = "kubelogin";
const MODULE: &str = "github.com/Azure/kubelogin";
/// Also the version of the record in `tests/tests/whole/real_kubelogin`.
const VERSION: &str = "0.2.19";

/// The one that was built earlier.
pub(super) fn built_before(cache: &Cache) -> Result<PathBuf> {
    let kept = cache.kept(NAME, VERSION);
    let kept = kept.context(
        "not built: `cargo xtask peers` does; what it did when it last ran is compared instead",
    )?;
    Ok(kept.join(NAME))
}

/// Built now, if it was not before.
pub(super) fn build(cache: &Cache) -> Result<PathBuf> {
    let folder = cache.keep(NAME, VERSION, |folder| {
        eprintln!(
            "    {NAME} from the Go module {MODULE} v{VERSION}, to compare with it; about 2 min on \
             two cores, once"
        );
        let go = Command::new("go").arg("version").output();
        go.context("there is no Go (https://go.dev/dl/)")?;
        process::run(
            Command::new("go")
                .env("GOBIN", folder)
                .args(["install", "-trimpath", "-ldflags=-s -w"])
                .arg(format!("{MODULE}@v{VERSION}")),
        )
    })?;
    Ok(folder.join(NAME))
}
