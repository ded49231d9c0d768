//! A run as text for terminals and pipes.

use alloc::format;
use alloc::string::{String, ToString};
use core::fmt::Write as _;

use crate::{
    Check, Fact, Failure, Finding, FindingState, Outcome, Run, Section, Step, StepState, Terminal,
    TokenSummary, Until, Utc, Value,
};

/// How text is dressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Style {
    /// Steps begin with ✓ and ✗ instead of words.
    pub marks: bool,
    /// Colours (ANSI SGR sequences).
    pub colors: bool,
}

impl Style {
    /// For pipes and files: words, no colours.
    pub const PLAIN: Self = Self {
        marks: false,
        colors: false,
    };

    fn paint(self, code: &str, text: &str) -> String {
        if self.colors {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text.to_string()
        }
    }
}

const BOLD: &str = "1";
const DIM: &str = "2";
const RED: &str = "1;31";
const GREEN: &str = "32";
const YELLOW: &str = "33";
const CYAN: &str = "36";

/// Steps' details begin in this column after the mark.
const NAME_WIDTH: usize = 16;
/// Facts' values begin at least in this column.
const LABEL_WIDTH: usize = 10;
/// A list with more items than this is printed one item a line.
const ITEMS_ON_A_LINE: usize = 3;

impl Step {
    /// The step as one line.
    #[must_use]
    pub fn to_text(&self, style: Style) -> String {
        let (mark, word, color) = match self.state {
            StepState::Done => ("✓", "ok     ", GREEN),
            StepState::Failed => ("✗", "failed ", RED),
            StepState::Refused => ("✗", "refused", RED),
        };
        let mark = style.paint(color, if style.marks { mark } else { word });
        let name = Terminal(&self.name).to_string();
        let line = format!("{mark} {name:NAME_WIDTH$} {}", Terminal(&self.detail));
        let mut line = line.trim_end().to_string();
        line.push('\n');
        line
    }
}

impl Run {
    /// The whole run: steps, sections where they are what was asked for,
    /// notes, and how it ended.
    #[must_use]
    pub fn to_text(&self, style: Style) -> String {
        let mut out: String = self.steps.iter().map(|step| step.to_text(style)).collect();
        out += &self.explanation_to_text(style);
        out
    }

    /// The findings, notes and how it ended: what an explanation says in place
    /// of the steps.
    #[must_use]
    pub fn explanation_to_text(&self, style: Style) -> String {
        let mut out: String = self.findings.iter().map(|one| one.to_text(style)).collect();
        out += &self.ending_to_text(style);
        out
    }

    /// What follows the steps, for callers that have printed those already.
    #[must_use]
    pub fn ending_to_text(&self, style: Style) -> String {
        let mut out = String::new();
        if self.outcome == Outcome::Shown {
            out += &sections(&self.sections, style);
        }
        if !self.notes.is_empty() {
            open_paragraph(&mut out, !self.steps.is_empty());
            for note in &self.notes {
                out += &note_to_text(note, style);
            }
        }
        let after = !self.steps.is_empty() || !self.notes.is_empty();
        match &self.outcome {
            Outcome::Token(summary) => {
                open_paragraph(&mut out, after);
                out += &token(summary, self.at, style);
                // Asked for, and about the token.
                for section in self
                    .sections
                    .iter()
                    .filter(|section| section.key == "cache")
                {
                    out.push('\n');
                    out += &sections(core::slice::from_ref(section), style);
                }
            }
            Outcome::Shown => {}
            Outcome::Failed(failure) => {
                open_paragraph(&mut out, after);
                out += &if self.findings.is_empty() {
                    failure.to_text(style)
                } else {
                    // The findings have the details.
                    Failure {
                        details: alloc::vec::Vec::new(),
                        ..failure.clone()
                    }
                    .to_text(style)
                };
            }
        }
        out
    }
}

impl Finding {
    /// The finding as a line, with its values, its fix and what to paste
    /// indented below.
    #[must_use]
    pub fn to_text(&self, style: Style) -> String {
        let (mark, color) = match self.state {
            FindingState::Right => ("✓", GREEN),
            FindingState::Doubtful => ("!", YELLOW),
            FindingState::Wrong => ("✗", RED),
            FindingState::NotReached => ("-", DIM),
        };
        let word = format!("{:11}", self.state.name());
        let mark = style.paint(color, if style.marks { mark } else { &word });
        let title = style.paint(BOLD, &format!("{:NAME_WIDTH$}", self.title));
        let line = format!("{mark} {title} {}", Terminal(&self.said));
        let mut out = line.trim_end().to_string();
        out.push('\n');
        for row in facts(&self.facts, style).lines() {
            let _ = writeln!(out, "  {row}");
        }
        if !self.fix.is_empty() {
            let label = style.paint(CYAN, "fix:");
            let _ = writeln!(out, "    {label} {}", Terminal(&self.fix));
        }
        // Where all is right there is nothing to mend; JSON and HTML have them.
        let wanted = self.state != FindingState::Right;
        for snippet in self.snippets.iter().filter(|_| wanted) {
            let label = format!("{}:", snippet.label);
            let _ = writeln!(out, "    {}", style.paint(DIM, &label));
            for line in snippet.text.lines() {
                let _ = writeln!(out, "      {}", Terminal(line));
            }
        }
        out
    }
}

/// One note as a line: `note: …`.
#[must_use]
pub fn note_to_text(note: &str, style: Style) -> String {
    format!("{} {}\n", style.paint(YELLOW, "note:"), Terminal(note))
}

impl Failure {
    /// The failure: `error:`, `hint:`, details, and what to check.
    #[must_use]
    pub fn to_text(&self, style: Style) -> String {
        let mut out = self.to_short_text(style);
        if !self.checks.is_empty() {
            let _ = writeln!(out, "\n{}", style.paint(BOLD, "Check in this order:"));
            for (index, check) in self.checks.iter().enumerate() {
                write_check(&mut out, index + 1, check);
            }
        }
        out
    }

    /// The failure without the checks, for a program's standard error.
    #[must_use]
    pub fn to_short_text(&self, style: Style) -> String {
        let mut out = String::new();
        let label = style.paint(RED, "error:");
        let _ = writeln!(out, "{label} {}", Terminal(&self.message));
        if !self.next_step.is_empty() {
            let label = style.paint(CYAN, "hint:");
            let _ = writeln!(out, "{label} {}", Terminal(&self.next_step));
        }
        out += &facts(&self.details, style);
        out
    }
}

fn open_paragraph(out: &mut String, after_something: bool) {
    if after_something || !out.is_empty() {
        out.push('\n');
    }
}

fn token(token: &TokenSummary, now: i64, style: Style) -> String {
    let expires = format!(
        "{} ({})",
        Utc(token.expires_on),
        Until {
            now,
            then: token.expires_on
        }
    );
    let mut rows = alloc::vec![
        Fact::new("expires", expires),
        Fact::new("token", token.shown()),
        Fact::new("scope", token.scope.as_str()),
        Fact::new("requests", u64::from(token.requests)),
    ];
    if let Some(refresh_on) = token.refresh_on {
        rows.insert(1, Fact::new("refresh", Utc(refresh_on)));
    }
    facts(&rows, style)
}

fn sections(sections: &[Section], style: Style) -> String {
    let mut out = String::new();
    for section in sections {
        open_paragraph(&mut out, false);
        let _ = writeln!(out, "{}", style.paint(BOLD, section.title));
        out += &facts(&section.facts, style);
    }
    out
}

fn facts(facts: &[Fact], style: Style) -> String {
    let labels: alloc::vec::Vec<String> = facts
        .iter()
        .map(|fact| Terminal(&fact.label).to_string())
        .collect();
    let width = labels
        .iter()
        .map(|label| label.chars().count())
        .fold(LABEL_WIDTH, usize::max);
    let mut out = String::new();
    for (label, fact) in labels.iter().zip(facts) {
        for (index, line) in lines(&fact.value).iter().enumerate() {
            let label = if index == 0 { label.as_str() } else { "" };
            let label = style.paint(DIM, &format!("{label:width$}"));
            let row = format!("  {label}  {}", Terminal(line));
            let _ = writeln!(out, "{}", row.trim_end());
        }
    }
    out
}

/// A value as the lines it is printed in, not yet escaped.
pub(crate) fn lines(value: &Value) -> alloc::vec::Vec<String> {
    match value {
        Value::Text(text) if text.is_empty() => alloc::vec!["-".to_string()],
        // An authority's description is several lines by its own `\r\n`.
        Value::Text(text) => text.lines().map(ToString::to_string).collect(),
        Value::Number(number) => alloc::vec![number.to_string()],
        Value::Flag(flag) => alloc::vec![if *flag { "yes" } else { "no" }.to_string()],
        Value::Time(time) => alloc::vec![Utc(*time).to_string()],
        Value::List(list) if list.is_empty() => alloc::vec!["none".to_string()],
        Value::List(list) if list.len() <= ITEMS_ON_A_LINE => alloc::vec![list.join(", ")],
        Value::List(list) => list.clone(),
    }
}

fn write_check(out: &mut String, number: usize, check: &Check) {
    let _ = writeln!(out, "  {number}. {}", Terminal(&check.text));
    for command in &check.commands {
        let _ = writeln!(out, "       {}", Terminal(command));
    }
}
