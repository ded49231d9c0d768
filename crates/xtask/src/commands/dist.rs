//! `cargo xtask dist`: build, and beside the files what they are: digests, bills of
//! materials, how they were built.

use anyhow::Result;

use super::build;
use crate::crate_graph::CrateGraph;
use crate::files;
use crate::guests::{COMMAND, EXCHANGE, FLAGS, GATEWAY};
use crate::plugins::ENVOY_FILTER;
use crate::process;
use crate::provenance::Provenance;
use crate::sbom::{self, Described};
use crate::selection;
use crate::steps::Steps;
use crate::toolchain::{TARGET, Toolchain};
use crate::workspace::{self, Workspace};

/// The components that users get, and the packages in each.
const COMPONENTS: &[(&str, &[&str])] = &[
    ("exchange.wasm", &[EXCHANGE.package]),
    ("gateway.wasm", &[EXCHANGE.package, GATEWAY.package]),
    (
        "keyhole.wasm",
        &[EXCHANGE.package, COMMAND.package, FLAGS.package],
    ),
    ("envoy-filter.wasm", &[ENVOY_FILTER.package]),
];

pub(super) fn run(workspace: &Workspace, steps: &mut Steps) -> Result<()> {
    let provenance = Provenance::start(workspace)?;
    let toolchain = build::run(workspace, steps)?;
    let bills = steps.run("bills of materials", || bills(workspace, &toolchain))?;
    steps.run("SHA256SUMS and provenance", || {
        describe(workspace, &toolchain, &provenance, bills)
    })?;
    let code = files::read(&workspace.precompiled(EXCHANGE.name))?;
    println!(
        "\nIn keyhole: {} bytes of machine code of exchange.wasm, SHA-256 {}",
        code.len(),
        files::sha256(&code)
    );
    Ok(())
}

/// Writes a bill beside each file; answers the names of all of them.
fn bills(workspace: &Workspace, toolchain: &Toolchain) -> Result<Vec<String>> {
    let of_components = CrateGraph::of(workspace, TARGET, |cargo| {
        let packages = COMPONENTS.iter().flat_map(|(_, packages)| *packages);
        cargo.args(packages.flat_map(|package| ["--package", package]));
    })?;
    let slim = CrateGraph::of(workspace, &workspace.host, |cargo| {
        cargo.args(["--package", "keyhole"]);
    })?;
    let full = CrateGraph::of(workspace, &workspace.host, |cargo| {
        selection::packages(cargo);
    })?;
    let host_rustc = process::output(std::process::Command::new(workspace::rustc()).arg("-V"))?;
    let guest_rustc = toolchain.version()?;
    let mut names = Vec::new();
    let mut write = |name: &str, roots: &[&str], rustc: &str, graph: &CrateGraph| {
        let bytes = files::read(&workspace.dist.join(name))?;
        let described = Described {
            name,
            bytes: &bytes,
            roots,
            rustc,
        };
        let bill = sbom::of(&described, graph)?;
        let bill_name = format!("{name}.cdx.json");
        files::put(&workspace.dist.join(&bill_name), bill.as_bytes())?;
        names.extend([name.to_owned(), bill_name]);
        anyhow::Ok(())
    };
    write("keyhole", &["keyhole"], host_rustc.trim(), &slim)?;
    write("keyhole-full", &["keyhole"], host_rustc.trim(), &full)?;
    for (name, packages) in COMPONENTS {
        write(name, packages, &guest_rustc, &of_components)?;
    }
    Ok(names)
}

/// Writes the digests of all files, and how they were built.
fn describe(
    workspace: &Workspace,
    toolchain: &Toolchain,
    provenance: &Provenance,
    mut names: Vec<String>,
) -> Result<()> {
    names.extend(["exchange.json", "envoy-filter.json"].map(str::to_owned));
    names.sort();
    let mut subjects = Vec::new();
    println!("{:<28}{:>12}  SHA-256", "target/dist", "bytes");
    for name in names {
        let bytes = files::read(&workspace.dist.join(&name))?;
        let digest = files::sha256(&bytes);
        println!("{name:<28}{:>12}  {digest}", bytes.len());
        subjects.push((name, digest));
    }
    let statement = provenance.statement(workspace, toolchain, &subjects)?;
    let name = "provenance.json";
    files::put(&workspace.dist.join(name), statement.as_bytes())?;
    subjects.push((name.to_owned(), files::sha256(statement.as_bytes())));
    subjects.sort();
    let sums: String = subjects
        .iter()
        .map(|(name, digest)| format!("{digest}  {name}\n"))
        .collect();
    files::put(&workspace.dist.join("SHA256SUMS"), sums.as_bytes())?;
    Ok(())
}
