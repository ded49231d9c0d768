//! `cold ROUNDS KEYHOLE FLOOR`: runs two programs in turn, from nothing to
//! their end, and prints what each run took as JSON.
//!
//! Linux counts the memory of the program that starts another one into the
//! peak of the started one, so this one is small and keeps its figures small.
//! The two take turns, so that whatever else the machine does meets both.

use std::ffi::OsString;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use wait4::Wait4 as _;

/// Rounds that are not counted: the first ones read the programs from disk.
const WARM_UP: usize = 20;

/// What one run took.
struct Run {
    wall_us: u128,
    cpu_us: u128,
    peak_bytes: u64,
}

fn main() -> Result<()> {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    let [rounds, keyhole, floor] = &arguments[..] else {
        anyhow::bail!("usage: cold ROUNDS KEYHOLE FLOOR");
    };
    let rounds: usize = rounds.to_str().context("ROUNDS")?.parse()?;
    let mut keyhole = command(keyhole);
    keyhole.arg("get-token");
    let mut programs = [keyhole, command(floor)];
    let mut runs = [Vec::with_capacity(rounds), Vec::with_capacity(rounds)];
    for round in 0..WARM_UP + rounds {
        for (program, runs) in programs.iter_mut().zip(&mut runs) {
            let run = run(program)?;
            if round >= WARM_UP {
                runs.push(run);
            }
        }
    }
    let [keyhole, floor] = runs.each_ref().map(|runs| summary(runs));
    println!(
        "{}",
        json!({ "runs": 2 * (WARM_UP + rounds), "keyhole": keyhole, "floor": floor })
    );
    Ok(())
}

fn command(program: &OsString) -> Command {
    let mut command = Command::new(program);
    command.stdin(Stdio::null()).stdout(Stdio::null());
    command
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
