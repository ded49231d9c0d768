//! Every case on every runtime that is there.

use crate::case::Case;
use crate::deviations::Deviation;
use crate::judge::differences;
use crate::pod::Pod;
use crate::runtimes::{Listed, Program, Ran, Runtime, not_applicable};
use std::collections::VecDeque;
use std::sync::Mutex;
use std::thread;

/// What came of a case on a runtime.
#[derive(Debug, Clone)]
pub(crate) struct Result {
    pub(crate) case: String,
    pub(crate) outcome: Outcome,
    pub(crate) ran: Ran,
}

/// How it is to be seen.
#[derive(Debug, Clone)]
pub(crate) enum Outcome {
    /// As expected.
    Same,
    /// As expected of this runtime, which is known to differ, and why.
    Deviates(String),
    /// What is different.
    Fails(Vec<String>),
    /// It cannot be had there, or is not run there, and why.
    NotApplicable(&'static str),
}

/// The column of a runtime.
pub(crate) struct Column {
    pub(crate) name: &'static str,
    /// Version, transport and results, or why it was not run.
    pub(crate) run: std::result::Result<Measured, String>,
}

/// What a runtime that was run has to show.
pub(crate) struct Measured {
    pub(crate) family: &'static str,
    pub(crate) version: String,
    pub(crate) transport: &'static str,
    pub(crate) command: String,
    pub(crate) results: Vec<Result>,
}

/// How many processes run at once: most of them wait.
const AT_ONCE: usize = 4;

/// Runs all.
pub(crate) fn run(
    cases: &[Case],
    program: &Program,
    runtimes: &[Listed],
    deviations: &[Deviation],
) -> Vec<Column> {
    type Job<'a> = (usize, &'a dyn Runtime, Vec<(usize, &'a Case)>);
    let mut jobs: VecDeque<Job<'_>> = VecDeque::new();
    let results: Vec<Mutex<Vec<Option<Result>>>> = runtimes
        .iter()
        .map(|_| Mutex::new(vec![None; cases.len()]))
        .collect();
    for (column, listed) in runtimes.iter().enumerate() {
        let Ok(runtime) = &listed.found else { continue };
        let mut to_run = Vec::new();
        for (row, case) in cases.iter().enumerate() {
            // A case in which it is known to differ is never passed over.
            let known = |one: &Deviation| one.is_of(runtime.name(), &case.case);
            let passed_over = runtime.sample().filter(|(every, _)| {
                row % every != 0 && !deviations.iter().any(known) && !all_is_run()
            });
            let why = not_applicable(case, &**runtime);
            match why.or(passed_over.map(|(_, why)| why)) {
                Some(why) => {
                    results[column].lock().expect("results")[row] = Some(Result {
                        case: case.case.clone(),
                        outcome: Outcome::NotApplicable(why),
                        ran: Ran::default(),
                    });
                }
                None => to_run.push((row, case)),
            }
        }
        let batches = to_run.len().div_ceil(runtime.batch());
        for batch in 0..batches {
            // Neighbours wait alike: no batch has all that wait.
            let cases = to_run.iter().skip(batch).step_by(batches).copied();
            jobs.push_back((column, &**runtime, cases.collect()));
        }
    }
    let jobs = Mutex::new(jobs);
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let Some((column, runtime, cases)) = jobs.lock().expect("jobs").pop_front()
                    else {
                        return;
                    };
                    for (row, result) in of_batch(runtime, program, &cases, deviations) {
                        results[column].lock().expect("results")[row] = Some(result);
                    }
                }
            });
        }
    });
    let columns = runtimes.iter().zip(results);
    columns
        .map(|(listed, results)| column(listed, results))
        .collect()
}

/// Whether what takes long is run too (`cargo xtask test --all`).
pub(crate) fn all_is_run() -> bool {
    std::env::var_os("KEYHOLE_EVERY_CASE").is_some()
}

fn column(listed: &Listed, results: Mutex<Vec<Option<Result>>>) -> Column {
    let run = match &listed.found {
        Err(why) => Err(why.clone()),
        Ok(runtime) => Ok(Measured {
            family: runtime.family(),
            version: runtime.version(),
            transport: runtime.transport().name(),
            command: runtime.command().join(" "),
            results: results
                .into_inner()
                .expect("results")
                .into_iter()
                .map(|result| result.expect("every case was run or cannot be"))
                .collect(),
        }),
    };
    Column {
        name: listed.name,
        run,
    }
}

fn of_batch(
    runtime: &dyn Runtime,
    program: &Program,
    cases: &[(usize, &Case)],
    deviations: &[Deviation],
) -> Vec<(usize, Result)> {
    let pods: Vec<Pod> = cases
        .iter()
        .map(|(_, case)| Pod::new(case, runtime.transport()))
        .collect();
    let ran = runtime.run(program, &pods);
    let judged = cases.iter().zip(&pods).zip(ran);
    judged
        .map(|(((row, case), pod), ran)| {
            let known = deviations
                .iter()
                .find(|deviation| deviation.is_of(runtime.name(), &case.case));
            let result = Result {
                case: case.case.clone(),
                outcome: outcome(pod, known, &ran),
                ran,
            };
            (*row, result)
        })
        .collect()
}

fn outcome(pod: &Pod, known: Option<&Deviation>, ran: &Ran) -> Outcome {
    let differ = differences(pod, &pod.case.expect, ran);
    match (differ.is_empty(), known) {
        (true, None) => Outcome::Same,
        (false, None) => Outcome::Fails(differ),
        (true, Some(known)) => Outcome::Fails(vec![format!(
            "it is listed to deviate ({}) and does not: strike it from the list",
            known.cause
        )]),
        (false, Some(known)) => {
            let differ = differences(pod, &known.expectation(&pod.case), ran);
            match differ.is_empty() {
                true => Outcome::Deviates(known.why()),
                false => Outcome::Fails(differ),
            }
        }
    }
}
