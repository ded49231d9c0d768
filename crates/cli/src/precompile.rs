//! `keyhole precompile`: a component as machine code, for the slim build.
//!
//! Hidden: `cargo xtask build` calls it. The file it makes is only ever loaded
//! by a slim build that was made with it inside.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use keyhole_report::{ExitClass, Failure};

use crate::{artifact, exit, failure};

/// Compile a component for the slim build of the same sources
#[derive(Debug, Args)]
pub(crate) struct Precompile {
    /// The component
    component: PathBuf,

    /// Where to write the machine code
    #[arg(long, value_name = "FILE")]
    output: PathBuf,
}

impl Precompile {
    /// Compiles the component and writes the file.
    pub(crate) fn run(&self) -> ExitCode {
        match self.compile() {
            Ok(()) => exit::code(ExitClass::Done),
            Err(failure) => exit::fail(&failure, &[]),
        }
    }

    fn compile(&self) -> Result<(), Failure> {
        let wasm = artifact::read(&self.component)?;
        let code = keyhole_host::precompile(&wasm).map_err(|error| failure::of(&error, None))?;
        std::fs::write(&self.output, code).map_err(|error| {
            Failure::new(
                ExitClass::Configuration,
                format!("{} cannot be written: {error}", self.output.display()),
                "",
            )
        })
    }
}
