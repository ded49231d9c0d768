//! A program outside of the workspace that depends on the crates as they are packed: a
//! stranger's, with neither our sources nor a WebAssembly toolchain.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::crates::PUBLIC;
use crate::files;
use crate::process;
use crate::workspace::Workspace;

/// The variable in which the tests look for it.
pub(crate) const VARIABLE: &str = "KEYHOLE_OUTSIDE";

/// What it does; a token is not for a terminal.
const PROGRAM: &str = r#"use keyhole_exchange::settings::{Flags, Settings};
use keyhole_host::{Artifact, Keyhole, TokenRequest};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let settings = Settings::resolve(&Flags::default(), &|name| std::env::var(name).ok())?;
    let keyhole = Keyhole::builder().artifact(Artifact::embedded()?).settings(settings).build()?;
    let token = keyhole.get_token(TokenRequest::default()).await?;
    println!("{} {}", keyhole.component().digest, token.expose().len());
    Ok(())
}
"#;

/// Builds it, from what `crates::pack` left.
///
/// # Errors
///
/// A package is not there, or does not compile.
pub(crate) fn build(workspace: &Workspace) -> Result<PathBuf> {
    // Nothing above it is ours: neither a manifest nor cargo's configuration.
    let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
    let folder = folder.path();
    for package in PUBLIC {
        let name = format!("{package}-{}.crate", env!("CARGO_PKG_VERSION"));
        let mut tar = Command::new("tar");
        // As new: cargo gives all files of packages one old time, and would take those of
        // an earlier build here for them.
        tar.arg("-xzmf")
            .arg(workspace.target.join("package").join(name));
        process::run(tar.arg("-C").arg(folder))?;
    }
    files::put(&folder.join("Cargo.toml"), manifest(folder).as_bytes())?;
    files::put(&folder.join("src/main.rs"), PROGRAM.as_bytes())?;
    // The versions that all else is tested with.
    let lock = files::read(&workspace.root.join("Cargo.lock"))?;
    files::put(&folder.join("Cargo.lock"), &lock)?;
    let target = workspace.target.join("outside");
    let mut cargo = process::cargo(workspace);
    cargo
        .args(["build", "--target-dir"])
        .arg(&target)
        .current_dir(folder)
        .env_remove("KEYHOLE_ARTIFACTS");
    process::run(&mut cargo)?;
    Ok(target.join("debug/outside"))
}

fn manifest(folder: &Path) -> String {
    let version = env!("CARGO_PKG_VERSION");
    let mut manifest = format!(
        "[package]\nname = \"outside\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n\
         [dependencies]\nkeyhole-exchange = \"{version}\"\n\
         keyhole-host = {{ version = \"{version}\", features = [\"compiler\"] }}\n\
         tokio = {{ version = \"1\", features = [\"macros\", \"rt\"] }}\n\n\
         [profile.dev]\ndebug = false\n\n\
         [workspace]\nexclude = [\"keyhole-*\"]\n\n[patch.crates-io]\n"
    );
    for package in PUBLIC {
        let path = folder.join(format!("{package}-{version}"));
        manifest += &format!("{package} = {{ path = {path:?} }}\n");
    }
    manifest
}
