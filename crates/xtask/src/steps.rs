//! What is being done and how long it took, one line when a step starts, one
//! when it ends, and a table at the end.

use std::time::{Duration, Instant};

use anyhow::Result;

/// The steps of one command. Everything goes to stderr: stdout belongs to
/// results.
pub(crate) struct Steps {
    started: Instant,
    taken: Vec<Taken>,
}

struct Taken {
    what: String,
    time: Duration,
    failed: bool,
}

impl Steps {
    pub(crate) fn new() -> Self {
        Self {
            started: Instant::now(),
            taken: Vec::new(),
        }
    }

    /// Runs one step and remembers how long it took, also when it fails.
    pub(crate) fn run<T>(
        &mut self,
        what: impl Into<String>,
        step: impl FnOnce() -> Result<T>,
    ) -> Result<T> {
        let what = what.into();
        eprintln!("==> {what} (at {})", for_people(self.started.elapsed()));
        let started = Instant::now();
        let outcome = step();
        let time = started.elapsed();
        let failed = outcome.is_err();
        let word = if failed { "failed after" } else { "took" };
        eprintln!("    {what}: {word} {}", for_people(time));
        self.taken.push(Taken { what, time, failed });
        outcome
    }

    /// Prints the table, unless there was at most one step to tell of.
    pub(crate) fn summary(&self) {
        if self.taken.len() > 1 {
            eprint!("{}", self.table(self.started.elapsed()));
        }
    }

    fn table(&self, total: Duration) -> String {
        let width = self.taken.iter().map(|t| t.what.len()).max().unwrap_or(0);
        let mut table = String::from("\nTime taken\n");
        for Taken { what, time, failed } in &self.taken {
            let mark = if *failed { "  FAILED" } else { "" };
            table += &format!("  {what:<width$}  {:>14}{mark}\n", for_people(*time));
        }
        table + &format!("  {:<width$}  {:>14}\n", "in all", for_people(total))
    }
}

/// `3.4 s` below a minute, `2 min 05 s` from there on.
pub(crate) fn for_people(time: Duration) -> String {
    let tenths = (time.as_millis() + 50) / 100;
    if tenths < 600 {
        return format!("{}.{} s", tenths / 10, tenths % 10);
    }
    let seconds = (time.as_millis() + 500) / 1000;
    format!("{} min {:02} s", seconds / 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_for_people() {
        let written = |ms| for_people(Duration::from_millis(ms));
        assert_eq!(written(0), "0.0 s");
        assert_eq!(written(3_449), "3.4 s");
        assert_eq!(written(59_949), "59.9 s");
        assert_eq!(written(59_951), "1 min 00 s");
        assert_eq!(written(125_400), "2 min 05 s");
    }

    #[test]
    fn a_failed_step_is_in_the_table_and_marked() {
        let mut steps = Steps::new();
        steps.run("first", || Ok(())).unwrap();
        let failed: Result<()> = steps.run("second", || anyhow::bail!("no"));
        assert!(failed.is_err());
        let table = steps.table(Duration::from_secs(61));
        let lines: Vec<&str> = table.lines().filter(|l| !l.is_empty()).collect();
        assert_eq!(lines.len(), 4, "{table}");
        assert!(lines[1].contains("first") && !lines[1].contains("FAILED"));
        assert!(lines[2].contains("second") && lines[2].ends_with("FAILED"));
        assert!(lines[3].ends_with("1 min 01 s"), "{table}");
    }
}
