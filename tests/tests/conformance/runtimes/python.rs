//! wasmtime as a library, in Python.

use super::{Grants, Ran, Runtime, javascript, process, program, tool};
use crate::pod::{Pod, Transport};
use keyhole_tests::artifacts::workspace;
use std::path::PathBuf;

pub(super) const NAME: &str = "wasmtime for Python";

pub(super) struct Python {
    python: PathBuf,
    version: String,
    program: PathBuf,
}

impl Python {
    pub(super) fn find() -> Result<Self, String> {
        const VERSION: &str = "from importlib import metadata, sys; \
            print('wasmtime', metadata.version('wasmtime'), 'on Python', sys.version.split()[0])";
        let python = tool("KEYHOLE_WASMTIME_PY")?;
        let words = [&*python.display().to_string(), "-c", VERSION].map(str::to_owned);
        Ok(Self {
            version: process::version(&words)?,
            python,
            program: program()?,
        })
    }
}

impl Runtime for Python {
    fn name(&self) -> &'static str {
        NAME
    }

    fn family(&self) -> &'static str {
        "wasmtime for Python"
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
        javascript::BATCH
    }

    fn command(&self) -> Vec<String> {
        ["python", "run.py", "plan.json"].map(str::to_owned).into()
    }

    fn run(&self, pods: &[Pod]) -> Vec<Ran> {
        let script = workspace().join("tests/conformance/drivers/run.py");
        let plan = javascript::plan(&self.program, pods, self.grants());
        let words = [&self.python, &script, &plan].map(|path| path.display().to_string());
        let mut command = process::of_words(&words);
        javascript::run(&mut command, pods)
    }
}
