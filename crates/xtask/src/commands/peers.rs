//! `cargo xtask peers`: the real kubelogin beside ours.

use anyhow::{Result, ensure};

use super::build;
use crate::process;
use crate::selection;
use crate::steps::Steps;
use crate::tools::Tools;
use crate::workspace::Workspace;

pub(super) fn run(workspace: &Workspace, steps: &mut Steps, record: bool) -> Result<()> {
    build::run(workspace, steps)?;
    let tools = Tools::kubelogin(steps);
    ensure!(
        !tools.is_empty(),
        "there is no kubelogin to compare with; `cargo xtask test` compares with what it did when \
         it last ran"
    );
    steps.run("the same command lines", || {
        let mut cargo = process::cargo(workspace);
        cargo.arg("test");
        tools.tell(&mut cargo);
        if record {
            cargo.env("KEYHOLE_RECORD", "1");
        }
        let arguments = ["--test", "whole", "--", "real_kubelogin::"];
        process::run(selection::select(&mut cargo).args(arguments))
    })
}
