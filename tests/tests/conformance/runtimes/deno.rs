//! The transpiled program on Deno, whose permissions hold below the shim.

use super::{Grants, Program, Ran, Runtime, javascript, process, tool};
use crate::pod::{Pod, Transport};
use std::path::{Path, PathBuf};

pub(super) const NAME: &str = "Deno, transpiled";

pub(super) struct Deno {
    deno: PathBuf,
    version: String,
}

impl Deno {
    pub(super) fn find(program: &Program) -> Result<Self, String> {
        program.transpiled()?;
        let deno = tool("KEYHOLE_DENO")?;
        let words = [deno.display().to_string(), "--version".to_owned()];
        Ok(Self {
            version: format!(
                "{}, jco {}",
                process::version(&words)?,
                super::jco_run::version()?
            ),
            deno,
        })
    }
}

/// The command line: the authority, and the files that are read.
fn words(
    deno: &str,
    hosts: &str,
    files: &str,
    out: &str,
    roots: &str,
    driver: &str,
) -> Vec<String> {
    let read = format!("--allow-read={files}");
    let write = format!("--allow-write={out}");
    let net = format!("--allow-net={hosts}");
    let memory = format!("--v8-flags={}", super::MEMORY);
    [
        deno,
        "run",
        "--no-prompt",
        &memory,
        "--allow-env",
        &net,
        &read,
        &write,
        "--cert",
        roots,
        driver,
        "plan.json",
    ]
    .map(str::to_owned)
    .to_vec()
}

/// The host and port that a case's settings name, if they name any.
fn host(pod: &Pod) -> Option<String> {
    let endpoint = pod.endpoint();
    let host = endpoint.split_once("://")?.1.split('/').next()?;
    let plain = |c: char| c.is_ascii_alphanumeric() || ".-:".contains(c);
    (!host.is_empty() && host.chars().all(plain)).then(|| host.to_owned())
}

impl Runtime for Deno {
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
        javascript::BATCH
    }

    fn command(&self) -> Vec<String> {
        let files = format!("keyhole,node_modules,plan.json,{}", super::PODS_FOLDER);
        words("deno", "HOST:PORT", &files, "out", "ca.pem", "run.mjs")
    }

    fn run(&self, program: &Program, pods: &[Pod]) -> Vec<Ran> {
        let folder = program.transpiled().expect("it is transpiled");
        let plan = javascript::plan(&folder.join("keyhole"), pods, self.grants());
        let text = |path: &Path| path.display().to_string();
        let modules = folder.join("node_modules");
        let packages = modules.canonicalize().expect("jco's packages");
        let joined = |parts: Vec<String>| parts.join(",");
        let outs: Vec<String> = pods.iter().map(|pod| text(&pod.out())).collect();
        let mut files = vec![text(&folder), text(&packages)];
        files.extend(outs.iter().cloned());
        files.extend(pods.iter().map(|pod| text(pod.mount())));
        files.push(text(&plan));
        let hosts = pods.iter().filter_map(host);
        let mut words = words(
            &text(&self.deno),
            &joined(hosts.collect()),
            &joined(files),
            &joined(outs),
            &text(&javascript::roots(pods)),
            &text(&folder.join("run.mjs")),
        );
        *words.last_mut().expect("the plan") = text(&plan);
        let mut command = process::of_words(&words);
        // It looks for a newer one of itself otherwise.
        command.env("DENO_NO_UPDATE_CHECK", "1");
        javascript::run(&mut command, pods)
    }
}
