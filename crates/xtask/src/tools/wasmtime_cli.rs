//! The `wasmtime` program, for `wasmtime serve`, built from its crate.

use std::path::PathBuf;

use anyhow::{Context, Result};

use super::cache::Cache;
use crate::process;
use crate::workspace::Workspace;

const NAME: &str = "wasmtime-cli";
/// The version of wasmtime that Keyhole's own host is made of.
const VERSION: &str = "48.0.8";
/// What serving a component takes; all there is would take twice as long.
const FEATURES: &str = "run,serve,cranelift,parallel-compilation,pooling-allocator,\
                        component-model-async,cache,logging,backtrace,threads,gc,gc-drc";

/// The one that was built earlier.
pub(super) fn built_before(cache: &Cache) -> Result<PathBuf> {
    let kept = cache.kept(NAME, VERSION);
    let kept = kept.context("not built: `cargo xtask test --all` does")?;
    Ok(kept.join("bin/wasmtime"))
}

/// Built now, if it was not before.
pub(super) fn build(workspace: &Workspace, cache: &Cache) -> Result<PathBuf> {
    let folder = cache.keep(NAME, VERSION, |folder| {
        eprintln!(
            "    the crate {NAME} {VERSION}, to serve the gateway by others' hosts; about 15 min \
             on two cores, once"
        );
        let mut cargo = process::cargo(workspace);
        cargo
            .args(["install", NAME, "--version", VERSION, "--locked"])
            .args(["--no-default-features", "--features", FEATURES, "--root"])
            .arg(folder);
        process::run(&mut cargo)
    })?;
    Ok(folder.join("bin/wasmtime"))
}
