//! Our host, in its modes.

use super::{Grants, Program, Ran, Runtime, process};
use crate::isolation::How;
use crate::pod::{Pod, Transport};
use keyhole_host::Digest;
use keyhole_tests::{artifacts, program};
use std::path::PathBuf;

pub(super) const AOT: &str = "keyhole, machine code";
pub(super) const CRANELIFT: &str = "keyhole, Cranelift";
pub(super) const PULLEY: &str = "keyhole, Pulley";

/// `keyhole` or `keyhole-full`, with more arguments.
pub(super) struct Keyhole {
    name: &'static str,
    program: PathBuf,
    version: String,
    /// Flags of the engine, for a component that is named; none for the program's own.
    engine: Option<&'static [&'static str]>,
}

/// As users get it: the component as machine code in the program.
pub(super) fn aot() -> Result<Keyhole, String> {
    keyhole(AOT, program::slim(), None)
}

/// The full build, which compiles the component at each start.
pub(super) fn cranelift() -> Result<Keyhole, String> {
    keyhole(CRANELIFT, program::full(), Some(&[]))
}

/// The same, which compiles to bytecode for wasmtime's interpreter.
pub(super) fn pulley() -> Result<Keyhole, String> {
    keyhole(PULLEY, program::full(), Some(&["--engine", "pulley"]))
}

fn keyhole(
    name: &'static str,
    program: PathBuf,
    engine: Option<&'static [&'static str]>,
) -> Result<Keyhole, String> {
    let words = [program.display().to_string(), "--version".to_owned()];
    Ok(Keyhole {
        name,
        version: process::version(&words)?,
        program,
        engine,
    })
}

impl Runtime for Keyhole {
    fn name(&self) -> &'static str {
        self.name
    }

    fn family(&self) -> &'static str {
        "keyhole"
    }

    fn version(&self) -> String {
        self.version.clone()
    }

    fn transport(&self) -> Transport {
        Transport::Tls
    }

    fn grants(&self) -> Grants {
        Grants::File
    }

    fn batch(&self) -> usize {
        1
    }

    /// `keyhole` carries the exchange alone; guards are for other runtimes.
    fn holds(&self, how: How) -> bool {
        self.engine.is_some() && how == How::Bare
    }

    fn command(&self) -> Vec<String> {
        let Some(engine) = self.engine else {
            return ["keyhole", "verify"].map(str::to_owned).into();
        };
        let mut words = vec!["keyhole-full", "verify"];
        words.extend(engine);
        words.extend(["--component", "exchange.wasm", "--digest", "sha256:DIGEST"]);
        words.into_iter().map(str::to_owned).collect()
    }

    fn run(&self, program: &Program, pods: &[Pod]) -> Vec<Ran> {
        let component = artifacts::component(program.exchange);
        let digest = Digest::of(&artifacts::bytes(program.exchange)).to_string();
        let one = |pod: &Pod| {
            let mut command = process::command(&self.program);
            command
                .args(&pod.arguments)
                .envs(pod.variables.iter().cloned())
                .env("SSL_CERT_FILE", pod.emulator.ca_file());
            if let Some(engine) = self.engine {
                command.args(engine);
                command.arg("--component").arg(&component);
                command.args(["--digest", &digest]);
            }
            process::run(&mut command, pod.folder(), pod.patience)
        };
        pods.iter().map(one).collect()
    }
}
