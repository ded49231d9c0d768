//! The one selection of packages and features for everything in the release
//! profile.
//!
//! cargo unites the features of the packages it is asked for, so two
//! selections could mean two builds of wasmtime, minutes each. The full build,
//! the demo and the tests therefore name the same packages, always.

use std::process::Command;

/// Packages with programs or tests. The components are built elsewhere, and
/// xtask's own tests use the profile it runs in.
const PACKAGES: &[&str] = &[
    "keyhole",
    "keyhole-emulator",
    "keyhole-exchange",
    "keyhole-host",
    "keyhole-policy",
    "keyhole-report",
    "keyhole-tests",
];

/// The full build runs components that are not embedded.
const FEATURES: &str = "keyhole/compiler";

/// Adds the selection to a `cargo build` or `cargo test`.
pub(crate) fn select(cargo: &mut Command) -> &mut Command {
    cargo.args(["--release", "--features", FEATURES]);
    for package in PACKAGES {
        cargo.args(["--package", package]);
    }
    cargo
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::Workspace;

    #[test]
    fn every_package_is_either_selected_or_known_to_be_built_elsewhere() {
        const ELSEWHERE: &[&str] = &["keyhole-component", "keyhole-guests", "xtask"];
        let workspace = Workspace::find().unwrap();
        let metadata = workspace.metadata(&workspace.host).unwrap();
        let members = metadata["workspace_members"].as_array().unwrap();
        for package in metadata["packages"].as_array().unwrap() {
            if members.contains(&package["id"]) {
                let name = package["name"].as_str().unwrap();
                assert!(
                    PACKAGES.contains(&name) != ELSEWHERE.contains(&name),
                    "{name}: add it to PACKAGES, or its tests never run"
                );
            }
        }
    }
}
