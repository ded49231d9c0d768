//! What `examples/` needs of the build: a composition, and hosts in Rust.

use anyhow::{Context, Result};

use crate::composition;
use crate::files;
use crate::guests::{EXCHANGE, WHOAMI};
use crate::process;
use crate::selection;
use crate::workspace::Workspace;

/// The example's component with the exchange in it.
pub(crate) const WITH_EXCHANGE: &str = "whoami";

/// Joins the example of `examples/composition` with the exchange; answers how many
/// bytes that is.
///
/// # Errors
///
/// They do not fit each other.
pub(crate) fn composition(workspace: &Workspace) -> Result<usize> {
    let read = |name| files::read(&workspace.component(name));
    let composed = composition::compose(&read(EXCHANGE.name)?, &read(WHOAMI.name)?)
        .context("the exchange and the example do not fit each other")?;
    files::put(&workspace.component(WITH_EXCHANGE), &composed)?;
    Ok(composed.len())
}

/// Builds the hosts of `examples/hosts` that are written in Rust, and leaves them
/// where the tests look.
///
/// # Errors
///
/// They do not compile.
pub(crate) fn hosts(workspace: &Workspace) -> Result<()> {
    // One at a time: the second asks for features that the first does without.
    for (program, package) in HOSTS {
        let mut cargo = process::cargo(workspace);
        cargo.args(["build", "--bin", program]);
        cargo.args(package.iter().flat_map(|package| ["--package", package]));
        process::run(selection::select(&mut cargo))?;
        let name = workspace.artifacts.join(program);
        files::put_program(&workspace.full(program), &name)?;
    }
    Ok(())
}

/// Their programs and, where it is none of the selection, the package.
const HOSTS: [(&str, Option<&str>); 2] = [
    ("keyhole-example-host", None),
    ("keyhole-example-wasmtime", Some("keyhole-example-wasmtime")),
];
