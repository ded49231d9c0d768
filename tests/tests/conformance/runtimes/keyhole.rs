//! Our host, in its modes.

use super::{Grants, Ran, Runtime, process};
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
    more: Vec<String>,
}

/// As users get it: the component as machine code in the program.
pub(super) fn aot() -> Result<Keyhole, String> {
    keyhole(AOT, program::slim(), Vec::new())
}

/// The full build, which compiles the component at each start.
pub(super) fn cranelift() -> Result<Keyhole, String> {
    let digest = Digest::of(&artifacts::bytes("exchange")).to_string();
    let component = artifacts::component("exchange").display().to_string();
    let more = ["--component", &component, "--digest", &digest];
    keyhole(CRANELIFT, program::full(), more.map(str::to_owned).to_vec())
}

/// wasmtime's interpreter.
pub(super) fn pulley() -> Result<Keyhole, String> {
    Err(
        "the host's one configuration compiles for the build's own target: it has no interpreter"
            .to_owned(),
    )
}

fn keyhole(name: &'static str, program: PathBuf, more: Vec<String>) -> Result<Keyhole, String> {
    let words = [program.display().to_string(), "--version".to_owned()];
    Ok(Keyhole {
        name,
        version: process::version(&words)?,
        program,
        more,
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

    fn command(&self) -> Vec<String> {
        let full = ["keyhole-full", "verify", "--component", "exchange.wasm"];
        let words: &[&str] = match self.more.is_empty() {
            true => &["keyhole", "verify"],
            false => &full,
        };
        let digest = (!self.more.is_empty()).then_some(["--digest", "sha256:DIGEST"]);
        let words = words.iter().copied().chain(digest.into_iter().flatten());
        words.map(str::to_owned).collect()
    }

    fn run(&self, pods: &[Pod]) -> Vec<Ran> {
        let one = |pod: &Pod| {
            let mut command = process::command(&self.program);
            command
                .args(&pod.arguments)
                .args(&self.more)
                .envs(pod.variables.iter().cloned())
                .env("SSL_CERT_FILE", pod.emulator.ca_file());
            process::run(&mut command, pod.folder(), 1)
        };
        pods.iter().map(one).collect()
    }
}
