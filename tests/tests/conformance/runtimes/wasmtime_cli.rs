//! The program `wasmtime`.

use super::{Grants, Ran, Runtime, process, program, tool};
use crate::pod::{Pod, Transport};
use std::path::PathBuf;

pub(super) const NAME: &str = "wasmtime";

pub(super) struct WasmtimeCli {
    wasmtime: PathBuf,
    version: String,
    program: PathBuf,
}

impl WasmtimeCli {
    pub(super) fn find() -> Result<Self, String> {
        let wasmtime = tool("KEYHOLE_WASMTIME")?;
        let words = [wasmtime.display().to_string(), "--version".to_owned()];
        Ok(Self {
            version: process::version(&words)?,
            wasmtime,
            program: program()?,
        })
    }
}

/// The command line: nothing is granted that is not named.
fn words<'a>(
    wasmtime: String,
    variables: impl Iterator<Item = &'a str>,
    folder: &str,
    program: String,
    arguments: &[String],
) -> Vec<String> {
    let mut words = vec![wasmtime, "run".to_owned()];
    words.extend(["-S", "http", "-W", "max-memory-size=16777216,timeout=60s"].map(str::to_owned));
    for name in variables {
        words.extend(["--env".to_owned(), name.to_owned()]);
    }
    words.extend(["--dir".to_owned(), format!("{folder}::{folder}"), program]);
    words.extend_from_slice(arguments);
    words
}

impl Runtime for WasmtimeCli {
    fn name(&self) -> &'static str {
        NAME
    }

    fn family(&self) -> &'static str {
        "wasmtime"
    }

    fn version(&self) -> String {
        self.version.clone()
    }

    fn transport(&self) -> Transport {
        Transport::PlainHttp
    }

    fn grants(&self) -> Grants {
        Grants::Folder
    }

    fn batch(&self) -> usize {
        1
    }

    fn command(&self) -> Vec<String> {
        words(
            "wasmtime".to_owned(),
            super::PODS_VARIABLES.into_iter(),
            super::PODS_FOLDER,
            "keyhole.wasm".to_owned(),
            &["verify".to_owned()],
        )
    }

    fn run(&self, pods: &[Pod]) -> Vec<Ran> {
        let one = |pod: &Pod| {
            let words = words(
                self.wasmtime.display().to_string(),
                pod.variables.iter().map(|(name, _)| name.as_str()),
                &pod.mount().display().to_string(),
                self.program.display().to_string(),
                &pod.arguments,
            );
            let mut command = process::of_words(&words);
            command.envs(pod.variables.iter().cloned());
            process::run(&mut command, pod.folder(), 1)
        };
        pods.iter().map(one).collect()
    }
}
