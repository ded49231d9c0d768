//! Components into one.

use wac_graph::types::{Package, are_semver_compatible};
use wac_graph::{CompositionGraph, EncodeOptions, NodeId, PackageId};

use crate::{GuardError, Guards};

const RULE: &str = "keyhole:guard/rule@0.1.0";
const WITNESS: &str = "keyhole:guard/witness@0.1.0";

/// What the guard of the endpoint stands for.
const BY_ENDPOINT: &[&str] = &[
    "wasi:cli/stderr@0.2.12",
    "wasi:cli/stdin@0.2.12",
    "wasi:cli/stdout@0.2.12",
    "wasi:http/outgoing-handler@0.2.12",
    "wasi:http/types@0.2.12",
    STREAMS,
];
const STREAMS: &str = "wasi:io/streams@0.2.12";

/// What the guard of the file stands for.
const BY_FILE: &[&str] = &[
    "wasi:filesystem/preopens@0.2.12",
    "wasi:filesystem/types@0.2.12",
];

/// What goes to the runtime: nothing in it leads to the network or to a file.
const BY_RUNTIME: &[&str] = &[
    "wasi:cli/environment@0.2.12",
    "wasi:cli/exit@0.2.12",
    "wasi:cli/terminal-input@0.2.12",
    "wasi:cli/terminal-output@0.2.12",
    "wasi:cli/terminal-stderr@0.2.12",
    "wasi:cli/terminal-stdin@0.2.12",
    "wasi:cli/terminal-stdout@0.2.12",
    "wasi:clocks/monotonic-clock@0.2.12",
    "wasi:clocks/wall-clock@0.2.12",
    "wasi:io/error@0.2.12",
    "wasi:io/poll@0.2.12",
    "wasi:random/insecure@0.2.12",
    "wasi:random/insecure-seed@0.2.12",
    "wasi:random/random@0.2.12",
];

/// A graph of which every fault has one meaning.
struct Joint<'a> {
    graph: CompositionGraph,
    fault: &'a dyn Fn(String) -> GuardError,
}

impl Joint<'_> {
    fn register(&mut self, name: &str, bytes: &[u8]) -> Result<PackageId, GuardError> {
        let package = Package::from_bytes(name, None, bytes.to_vec(), self.graph.types_mut())
            .map_err(|error| (self.fault)(format!("{error:#}")))?;
        self.graph
            .register_package(package)
            .map_err(|error| (self.fault)(error.to_string()))
    }

    /// Gives an export to an import.
    fn give(
        &mut self,
        from: NodeId,
        export: &str,
        to: NodeId,
        import: &str,
    ) -> Result<(), GuardError> {
        let fault = |error: &dyn std::error::Error| {
            let cause = error.source().map(|cause| format!(": {cause:#}"));
            (self.fault)(format!("{error}{}", cause.unwrap_or_default()))
        };
        let export = self
            .graph
            .alias_instance_export(from, export)
            .map_err(|error| fault(&error))?;
        self.graph
            .set_instantiation_argument(to, import, export)
            .map_err(|error| fault(&error))
    }

    fn imports(&self, package: PackageId) -> Vec<String> {
        let world = &self.graph.types()[self.graph[package].ty()];
        world.imports.keys().cloned().collect()
    }

    fn exports(&self, package: PackageId) -> Vec<String> {
        let world = &self.graph.types()[self.graph[package].ty()];
        world.exports.keys().cloned().collect()
    }
}

/// Joins the program and the guards by this component of a rule.
pub(crate) fn join(
    program: &[u8],
    rule: &[u8],
    guards: &Guards<'_>,
) -> Result<Vec<u8>, GuardError> {
    let mut joint = Joint {
        graph: CompositionGraph::new(),
        fault: &GuardError::Bug,
    };
    let rule = joint.register("keyhole:guard-rule", rule)?;
    let endpoint = joint.register("keyhole:guard-endpoint", guards.endpoint)?;
    let file = joint.register("keyhole:guard-file", guards.file)?;
    joint.fault = &GuardError::NoComponent;
    let program = joint.register("keyhole:guarded", program)?;
    let imports = joint.imports(program);
    let exports = joint.exports(program);
    check(&imports, &exports)?;

    joint.fault = &GuardError::Bug;
    let rule = joint.graph.instantiate(rule);
    let endpoint = joint.graph.instantiate(endpoint);
    joint.give(rule, RULE, endpoint, RULE)?;
    let file_imports_streams = joint.imports(file).iter().any(|name| name == STREAMS);
    let file = joint.graph.instantiate(file);
    joint.give(rule, RULE, file, RULE)?;
    joint.give(endpoint, WITNESS, file, WITNESS)?;
    if file_imports_streams {
        joint.give(endpoint, STREAMS, file, STREAMS)?;
    }

    joint.fault = &GuardError::Misfit;
    let program = joint.graph.instantiate(program);
    for import in &imports {
        if let Some(export) = known(BY_ENDPOINT, import) {
            joint.give(endpoint, export, program, import)?;
        } else if let Some(export) = known(BY_FILE, import) {
            joint.give(file, export, program, import)?;
        }
    }
    for name in &exports {
        let misfit = |error: &dyn std::fmt::Display| GuardError::Misfit(error.to_string());
        let export = joint
            .graph
            .alias_instance_export(program, name)
            .map_err(|error| misfit(&error))?;
        joint
            .graph
            .export(export, name)
            .map_err(|error| misfit(&error))?;
    }
    joint
        .graph
        .encode(EncodeOptions::default())
        .map_err(|error| GuardError::Misfit(format!("{error:?}")))
}

/// Whether everything that the program imports is held or needs no guard.
fn check(imports: &[String], exports: &[String]) -> Result<(), GuardError> {
    for import in imports {
        if import.starts_with("keyhole:guard/") {
            return Err(GuardError::GuardsOwn(import.clone()));
        }
        if ![BY_ENDPOINT, BY_FILE, BY_RUNTIME]
            .iter()
            .any(|names| known(names, import).is_some())
        {
            return Err(GuardError::NotHeld(import.clone()));
        }
    }
    if let Some(server) = exports.iter().find(|name| name.starts_with("wasi:http/")) {
        return Err(GuardError::Server(server.clone()));
    }
    let ways_out = [
        "wasi:http/outgoing-handler@0.2.12",
        "wasi:filesystem/preopens@0.2.12",
    ];
    match imports
        .iter()
        .any(|import| known(&ways_out, import).is_some())
    {
        true => Ok(()),
        false => Err(GuardError::NothingToGuard),
    }
}

/// The one of these names that an import of any 0.2 means.
fn known<'n>(names: &[&'n str], import: &str) -> Option<&'n str> {
    names
        .iter()
        .copied()
        .find(|name| are_semver_compatible(name, import))
}
