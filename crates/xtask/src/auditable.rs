//! The crates in a program, in the program: what `cargo audit bin` and other scanners
//! read of its section `.dep-v0`, in the form of cargo-auditable.

use std::io::Write as _;

use anyhow::{Context, Result};
use auditable_serde::{DependencyKind, Package, Source, VersionInfo};
use flate2::Compression;
use flate2::write::ZlibEncoder;

use crate::crate_graph::CrateGraph;
use crate::files;
use crate::selection;
use crate::workspace::Workspace;

/// The package of the program.
const PROGRAM: &str = "keyhole";

/// Writes it where the program's build script looks, for the slim and the full build.
///
/// # Errors
///
/// cargo cannot tell the crates, or a file cannot be written.
pub(crate) fn put(workspace: &Workspace) -> Result<()> {
    let slim = CrateGraph::of(workspace, &workspace.host, |cargo| {
        cargo.args(["--package", PROGRAM]);
    })?;
    let full = CrateGraph::of(workspace, &workspace.host, |cargo| {
        selection::packages(cargo);
    })?;
    for (name, graph) in [("keyhole", slim), ("keyhole-full", full)] {
        let path = workspace.artifacts.join(format!("{name}.auditable"));
        files::put(&path, &section(&graph)?)?;
    }
    Ok(())
}

/// The section's bytes: JSON, compressed by zlib.
fn section(graph: &CrateGraph) -> Result<Vec<u8>> {
    let json = serde_json::to_vec(&crates(graph)?)?;
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(&json)?;
    Ok(encoder.finish()?)
}

fn crates(graph: &CrateGraph) -> Result<VersionInfo> {
    let packages: Vec<_> = graph.below(&[PROGRAM])?.into_iter().collect();
    let described = packages.iter().map(|package| {
        let needs = graph.needs(package);
        let version = package.version.parse();
        Ok(Package {
            name: package.name.clone(),
            version: version.with_context(|| format!("the version of {}", package.name))?,
            source: match package.checksum {
                Some(_) => Source::CratesIo,
                None => Source::Local,
            },
            kind: DependencyKind::Runtime,
            dependencies: needs
                .filter_map(|need| packages.binary_search(&need).ok())
                .collect(),
            root: package.name == PROGRAM,
        })
    });
    Ok(VersionInfo {
        packages: described.collect::<Result<_>>()?,
        format: 0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read as _;

    #[test]
    fn the_section_reads_back_with_the_program_as_its_root() {
        let tree = "0|keyhole v0.1.0 (/w/cli)|MIT\n1|http v1.5.0|MIT\n2|bytes v1.12.2|MIT\n";
        let lock = "[[package]]\nname = \"http\"\nversion = \"1.5.0\"\nchecksum = \"00\"\n\n\
                    [[package]]\nname = \"bytes\"\nversion = \"1.12.2\"\nchecksum = \"01\"\n";
        let section = section(&CrateGraph::parse(tree, lock).unwrap()).unwrap();
        let mut json = String::new();
        flate2::read::ZlibDecoder::new(&section[..])
            .read_to_string(&mut json)
            .unwrap();
        let read: VersionInfo = serde_json::from_str(&json).unwrap();
        let names: Vec<_> = read.packages.iter().map(|one| one.name.as_str()).collect();
        assert_eq!(names, ["bytes", "http", "keyhole"]);
        assert_eq!(read.packages[2].dependencies, [1]);
        assert!(read.packages[2].root && !read.packages[0].root);
        assert!(matches!(read.packages[0].source, Source::CratesIo));
    }
}
