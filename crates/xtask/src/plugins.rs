//! Guests that stay core modules: proxies with the proxy-wasm ABI take no
//! components. The same compiler, flags and checks as for the components.

use anyhow::Result;
use serde_json::json;

use crate::files;
use crate::guests::{self, Guest};
use crate::identity::Sources;
use crate::toolchain::Toolchain;
use crate::workspace::Workspace;

/// The plugin for Envoy.
pub(crate) const ENVOY_FILTER: Guest = Guest {
    package: "keyhole-envoy-filter",
    name: "envoy-filter",
};

/// A plugin that was built.
#[derive(Debug)]
pub(crate) struct Built {
    /// Its length in bytes.
    pub(crate) size: usize,
    /// SHA-256 of the module.
    pub(crate) sha256: String,
}

/// Builds one module with its identity beside it.
///
/// # Errors
///
/// It does not compile, or a path of this machine is in it.
pub(crate) fn build(workspace: &Workspace, toolchain: &Toolchain, guest: Guest) -> Result<Built> {
    let module = files::read(&guests::compile(workspace, toolchain, guest)?)?;
    let sources = Sources::of(workspace, guest)?;
    let rustc = toolchain.version()?;
    let module = sources.sign(&module, &rustc)?;
    guests::refuse_paths(&module, &guests::private_folders(workspace, toolchain)?)?;
    let built = Built {
        size: module.len(),
        sha256: files::sha256(&module),
    };
    let identity = json!({
        "name": guest.name,
        "sha256": built.sha256,
        "size": built.size,
        "rustc": rustc,
        "sources_sha256": sources.sources(),
    });
    files::put(&workspace.component(guest.name), &module)?;
    files::put(
        &workspace.identity(guest.name),
        format!("{identity:#}\n").as_bytes(),
    )?;
    Ok(built)
}
