//! Components joined into one, for runtimes that run a single component: each
//! keeps its own memory, and what passes between them is what their interface
//! says.

use anyhow::{Context, Result};
use wac_graph::types::Package;
use wac_graph::{CompositionGraph, EncodeOptions, plug};

use crate::files;
use crate::guests::{COMMAND, EXCHANGE, FLAGS, GATEWAY, HOSTILE};
use crate::workspace::Workspace;

/// The gateway with the exchange in it: for `wasmtime serve` and its like.
pub(crate) const COMPOSED_GATEWAY: &str = "gateway";

/// The command with the exchange in it: for any runtime of `wasi:cli` commands.
pub(crate) const COMPOSED_COMMAND: &str = "keyhole";

/// The command with the hostile component in it.
const HOSTILE_COMMAND: &str = "hostile-command";

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

/// Joins the command and the hostile component, for the tests on other people's
/// runtimes; answers how many bytes that is.
///
/// # Errors
///
/// They do not fit each other.
pub(crate) fn hostile_command(workspace: &Workspace) -> Result<usize> {
    let read = |name| files::read(&workspace.component(name));
    let composed = compose(&read(HOSTILE.name)?, &read(COMMAND.name)?)
        .context("the hostile component and the command do not fit each other")?;
    files::put(&workspace.component(HOSTILE_COMMAND), &composed)?;
    Ok(composed.len())
}

/// Joins the command, its flags and the exchange; answers how many bytes that is.
///
/// # Errors
///
/// They do not fit each other.
pub(crate) fn command(workspace: &Workspace) -> Result<usize> {
    let mut graph = CompositionGraph::new();
    let mut instantiate = |name: &str, file: &str| {
        let bytes = files::read(&workspace.component(file))?;
        let package = Package::from_bytes(name, None, bytes, graph.types_mut())?;
        let package = graph.register_package(package)?;
        anyhow::Ok(graph.instantiate(package))
    };
    let flags = instantiate("keyhole:flags", FLAGS.name)?;
    let exchange = instantiate("keyhole:exchange", EXCHANGE.name)?;
    let command = instantiate("keyhole:command", COMMAND.name)?;
    let mut compose = || {
        let variables = graph.alias_instance_export(flags, ENVIRONMENT)?;
        graph.set_instantiation_argument(exchange, ENVIRONMENT, variables)?;
        let provider = graph.alias_instance_export(exchange, TOKEN_PROVIDER)?;
        graph.set_instantiation_argument(command, TOKEN_PROVIDER, provider)?;
        let run = graph.alias_instance_export(command, RUN)?;
        graph.export(run, RUN)?;
        anyhow::Ok(graph.encode(EncodeOptions::default())?)
    };
    let composed = compose().context("the command, its flags and the exchange do not fit")?;
    files::put(&workspace.component(COMPOSED_COMMAND), &composed)?;
    Ok(composed.len())
}

const ENVIRONMENT: &str = "wasi:cli/environment@0.2.12";
const RUN: &str = "wasi:cli/run@0.2.12";
const TOKEN_PROVIDER: &str = "keyhole:identity/token-provider@0.1.0";
