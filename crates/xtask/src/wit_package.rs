//! The interfaces as a package that registries take: `wit/` encoded as a component
//! without code (component-model/design/mvp/WIT.md, "Package Format"), which is what
//! `wkg publish` sends.

use std::path::PathBuf;

use anyhow::{Context, Result, bail, ensure};
use wit_component::WitPrinter;
use wit_parser::{PackageId, Resolve};

use crate::files;
use crate::workspace::Workspace;

/// Encodes the interfaces, reads them back, and answers where they are and how many
/// bytes that is. Nothing is fetched: what they use lies in `wit/deps`.
///
/// # Errors
///
/// `wit/` is not valid, its version is not the workspace's, or what was encoded
/// reads otherwise.
pub(crate) fn encode(workspace: &Workspace) -> Result<(PathBuf, usize)> {
    let mut resolve = Resolve::default();
    let (package, _) = resolve
        .push_dir(workspace.root.join("wit"))
        .context("wit/ is not valid")?;
    let name = resolve.packages[package].name.clone();
    let version = name.version.as_ref().map(ToString::to_string);
    ensure!(
        version.as_deref() == Some(env!("CARGO_PKG_VERSION")),
        "the package in wit/ is {name}, the workspace {}",
        env!("CARGO_PKG_VERSION")
    );
    let encoded = wit_component::encode(&resolve, package).context("wit/ cannot be encoded")?;
    let back = wit_component::decode(&encoded).context("what was encoded cannot be read")?;
    if text(back.resolve(), back.package())? != text(&resolve, package)? {
        bail!("what was encoded of wit/ reads otherwise than wit/");
    }
    let file = format!(
        "{}-{}-{}.wasm",
        name.namespace,
        name.name,
        env!("CARGO_PKG_VERSION")
    );
    let path = workspace.packages().join(file);
    files::put(&path, &encoded)?;
    Ok((path, encoded.len()))
}

/// A package as text, comments included.
fn text(resolve: &Resolve, package: PackageId) -> Result<String> {
    let mut printer = WitPrinter::default();
    printer.print(resolve, package, &[])?;
    Ok(printer.output.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interfaces_read_the_same_when_they_are_encoded() {
        let folder = tempfile::tempdir().unwrap();
        let mut workspace = Workspace::find().unwrap();
        workspace.target = folder.path().to_owned();
        let (path, size) = encode(&workspace).unwrap();
        assert_eq!(path.file_name().unwrap(), "keyhole-identity-0.1.0.wasm");
        let bytes = files::read(&path).unwrap();
        assert_eq!(bytes.len(), size);
        let read = wit_component::decode(&bytes).unwrap();
        let text = text(read.resolve(), read.package()).unwrap();
        for part in [
            "package keyhole:identity@0.1.0;",
            "world exchange {",
            "get-token: func(",
            "/// Exchanges the pod's federated token",
        ] {
            assert!(text.contains(part), "{part:?} in {text}");
        }
    }
}
