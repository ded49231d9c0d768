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
    "keyhole-commands",
    "keyhole-emulator",
    "keyhole-envoy-config",
    "keyhole-envoy-filter",
    "keyhole-example-host",
    "keyhole-exchange",
    "keyhole-guard",
    "keyhole-host",
    "keyhole-kubeconfig",
    "keyhole-policy",
    "keyhole-proxy-rules",
    "keyhole-report",
    "keyhole-tests",
];

/// The full build runs components that are not embedded.
const FEATURES: &str = "keyhole/compiler";

/// The bench of warm calls. Its package is none of the above: criterion need
/// not be compiled for the tests.
pub(crate) const WARM: &[&str] = &["bench", "--package", "keyhole-bench", "--bench", "warm"];

/// Adds the selection to a `cargo build`, `cargo test` or `cargo bench`.
pub(crate) fn select(cargo: &mut Command) -> &mut Command {
    // Not `--release`, which `cargo bench` does not know.
    packages(cargo.args(["--profile", "release"]))
}

/// The packages and features alone.
pub(crate) fn packages(cargo: &mut Command) -> &mut Command {
    cargo.args(["--features", FEATURES]);
    for package in PACKAGES {
        cargo.args(["--package", package]);
    }
    cargo
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::*;
    use crate::process;
    use crate::workspace::Workspace;

    #[test]
    fn every_package_is_either_selected_or_known_to_be_built_elsewhere() {
        const ELSEWHERE: &[&str] = &[
            "keyhole-bench",
            "keyhole-command",
            "keyhole-component",
            "keyhole-example-wasmtime",
            "keyhole-example-whoami",
            "keyhole-flags",
            "keyhole-gateway",
            "keyhole-guard-endpoint",
            "keyhole-guard-environment",
            "keyhole-guard-file",
            "keyhole-guests",
            "keyhole-hostile-gateway",
            "keyhole-other-component",
            "keyhole-slim-host",
            "xtask",
        ];
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

    /// How a cargo command would build wasmtime's crates and all they need:
    /// other features of any of them would mean another wasmtime.
    fn wasmtime_in(choose: impl FnOnce(&mut Command)) -> BTreeSet<String> {
        let mut cargo = process::cargo(&Workspace::find().unwrap());
        choose(&mut cargo);
        cargo
            .args(["--unit-graph", "-Z", "unstable-options"])
            .env("RUSTC_BOOTSTRAP", "1");
        let text = process::output(&mut cargo).unwrap();
        let graph: Value = serde_json::from_str(&text).unwrap();
        let units = graph["units"].as_array().unwrap();
        let is_wasmtime = |unit: &Value| unit["pkg_id"].as_str().unwrap().contains("#wasmtime");
        let mut to_see: Vec<usize> = (0..units.len())
            .filter(|&i| is_wasmtime(&units[i]))
            .collect();
        let mut seen = BTreeSet::new();
        while let Some(next) = to_see.pop() {
            if seen.insert(next) {
                let needs = units[next]["dependencies"].as_array().unwrap().iter();
                to_see.extend(needs.map(|need| need["index"].as_u64().unwrap() as usize));
            }
        }
        let described = |unit: &Value| {
            let parts = ["pkg_id", "mode", "platform", "features"];
            parts.map(|part| unit[part].to_string()).join(" ")
        };
        seen.into_iter().map(|i| described(&units[i])).collect()
    }

    fn must_be_one_wasmtime(one: &BTreeSet<String>, other: &BTreeSet<String>) {
        assert!(one.len() > 50, "{one:?}");
        let differing: Vec<_> = one.symmetric_difference(other).collect();
        assert!(
            differing.is_empty(),
            "a dependency adds features, and so a build of wasmtime: {differing:#?}"
        );
    }

    /// A dev-dependency that adds features has to be named in [dependencies]
    /// too.
    #[test]
    fn tests_and_benches_use_the_wasmtime_of_the_full_build() {
        let selected = |arguments: &'static [&'static str]| {
            wasmtime_in(|cargo| {
                select(cargo.args(arguments));
            })
        };
        let built = selected(&["build", "--bins"]);
        for command in [&["test", "--no-run"][..], WARM] {
            must_be_one_wasmtime(&built, &selected(command));
        }
    }

    #[test]
    fn the_slim_host_of_the_tests_uses_the_wasmtime_of_the_slim_build() {
        let slim = |packages: &'static [&'static str]| {
            wasmtime_in(|cargo| {
                cargo.args(["build", "--profile", "slim"]).args(packages);
            })
        };
        must_be_one_wasmtime(
            &slim(&["--package", "keyhole"]),
            &slim(&["--package", "keyhole", "--package", "keyhole-slim-host"]),
        );
    }
}
