//! Components joined into one, for runtimes that run a single component: each
//! keeps its own memory, and what passes between them is what their interface
//! says.

use anyhow::{Context, Result};
use wac_graph::types::Package;
use wac_graph::{CompositionGraph, EncodeOptions, plug};

use crate::files;
use crate::guests::{EXCHANGE, GATEWAY};
use crate::workspace::Workspace;

/// The gateway with the exchange in it: for `wasmtime serve` and its like.
pub(crate) const COMPOSED_GATEWAY: &str = "gateway";

/// Joins the gateway and the exchange; answers how many bytes that is.
///
/// # Errors
///
/// They do not fit each other.
pub(crate) fn gateway(workspace: &Workspace) -> Result<usize> {
    let read = |name| files::read(&workspace.component(name));
    let composed = compose(&read(EXCHANGE.name)?, &read(GATEWAY.name)?)
        .context("the exchange and the gateway do not fit each other")?;
    files::put(&workspace.component(COMPOSED_GATEWAY), &composed)?;
    Ok(composed.len())
}

/// Gives `inner`'s exports to `outer`'s imports. Both are in the result byte for
/// byte.
///
/// # Errors
///
/// They do not fit each other.
pub(crate) fn compose(inner: &[u8], outer: &[u8]) -> Result<Vec<u8>> {
    let mut graph = CompositionGraph::new();
    let mut register = |name: &str, bytes: &[u8]| {
        let package = Package::from_bytes(name, None, bytes.to_vec(), graph.types_mut())?;
        anyhow::Ok(graph.register_package(package)?)
    };
    let inner = register("keyhole:exchange", inner)?;
    let outer = register("keyhole:gateway", outer)?;
    plug(&mut graph, vec![inner], outer)?;
    Ok(graph.encode(EncodeOptions::default())?)
}
