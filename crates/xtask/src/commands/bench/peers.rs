//! The same exchange by other people's programs.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::Value;

use super::figure;
use crate::emulator::Emulator;
use crate::process;
use crate::steps::Steps;
use crate::tools::Tools;
use crate::workspace::Workspace;

/// How often each is run: the slowest takes a second.
const ROUNDS: usize = 50;

/// The AKS API server's application: what all ask a token for.
const SERVER: &str = "6dae42f8-4368-4678-94ff-3960e28e3630";

/// A program to be measured.
struct Peer {
    name: &'static str,
    command: Vec<PathBuf>,
    /// What its users install besides the interpreter.
    installed: PathBuf,
}

impl Peer {
    fn new(name: &'static str, installed: &Path, command: &[&str]) -> Self {
        Self {
            name,
            command: command.iter().map(PathBuf::from).collect(),
            installed: installed.to_owned(),
        }
    }
}

/// Runs all that can be had in turn; the answer is a Markdown table.
pub(super) fn measure(workspace: &Workspace, steps: &mut Steps) -> Result<String> {
    let tools = Tools::peers(workspace, steps);
    let peers = peers(workspace, &tools);
    let measured = steps.run("the same by others", || cold(workspace, &peers))?;
    let mut table = "| | wall | CPU | peak memory | requests | to install |\n\
                     |---|---:|---:|---:|---:|---:|\n"
        .to_owned();
    let mut first: Option<[f64; 5]> = None;
    for (index, peer) in peers.iter().enumerate() {
        let figure = |name, of| figure(&measured, index, name, of);
        let figures = [
            figure("wall_us", "median")?,
            figure("cpu_us", "median")?,
            figure("peak_bytes", "most")?,
            requests(workspace, peer)?,
            size(&peer.installed)?,
        ];
        let ours = *first.get_or_insert(figures);
        let show = |at: usize, text: String| match figures[at] / ours[at] {
            _ if index == 0 => text,
            ratio => format!("{text} ({ratio:.1}x)"),
        };
        table += &format!(
            "| {} | {} | {} | {} | {} | {} |\n",
            peer.name,
            show(0, format!("{:.1} ms", figures[0] / 1e3)),
            show(1, format!("{:.1} ms", figures[1] / 1e3)),
            show(2, format!("{:.1} MB", figures[2] / 1e6)),
            figures[3],
            show(4, format!("{:.1} MB", figures[4] / 1e6)),
        );
    }
    table += &format!(
        "\nProcess to exit, medians of {ROUNDS} runs each, in turn; the most memory of all runs. \
         kubelogin is told not to discover its instance, which the public cloud would make one \
         request more. Interpreters are not counted as installed.\n"
    );
    Ok(table)
}

fn peers(workspace: &Workspace, tools: &Tools) -> Vec<Peer> {
    let text = |path: &Path| path.display().to_string();
    let scope = format!("{SERVER}/.default");
    let keyhole = workspace.dist.join("keyhole");
    let mut peers = vec![Peer::new(
        "`keyhole get-token`",
        &keyhole,
        &[&text(&keyhole), "get-token"],
    )];
    if let Some(kubelogin) = tools.get("KEYHOLE_REAL_KUBELOGIN") {
        let command = [
            &*text(kubelogin),
            "get-token",
            "--login",
            "workloadidentity",
            "--server-id",
            SERVER,
            "--disable-instance-discovery",
        ];
        peers.push(Peer::new("kubelogin 0.2.19 (Go)", kubelogin, &command));
    }
    if let Some(rust) = tools.get("KEYHOLE_PEER_RUST") {
        let command = [&*text(rust), &scope];
        peers.push(Peer::new("azure_identity 1.0 (Rust)", rust, &command));
    }
    if let Some(python) = tools.get("KEYHOLE_PEER_PYTHON") {
        let script = workspace.root.join("bench/peers/azure_identity_peer.py");
        let command = [&*text(python), &text(&script), &scope];
        let environment = python.parent().and_then(Path::parent).unwrap_or(python);
        let packages = environment.join("lib");
        peers.push(Peer::new(
            "azure-identity 1.27 (Python)",
            &packages,
            &command,
        ));
    }
    if let Some(script) = tools.get("KEYHOLE_PEER_NODE") {
        let packages = script.with_file_name("node_modules");
        let command = ["node", &*text(script), &scope];
        peers.push(Peer::new(
            "@azure/identity 4.14 (Node)",
            &packages,
            &command,
        ));
    }
    peers
}

/// A program in the pod, with the emulator's CA where each looks for one.
fn in_the_pod(emulator: &Emulator, program: &Path) -> Command {
    let mut command = emulator.in_the_pod(program);
    let variables = emulator.variables();
    let ca = variables.iter().find(|(name, _)| name == "SSL_CERT_FILE");
    if let Some((_, ca)) = ca {
        command
            .env("REQUESTS_CA_BUNDLE", ca)
            .env("NODE_EXTRA_CA_CERTS", ca);
    }
    command
}

fn cold(workspace: &Workspace, peers: &[Peer]) -> Result<Value> {
    let emulator = Emulator::start_quietly(workspace)?;
    let mut cold = in_the_pod(&emulator, &workspace.slim("cold"));
    cold.arg(ROUNDS.to_string());
    for peer in peers {
        cold.arg("--").args(&peer.command);
    }
    let text = process::output(&mut cold)?;
    serde_json::from_str(&text).context("`cold` did not write JSON")
}

/// How many requests one exchange makes.
fn requests(workspace: &Workspace, peer: &Peer) -> Result<f64> {
    let emulator = Emulator::start_quietly(workspace)?;
    let (program, arguments) = peer.command.split_first().context("no program")?;
    process::output(in_the_pod(&emulator, program).args(arguments))?;
    let counts = emulator.finish()?;
    counts["requests"].as_f64().context("nothing was counted")
}

/// The bytes of a file, or of all below a folder.
fn size(path: &Path) -> Result<f64> {
    let metadata = std::fs::symlink_metadata(path)
        .with_context(|| format!("cannot look at {}", path.display()))?;
    if !metadata.is_dir() {
        return Ok(metadata.len() as f64);
    }
    std::fs::read_dir(path)?
        .map(|entry| size(&entry?.path()))
        .sum()
}
