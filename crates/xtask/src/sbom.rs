//! What a program or a component is made of, as a bill of materials that scanners
//! read (CycloneDX 1.6, JSON). It holds no time and no path: the same sources give
//! the same bytes.

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::crate_graph::{CrateGraph, Package};
use crate::files;

/// A file that is described.
pub(crate) struct Described<'a> {
    /// Its name.
    pub(crate) name: &'a str,
    /// Its bytes.
    pub(crate) bytes: &'a [u8],
    /// The packages it was built from: several where components were joined.
    pub(crate) roots: &'a [&'a str],
    /// Which compiler built it, as `rustc -V` says.
    pub(crate) rustc: &'a str,
}

/// The bill, keys sorted.
///
/// # Errors
///
/// A root is not in the graph.
pub(crate) fn of(described: &Described<'_>, graph: &CrateGraph) -> Result<String> {
    let packages = graph.below(described.roots)?;
    let components: Vec<Value> = packages.iter().map(|package| component(package)).collect();
    let mut dependencies = vec![json!({
        "ref": described.name,
        "dependsOn": described.roots.iter().map(|root| Ok(reference(graph.named(root)?)))
            .collect::<Result<Vec<_>>>()?,
    })];
    for package in &packages {
        dependencies.push(json!({
            "ref": reference(package),
            "dependsOn": graph.needs(package).map(reference).collect::<Vec<_>>(),
        }));
    }
    let rustc = described.rustc.strip_prefix("rustc ");
    let rustc = rustc.context("`rustc -V` is not as expected")?;
    let bill = json!({
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": described.name,
                "name": described.name,
                "version": env!("CARGO_PKG_VERSION"),
                "licenses": [{"expression": "MIT OR Apache-2.0"}],
                "hashes": [{"alg": "SHA-256", "content": files::sha256(described.bytes)}],
                // With it comes the standard library, which is no crate of a registry.
                "properties": [{"name": "keyhole:rustc", "value": rustc}],
            },
            "lifecycles": [{"phase": "build"}],
        },
        "components": components,
        "dependencies": dependencies,
    });
    Ok(format!("{bill:#}\n"))
}

fn component(package: &Package) -> Value {
    let mut component = json!({
        "type": "library",
        "bom-ref": reference(package),
        "name": package.name,
        "version": package.version,
        "purl": reference(package),
    });
    if !package.license.is_empty() {
        component["licenses"] = json!([{"expression": package.license}]);
    }
    if let Some(checksum) = &package.checksum {
        component["hashes"] = json!([{"alg": "SHA-256", "content": checksum}]);
    }
    component
}

/// Package URL (purl-spec, type cargo).
fn reference(package: &Package) -> String {
    format!("pkg:cargo/{}@{}", package.name, package.version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bill_names_the_file_by_its_digest_and_what_it_needs() {
        let tree = "0|shell v0.1.0 (/w/shell)|MIT OR Apache-2.0\n1|core v0.1.0 (/w/core)|MIT\n\
                    2|serde v1.0.2|MIT/Apache-2.0\n";
        let lock = "[[package]]\nname = \"serde\"\nversion = \"1.0.2\"\n\
                    checksum = \"00ff\"\n";
        let graph = CrateGraph::parse(tree, lock).unwrap();
        let described = Described {
            name: "shell.wasm",
            bytes: b"",
            roots: &["shell"],
            rustc: "rustc 1.96.0 (0123 2026-05-25)",
        };
        let bill: Value = serde_json::from_str(&of(&described, &graph).unwrap()).unwrap();
        assert_eq!(
            bill["metadata"]["component"]["hashes"][0]["content"],
            files::sha256(b"")
        );
        let purls = bill["components"].as_array().unwrap().iter();
        let purls: Vec<_> = purls.map(|one| one["purl"].as_str().unwrap()).collect();
        let expected = [
            "pkg:cargo/core@0.1.0",
            "pkg:cargo/serde@1.0.2",
            "pkg:cargo/shell@0.1.0",
        ];
        assert_eq!(purls, expected);
        let serde = &bill["components"][1];
        assert_eq!(serde["hashes"][0]["content"], "00ff");
        assert_eq!(serde["licenses"][0]["expression"], "MIT OR Apache-2.0");
        let dependencies = bill["dependencies"].as_array().unwrap();
        assert_eq!(dependencies[0]["dependsOn"][0], "pkg:cargo/shell@0.1.0");
        assert!(dependencies.contains(&json!({
            "ref": "pkg:cargo/core@0.1.0",
            "dependsOn": ["pkg:cargo/serde@1.0.2"],
        })));
    }
}
