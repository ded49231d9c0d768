//! Our host, in its modes.

use super::{Grants, Program, Ran, Runtime, process};
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
    compiles: bool,
}

/// As users get it: the component as machine code in the program.
pub(super) fn aot() -> Result<Keyhole, String> {
    keyhole(AOT, program::slim(), false)
}

/// The full build, which compiles the component at each start.
pub(super) fn cranelift() -> Result<Keyhole, String> {
    keyhole(CRANELIFT, program::full(), true)
}

/// wasmtime's interpreter.
pub(super) fn pulley() -> Result<Keyhole, String> {
    Err(
        "the host's one configuration compiles for the build's own target: it has no interpreter"
            .to_owned(),
    )
}

fn keyhole(name: &'static str, program: PathBuf, compiles: bool) -> Result<Keyhole, String> {
    let words = [program.display().to_string(), "--version".to_owned()];
    Ok(Keyhole {
        name,
        version: process::version(&words)?,
        program,
        compiles,
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

    /// The other mode carries the exchange alone; guards are for other runtimes.
    fn holds(&self, how: &str) -> bool {
        self.compiles && how == "bare"
    }

    fn command(&self) -> Vec<String> {
        let words: &[&str] = match self.compiles {
            false => &["keyhole", "verify"],
            true => &[
                "keyhole-full",
                "verify",
                "--component",
                "exchange.wasm",
                "--digest",
                "sha256:DIGEST",
            ],
        };
        words.iter().copied().map(str::to_owned).collect()
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
            if self.compiles {
                command.arg("--component").arg(&component);
                command.args(["--digest", &digest]);
            }
            process::run(&mut command, pod.folder(), pod.patience)
        };
        pods.iter().map(one).collect()
    }
}
