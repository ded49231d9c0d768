//! The transpiled program on Node.

use super::{Grants, Ran, Runtime, javascript, process};
use crate::pod::{Pod, Transport};
use std::path::PathBuf;

pub(super) const NAME: &str = "Node, transpiled";

pub(super) struct Node {
    folder: PathBuf,
    version: String,
}

impl Node {
    pub(super) fn find(transpiled: &javascript::Transpiled) -> Result<Self, String> {
        let version = process::version(&["node", "--version"].map(str::to_owned))?;
        Ok(Self {
            folder: transpiled.folder()?,
            version: format!("Node {version}, jco {}", super::jco_run::version()?),
        })
    }
}

impl Runtime for Node {
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
        ["node", "run.mjs", "plan.json"].map(str::to_owned).into()
    }

    fn run(&self, pods: &[Pod]) -> Vec<Ran> {
        let plan = javascript::plan(&self.folder.join("keyhole"), pods, self.grants());
        let mut command = process::command("node".as_ref());
        command
            .arg(self.folder.join("run.mjs"))
            .arg(plan)
            .env("NODE_EXTRA_CA_CERTS", javascript::roots(pods));
        javascript::run(&mut command, pods)
    }
}
