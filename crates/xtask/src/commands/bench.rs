//! `cargo xtask bench`: what the sandbox costs, beside the same exchange
//! without it.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;

use super::build;
use crate::emulator::Emulator;
use crate::files;
use crate::guests::EXCHANGE;
use crate::process;
use crate::selection::{self, WARM};
use crate::steps::Steps;
use crate::workspace::Workspace;

mod peers;
mod proxies;
mod table;

use table::{Row, Target, Unit};

pub(super) fn run(
    workspace: &Workspace,
    steps: &mut Steps,
    rounds: usize,
    with_peers: bool,
) -> Result<()> {
    programs(workspace, steps)?;
    steps.run("bench of warm calls", || {
        let mut cargo = process::cargo(workspace);
        process::run(selection::select(cargo.args(WARM).arg("--no-run")))
    })?;
    let load = load();
    let cold = steps.run("cold: from process to exit", || cold(workspace, rounds))?;
    let warm = steps.run("warm: calls in one process", || warm(workspace))?;
    let peers = match with_peers {
        true => Some(peers::measure(workspace, steps)?),
        false => None,
    };

    let mut rows = cold_rows(&cold)?;
    rows.extend(size_rows(workspace)?);
    rows.extend(warm_rows(workspace, &warm)?);
    print!("{}", table::markdown(&rows));
    println!(
        "\n{} cores, {}, loopback; medians of {rounds} runs each, in turn; load before: {load}.",
        std::thread::available_parallelism().map_or(1, usize::from),
        std::env::consts::ARCH,
    );
    if let Some(table) = peers {
        print!("\n{table}");
    }
    Ok(())
}

/// Proxies that add the token, beside each other.
pub(super) fn run_proxies(workspace: &Workspace, steps: &mut Steps) -> Result<()> {
    programs(workspace, steps)?;
    let load = load();
    print!("{}", proxies::measure(workspace, steps)?);
    println!("Load before: {load}.");
    Ok(())
}

/// Ours, and what measures them.
fn programs(workspace: &Workspace, steps: &mut Steps) -> Result<()> {
    build::run(workspace, steps)?;
    steps.run("programs of the bench", || {
        build::slim(workspace, &["keyhole-bench"])
    })
}

/// How busy the machine was in the last minute, where it says.
fn load() -> String {
    let told = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    told.split(' ').next().unwrap_or_default().to_owned()
}

/// What `cold` measured, and under `counts` what the emulator has seen of it.
fn cold(workspace: &Workspace, rounds: usize) -> Result<Value> {
    let emulator = Emulator::start_quietly(workspace)?;
    let text = process::output(
        emulator
            .in_the_pod(&workspace.slim("cold"))
            .args([&rounds.to_string(), "--"])
            .arg(workspace.dist.join("keyhole"))
            .args(["get-token", "--"])
            .arg(workspace.slim("native-floor")),
    )?;
    let mut measured: Value = serde_json::from_str(&text).context("`cold` did not write JSON")?;
    measured["counts"] = emulator.finish()?;
    Ok(measured)
}

/// What the bench of warm calls counted. Its times are in criterion's files.
fn warm(workspace: &Workspace) -> Result<Value> {
    let mut cargo = process::cargo(workspace);
    cargo
        .args(WARM)
        .env("CRITERION_HOME", workspace.target.join("criterion"));
    let text = process::output(selection::select(&mut cargo))?;
    eprint!("{text}");
    let counts = text.lines().rfind(|line| line.starts_with('{'));
    serde_json::from_str(counts.unwrap_or_default()).context("the bench `warm` did not count")
}

/// What the runs of one program took, by `cold`.
fn figure(measured: &Value, program: usize, name: &str, of: &str) -> Result<f64> {
    measured["programs"][program][name][of]
        .as_f64()
        .with_context(|| format!("`cold` measured no {name} of program {program}"))
}

fn cold_rows(measured: &Value) -> Result<Vec<Row>> {
    let both = |name, of| {
        let figure = |program: usize| figure(measured, program, name, of);
        Ok::<_, anyhow::Error>((figure(0)?, figure(1)?))
    };
    let row = |what, unit, (keyhole, floor)| Row::new(what, unit, keyhole).beside(floor);
    let mut rows = vec![
        row(
            "`keyhole get-token`, process to exit",
            Unit::Milliseconds,
            both("wall_us", "median")?,
        )
        .target(Target::Ratio(1.15)),
        row(
            "… the fastest tenth",
            Unit::Milliseconds,
            both("wall_us", "p10")?,
        ),
        row(
            "… the slowest tenth",
            Unit::Milliseconds,
            both("wall_us", "p90")?,
        ),
        row("… CPU time", Unit::Milliseconds, both("cpu_us", "median")?),
        row(
            "… peak memory, the most of all runs",
            Unit::Megabytes,
            both("peak_bytes", "most")?,
        )
        .target(Target::Figure(16e6)),
    ];
    rows.extend(count_rows("cold", &measured["counts"], &measured["runs"])?);
    Ok(rows)
}

fn size_rows(workspace: &Workspace) -> Result<Vec<Row>> {
    let size = |path: &Path| Ok::<_, anyhow::Error>(files::read(path)?.len() as f64);
    Ok(vec![
        Row::new(
            "`target/dist/keyhole`",
            Unit::Megabytes,
            size(&workspace.dist.join("keyhole"))?,
        )
        .beside(size(&workspace.slim("native-floor"))?)
        .target(Target::Figure(8e6)),
        Row::new(
            "`exchange.wasm`",
            Unit::Kilobytes,
            size(&workspace.component(EXCHANGE.name))?,
        )
        .target(Target::Figure(110e3)),
    ])
}

fn warm_rows(workspace: &Workspace, counts: &Value) -> Result<Vec<Row>> {
    let median = |name: &str| {
        let path = workspace
            .target
            .join("criterion/warm")
            .join(name)
            .join("new/estimates.json");
        let estimates: Value = serde_json::from_slice(&files::read(&path)?)?;
        let nanoseconds = estimates["median"]["point_estimate"].as_f64();
        Ok::<_, anyhow::Error>(nanoseconds.context("criterion has no median")? / 1e3)
    };
    let mut rows = vec![
        Row::new(
            "warm `get_token` beyond the network",
            Unit::Microseconds,
            median("get_token_beyond_network")?,
        )
        .target(Target::Figure(60.0)),
        Row::new(
            "warm `inspect_token`, no network",
            Unit::Microseconds,
            median("inspect_token")?,
        ),
    ];
    rows.extend(count_rows("warm", counts, &counts["exchanges"])?);
    Ok(rows)
}

/// Requests, connections and handshakes an exchange, by the emulator's count.
fn count_rows(which: &str, counts: &Value, exchanges: &Value) -> Result<Vec<Row>> {
    let number = |value: &Value| value.as_f64().context("something was not counted");
    let exchanges = number(exchanges)?;
    let counted = |(name, words)| {
        let each = number(&counts[name])? / exchanges;
        let what = format!("{words} an exchange, {which}");
        Ok(Row::new(what, Unit::Times, each).target(Target::Figure(1.0)))
    };
    [
        ("connections", "TCP connections"),
        ("handshakes", "TLS handshakes"),
        ("requests", "requests"),
    ]
    .into_iter()
    .map(counted)
    .collect()
}
