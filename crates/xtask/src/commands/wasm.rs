//! `cargo xtask wasm`: the components.

use anyhow::Result;

use crate::composition;
use crate::examples;
use crate::guests::{self, GUESTS};
use crate::plugins::{self, ENVOY_FILTER};
use crate::steps::Steps;
use crate::toolchain::{self, Toolchain};
use crate::workspace::Workspace;

pub(super) fn run(workspace: &Workspace, steps: &mut Steps) -> Result<Toolchain> {
    let toolchain = steps.run("WebAssembly toolchain", || {
        let toolchain = toolchain::set_up(workspace)?;
        eprintln!("    {}", toolchain.version()?);
        Ok(toolchain)
    })?;
    for guest in GUESTS {
        steps.run(format!("component {}", guest.name), || {
            let identity = guests::build(workspace, &toolchain, *guest)?;
            eprintln!(
                "    {} bytes, {} imports, sha256:{}",
                identity.size,
                identity.functions.imports.len(),
                identity.sha256
            );
            Ok(())
        })?;
    }
    steps.run("composition of the gateway", || {
        eprintln!("    {} bytes", composition::gateway(workspace)?);
        Ok(())
    })?;
    steps.run("composition of the example", || {
        eprintln!("    {} bytes", examples::composition(workspace)?);
        Ok(())
    })?;
    steps.run("composition of the command", || {
        eprintln!("    {} bytes", composition::command(workspace)?);
        composition::hostile_command(workspace)?;
        Ok(())
    })?;
    steps.run(format!("plugin {}", ENVOY_FILTER.name), || {
        let built = plugins::build(workspace, &toolchain, ENVOY_FILTER)?;
        eprintln!("    {} bytes, sha256:{}", built.size, built.sha256);
        Ok(())
    })?;
    Ok(toolchain)
}
