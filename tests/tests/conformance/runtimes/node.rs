//! The transpiled program on Node.

use super::{Grants, Program, Ran, Runtime, javascript, process};
use crate::pod::{Pod, Transport};

pub(super) const NAME: &str = "Node, transpiled";

pub(super) struct Node {
    version: String,
}

impl Node {
    pub(super) fn find(program: &Program) -> Result<Self, String> {
        program.transpiled()?;
        let version = process::version(&["node", "--version"].map(str::to_owned))?;
        Ok(Self {
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
        ["node", super::MEMORY, "run.mjs", "plan.json"]
            .map(str::to_owned)
            .into()
    }

    fn run(&self, program: &Program, pods: &[Pod]) -> Vec<Ran> {
        let folder = program.transpiled().expect("it is transpiled");
        let plan = javascript::plan(&folder.join("keyhole"), pods, self.grants());
        let mut command = process::command("node".as_ref());
        command
            .arg(super::MEMORY)
            .arg(folder.join("run.mjs"))
            .arg(plan)
            .env("NODE_EXTRA_CA_CERTS", javascript::roots(pods));
        javascript::run(&mut command, pods)
    }
}
