//! `cold ROUNDS -- PROGRAM [ARGUMENT…] -- PROGRAM [ARGUMENT…] …`: runs programs
//! in turn, from nothing to their end, and prints what the runs of each took as
//! JSON.
//!
//! Linux counts the memory of the program that starts another one into the
//! peak of the started one, so this one is small and keeps its figures small.
//! The programs take turns, so that whatever else the machine does meets all.

use std::ffi::OsString;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use wait4::Wait4 as _;

/// Rounds that are not counted, at most: the first ones read the programs from
/// disk.
const WARM_UP: usize = 20;

/// What one run took.
struct Run {
    wall_us: u128,
    cpu_us: u128,
    peak_bytes: u64,
}

fn main() -> Result<()> {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    let mut parts = arguments.split(|argument| argument == "--");
    let Some([rounds]) = parts.next() else {
        anyhow::bail!("usage: cold ROUNDS -- PROGRAM [ARGUMENT…] …");
    };
    let rounds: usize = rounds.to_str().context("ROUNDS")?.parse()?;
    let mut programs = parts.map(command).collect::<Result<Vec<_>>>()?;
    let mut runs: Vec<_> = programs
        .iter()
        .map(|_| Vec::with_capacity(rounds))
        .collect();
    let warm_up = WARM_UP.min(rounds);
    for round in 0..warm_up + rounds {
        for (program, runs) in programs.iter_mut().zip(&mut runs) {
            let run = run(program)?;
            if round >= warm_up {
                runs.push(run);
            }
        }
    }
    let summaries: Vec<Value> = runs.iter().map(|runs| summary(runs)).collect();
    let all = programs.len() * (warm_up + rounds);
    println!("{}", json!({ "runs": all, "programs": summaries }));
    Ok(())
}

fn command(words: &[OsString]) -> Result<Command> {
    let (program, arguments) = words.split_first().context("a PROGRAM is missing")?;
    let mut command = Command::new(program);
    command
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    Ok(command)
}

fn run(command: &mut Command) -> Result<Run> {
    let start = Instant::now();
    let child = command
        .spawn()
        .with_context(|| format!("{} cannot be started", command.get_program().display()))?;
    let ended = child.wait4()?;
    let wall_us = start.elapsed().as_micros();
    ensure!(
        ended.status.success(),
        "{} ended with {}",
        command.get_program().display(),
        ended.status
    );
    Ok(Run {
        wall_us,
        cpu_us: (ended.rusage.utime + ended.rusage.stime).as_micros(),
        peak_bytes: ended.rusage.maxrss,
    })
}

fn summary(runs: &[Run]) -> Value {
    let spread = |figure: fn(&Run) -> u64| {
        let mut figures: Vec<u64> = runs.iter().map(figure).collect();
        figures.sort_unstable();
        let at = |percent: usize| figures.get((figures.len() - 1) * percent / 100);
        json!({ "p10": at(10), "median": at(50), "p90": at(90), "most": figures.last() })
    };
    json!({
        "wall_us": spread(|run| u64::try_from(run.wall_us).unwrap_or(u64::MAX)),
        "cpu_us": spread(|run| u64::try_from(run.cpu_us).unwrap_or(u64::MAX)),
        "peak_bytes": spread(|run| run.peak_bytes),
    })
}
