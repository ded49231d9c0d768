//! Figures as a Markdown table, each beside the floor and its target.

/// What a figure is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    /// Told in microseconds.
    Milliseconds,
    /// Told in microseconds.
    Microseconds,
    /// 1,000,000 bytes, told in bytes.
    Megabytes,
    /// 1,000 bytes, told in bytes.
    Kilobytes,
    /// How often.
    Times,
}

impl Unit {
    fn show(self, figure: f64) -> String {
        match self {
            Self::Milliseconds => format!("{:.2} ms", figure / 1e3),
            Self::Microseconds => format!("{figure:.1} µs"),
            Self::Megabytes => format!("{:.2} MB", figure / 1e6),
            Self::Kilobytes => format!("{:.1} KB", figure / 1e3),
            Self::Times => format!("{figure}"),
        }
    }
}

/// What a figure should be at most.
#[derive(Debug, Clone, Copy)]
pub(super) enum Target {
    /// So many times the floor.
    Ratio(f64),
    /// This, in what the unit is told in.
    Figure(f64),
}

/// One figure.
#[derive(Debug)]
pub(super) struct Row {
    what: String,
    unit: Unit,
    figure: f64,
    floor: Option<f64>,
    target: Option<Target>,
}

impl Row {
    pub(super) fn new(what: impl Into<String>, unit: Unit, figure: f64) -> Self {
        Self {
            what: what.into(),
            unit,
            figure,
            floor: None,
            target: None,
        }
    }

    /// Beside what it is without the sandbox.
    pub(super) fn beside(mut self, floor: f64) -> Self {
        self.floor = Some(floor);
        self
    }

    pub(super) fn target(mut self, target: Target) -> Self {
        self.target = Some(target);
        self
    }

    fn ratio(&self) -> Option<f64> {
        self.floor.map(|floor| self.figure / floor)
    }

    fn verdict(&self) -> String {
        let (figure, most) = match self.target {
            None => return String::new(),
            Some(Target::Ratio(most)) => (self.ratio().unwrap_or(f64::INFINITY), most),
            Some(Target::Figure(most)) => (self.figure, most),
        };
        if figure <= most {
            return "ok".to_owned();
        }
        format!("MISSED by {:.1} %", (figure / most - 1.0) * 100.0)
    }

    fn markdown(&self) -> String {
        let floor = self.floor.map(|floor| self.unit.show(floor));
        let ratio = self.ratio().map(|ratio| format!("{ratio:.2}x"));
        let target = self.target.map(|target| match target {
            Target::Ratio(most) => format!("≤ {most}x"),
            Target::Figure(most) => format!("≤ {}", self.unit.show(most)),
        });
        let cells = [
            self.what.clone(),
            self.unit.show(self.figure),
            floor.unwrap_or_default(),
            ratio.unwrap_or_default(),
            target.unwrap_or_default(),
            self.verdict(),
        ];
        format!("| {} |\n", cells.join(" | "))
    }
}

/// The table.
pub(super) fn markdown(rows: &[Row]) -> String {
    let head = "| | Keyhole | native floor | ratio | target | |\n|---|---:|---:|---:|---:|---|\n";
    rows.iter()
        .fold(head.to_owned(), |table, row| table + &row.markdown())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missed_target_says_by_how_much() {
        let row = |figure, target| Row::new("time", Unit::Milliseconds, figure).target(target);
        let met = row(1_100.0, Target::Ratio(1.15)).beside(1_000.0);
        assert_eq!(met.verdict(), "ok");
        let missed = row(1_380.0, Target::Ratio(1.15)).beside(1_000.0);
        assert_eq!(missed.verdict(), "MISSED by 20.0 %");
        assert_eq!(row(9.0, Target::Figure(8.0)).verdict(), "MISSED by 12.5 %");
    }

    #[test]
    fn a_figure_without_floor_and_target_leaves_its_cells_empty() {
        let row = Row::new("size", Unit::Megabytes, 7_040_000.0);
        assert_eq!(row.markdown(), "| size | 7.04 MB |  |  |  |  |\n");
        let row = Row::new("requests", Unit::Times, 1.0).target(Target::Figure(1.0));
        assert_eq!(row.markdown(), "| requests | 1 |  |  | ≤ 1 | ok |\n");
    }
}
