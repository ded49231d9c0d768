//! `jco run`, which transpiles the program at each start.

use super::{Grants, Ran, Runtime, javascript, process, program, tool};
use crate::pod::{Pod, Transport};
use std::path::{Path, PathBuf};

pub(super) const NAME: &str = "jco run";

pub(super) struct JcoRun {
    jco: PathBuf,
    folder: PathBuf,
    version: String,
    program: PathBuf,
}

/// Which jco it is.
pub(super) fn version() -> Result<String, String> {
    let jco = jco()?;
    process::version(&["node", &jco.display().to_string(), "--version"].map(str::to_owned))
}

fn jco() -> Result<PathBuf, String> {
    Ok(tool("KEYHOLE_JCO")?.join("node_modules/.bin/jco"))
}

impl JcoRun {
    pub(super) fn find(scratch: &Path) -> Result<Self, String> {
        Ok(Self {
            jco: jco()?,
            folder: javascript::drivers(scratch, "jco")?,
            version: format!("jco {}", version()?),
            program: program()?,
        })
    }
}

/// The command line. The option that takes several values must not be the last
/// before the program.
fn words(jco: &[String], folder: &str, program: &str, arguments: &[String]) -> Vec<String> {
    let map = format!("wasi:http/outgoing-handler={folder}/handler.mjs#outgoingHandler");
    let grant = format!("{folder}/grant.mjs");
    let more = ["run", "--jco-map", &map, "--jco-import", &grant, program].map(str::to_owned);
    let words = jco.iter().cloned().chain(more);
    words.chain(arguments.iter().cloned()).collect()
}

impl Runtime for JcoRun {
    fn name(&self) -> &'static str {
        NAME
    }

    fn family(&self) -> &'static str {
        NAME
    }

    fn version(&self) -> String {
        self.version.clone()
    }

    fn transport(&self) -> Transport {
        Transport::Tls
    }

    fn grants(&self) -> Grants {
        Grants::Either
    }

    fn batch(&self) -> usize {
        1
    }

    fn sample(&self) -> Option<(usize, &'static str)> {
        Some((
            6,
            "each start transpiles the program anew, so one case in six is run, and all with \
             KEYHOLE_EVERY_CASE",
        ))
    }

    fn command(&self) -> Vec<String> {
        let jco = ["npx", "jco"].map(str::to_owned);
        words(&jco, "$PWD", "keyhole.wasm", &["verify".to_owned()])
    }

    fn run(&self, pods: &[Pod]) -> Vec<Ran> {
        let jco = ["node".to_owned(), self.jco.display().to_string()];
        let one = |pod: &Pod| {
            let words = words(
                &jco,
                &self.folder.display().to_string(),
                &self.program.display().to_string(),
                &pod.arguments,
            );
            let mut command = process::of_words(&words);
            let run = javascript::run_of(pod, self.grants());
            command
                .env("KEYHOLE_RUN", run.to_string())
                .env("NODE_EXTRA_CA_CERTS", pod.emulator.ca_file());
            process::run(&mut command, pod.folder(), 1)
        };
        pods.iter().map(one).collect()
    }
}
