//! `cargo xtask test`: everything that can fail.

use anyhow::Result;

use super::{build, package, reproduce, wit};
use crate::examples;
use crate::outside;
use crate::process;
use crate::selection;
use crate::steps::Steps;
use crate::tools::Tools;
use crate::workspace::Workspace;

/// On how many kinds of runtime the cases of `tests/conformance` must have been
/// run; the modes of our host are one.
const RUNTIMES: &str = "5";

pub(super) fn run(
    workspace: &Workspace,
    steps: &mut Steps,
    all: bool,
    arguments: &[String],
) -> Result<()> {
    let toolchain = build::run(workspace, steps)?;
    build::slim_host(workspace, steps)?;
    package::for_tests(workspace, steps)?;
    steps.run("example hosts in Rust", || examples::hosts(workspace))?;
    wit::check(workspace, steps)?;
    steps.run("tests of xtask", || {
        process::run(
            process::cargo(workspace)
                .args(["test", "--package", "xtask", "--"])
                .args(arguments),
        )
    })?;
    let tools = if all {
        Tools::all(workspace, steps)
    } else {
        Tools::quick(workspace, steps)
    };
    let outside = if all {
        let what = "a program outside of the workspace";
        Some(steps.run(what, || outside::build(workspace))?)
    } else {
        None
    };
    steps.run("tests of everything else", || {
        let mut cargo = process::cargo(workspace);
        // All that fails, in one run.
        cargo.args(["test", "--no-fail-fast"]);
        tools.tell(&mut cargo);
        cargo.env("KEYHOLE_REQUIRE_RUNTIMES", RUNTIMES);
        if all {
            cargo.env("KEYHOLE_EVERY_CASE", "1");
        }
        cargo.envs(outside.iter().map(|program| (outside::VARIABLE, program)));
        process::run(selection::select(&mut cargo).arg("--").args(arguments))
    })?;
    reproduce::compare(workspace, &toolchain, steps)
}
