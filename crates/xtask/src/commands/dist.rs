//! `cargo xtask dist`: build, and the sizes of what users get.

use anyhow::Result;

use super::build;
use crate::files;
use crate::guests::EXCHANGE;
use crate::steps::Steps;
use crate::workspace::Workspace;

pub(super) fn run(workspace: &Workspace, steps: &mut Steps) -> Result<()> {
    build::run(workspace, steps)?;
    println!("{:<16}{:>12}  SHA-256", "target/dist", "bytes");
    for name in [
        "keyhole",
        "keyhole-full",
        "keyhole.wasm",
        "exchange.wasm",
        "exchange.json",
    ] {
        let bytes = files::read(&workspace.dist.join(name))?;
        println!("{name:<16}{:>12}  {}", bytes.len(), files::sha256(&bytes));
    }
    let code = files::read(&workspace.precompiled(EXCHANGE.name))?;
    println!(
        "\nIn keyhole: {} bytes of machine code of exchange.wasm, SHA-256 {}",
        code.len(),
        files::sha256(&code)
    );
    Ok(())
}
