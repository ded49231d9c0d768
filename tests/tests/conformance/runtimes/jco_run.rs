//! `jco run`, which transpiles the program at each start.

use super::{Grants, Program, Ran, Runtime, javascript, process, tool};
use crate::pod::{Pod, Transport};
use std::path::{Path, PathBuf};

pub(super) const NAME: &str = "jco run";

pub(super) struct JcoRun {
    jco: PathBuf,
    folder: PathBuf,
    version: String,
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
    pub(super) fn find(scratch: &Path, program: &Program) -> Result<Self, String> {
        program.command()?;
        Ok(Self {
            jco: jco()?,
            folder: javascript::drivers(scratch, "jco")?,
            version: format!("jco {}", version()?),
        })
    }
}

/// The command line. The option that takes several values must not be the last
/// before the program.
fn words(
    jco: &[String],
    folder: &str,
    narrowed: bool,
    program: &str,
    arguments: &[String],
) -> Vec<String> {
    let mut words = jco.to_vec();
    words.push("run".to_owned());
    if narrowed {
        let map = format!("wasi:http/outgoing-handler={folder}/handler.mjs#outgoingHandler");
        words.extend(["--jco-map".to_owned(), map]);
    }
    let grant = format!("{folder}/grant.mjs");
    words.extend(["--jco-import".to_owned(), grant, program.to_owned()]);
    words.extend_from_slice(arguments);
    words
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
            2,
            "each start translates the program anew, so one case in two is run, and all by \
             `cargo xtask test --all`",
        ))
    }

    fn command(&self) -> Vec<String> {
        let jco = ["npx", "jco"].map(str::to_owned);
        words(&jco, "$PWD", true, "keyhole.wasm", &["verify".to_owned()])
    }

    fn run(&self, program: &Program, pods: &[Pod]) -> Vec<Ran> {
        let jco = ["node".to_owned(), self.jco.display().to_string()];
        let one = |pod: &Pod| {
            let words = words(
                &jco,
                &self.folder.display().to_string(),
                pod.narrowed,
                &program.command.display().to_string(),
                &pod.arguments,
            );
            let mut command = process::of_words(&words);
            let run = javascript::run_of(pod, self.grants());
            command
                .env("JCO_RUN_ARGS", super::MEMORY)
                .env("KEYHOLE_RUN", run.to_string())
                .env("NODE_EXTRA_CA_CERTS", pod.emulator.ca_file());
            process::run(&mut command, pod.folder(), pod.patience)
        };
        pods.iter().map(one).collect()
    }
}
