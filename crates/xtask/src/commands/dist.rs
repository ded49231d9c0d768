//! `cargo xtask dist`: build, and beside the files what they are: digests, bills of
//! materials, how they were built.

use anyhow::Result;

use super::build;
use crate::crate_graph::CrateGraph;
use crate::files;
use crate::guests::{
    COMMAND, EXCHANGE, FLAGS, GATEWAY, GUARD_ENDPOINT, GUARD_ENVIRONMENT, GUARD_FILE,
};
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
    ("guard-endpoint.wasm", &[GUARD_ENDPOINT.package]),
    ("guard-environment.wasm", &[GUARD_ENVIRONMENT.package]),
    ("guard-file.wasm", &[GUARD_FILE.package]),
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

#[cfg(test)]
mod tests {
    use std::process::Command;

    use serde_json::Value;

    use super::*;

    #[test]
    fn every_file_of_a_release_has_a_bill_and_a_digest_that_sha256sum_confirms() {
        let folder = tempfile::tempdir().unwrap();
        let mut workspace = Workspace::find().unwrap();
        workspace.dist = folder.path().to_owned();
        let built = COMPONENTS.iter().map(|(name, _)| *name);
        let built = built.chain([
            "keyhole",
            "keyhole-full",
            "exchange.json",
            "envoy-filter.json",
        ]);
        for name in built {
            files::put(&workspace.dist.join(name), name.as_bytes()).unwrap();
        }
        let rustc = workspace::rustc();
        let toolchain = Toolchain::Ready { rustc };
        let provenance = Provenance::start(&workspace).unwrap();
        let names = bills(&workspace, &toolchain).unwrap();
        describe(&workspace, &toolchain, &provenance, names).unwrap();

        let mut check = Command::new("sha256sum");
        check.args(["--check", "--strict", "SHA256SUMS"]);
        let said = process::output(check.current_dir(folder.path())).unwrap();
        let confirmed = said.lines().filter(|line| line.ends_with(": OK")).count();
        let written = std::fs::read_dir(folder.path()).unwrap().count();
        assert_eq!(confirmed, written - 1, "all but the list itself: {said}");

        let read = |name: &str| -> Value {
            serde_json::from_slice(&files::read(&folder.path().join(name)).unwrap()).unwrap()
        };
        let subjects = read("provenance.json")["subject"].clone();
        let digest = files::sha256(b"exchange.wasm");
        let mut subjects = subjects.as_array().unwrap().iter();
        assert!(
            subjects
                .any(|one| one["name"] == "exchange.wasm" && one["digest"]["sha256"] == *digest)
        );
        let crates = |name: &str| read(name)["components"].to_string();
        assert!(crates("exchange.wasm.cdx.json").contains("pkg:cargo/keyhole-exchange@"));
        assert!(!crates("keyhole.cdx.json").contains("cranelift-codegen"));
        assert!(crates("keyhole-full.cdx.json").contains("cranelift-codegen"));
    }
}
