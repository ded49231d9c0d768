//! The steps of a run on a line of time.

use alloc::string::String;
use core::fmt::{self, Write as _};

use crate::{Html, Step, StepState};

/// The width of the drawing in its own units; browsers stretch it.
const WIDTH: u64 = 1000;

/// The narrowest bar that is seen.
const NARROWEST: u64 = 6;

pub(super) fn write(out: &mut String, steps: &[Step]) -> fmt::Result {
    let end = steps.iter().filter_map(|step| step.at_us).max();
    let end = end.unwrap_or_default();
    out.write_str("<section>\n<h2>Timeline</h2>\n<table>\n<caption>What was done, in order")?;
    if end > 0 {
        write!(out, ", within {}", Milliseconds(end))?;
    }
    out.write_str(
        "</caption>\n<thead><tr><th scope=\"col\">Step</th><th scope=\"col\">State</th>\
         <th scope=\"col\" class=\"number\">Took</th>\
         <th scope=\"col\" class=\"number\">Done after</th>\
         <th scope=\"col\" class=\"track\">When</th></tr></thead>\n<tbody>\n",
    )?;
    for step in steps {
        write_step(out, step, end)?;
    }
    out.write_str("</tbody>\n</table>\n</section>\n")
}

fn write_step(out: &mut String, step: &Step, end: u64) -> fmt::Result {
    let class = match step.state {
        StepState::Done => "good",
        StepState::Failed | StepState::Refused => "bad",
    };
    write!(
        out,
        "<tr><th scope=\"row\">{}<span class=\"with\">{}</span></th><td class=\"{class}\">{}</td>\
         <td class=\"number\" data-label=\"took\">",
        Html(&step.name),
        Html(&step.detail),
        step.state.name()
    )?;
    if let Some(us) = step.us {
        write!(out, "{}", Milliseconds(us))?;
    }
    out.write_str("</td><td class=\"number\" data-label=\"done after\">")?;
    if let Some(at_us) = step.at_us {
        write!(out, "{}", Milliseconds(at_us))?;
    }
    out.write_str("</td><td class=\"track\">")?;
    if let (Some(at_us), 1..) = (step.at_us, end) {
        let from = at_us.saturating_sub(step.us.unwrap_or_default());
        let place = |us: u64| us.saturating_mul(WIDTH - NARROWEST) / end;
        let width = (place(at_us) - place(from)).max(NARROWEST);
        write!(
            out,
            "<svg viewBox=\"0 0 {WIDTH} 16\" preserveAspectRatio=\"none\" aria-hidden=\"true\">\
             <line x1=\"0\" y1=\"8\" x2=\"{WIDTH}\" y2=\"8\"></line>\
             <rect class=\"{class}\" x=\"{}\" y=\"2\" width=\"{width}\" height=\"12\" rx=\"3\">\
             </rect></svg>",
            place(from)
        )?;
    }
    out.write_str("</td></tr>\n")
}

/// Microseconds as milliseconds: `12.3 ms`, under one with three digits.
struct Milliseconds(u64);

impl fmt::Display for Milliseconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, part) = (self.0 / 1000, self.0 % 1000);
        match whole {
            0 => write!(f, "0.{part:03} ms"),
            _ => write!(f, "{whole}.{} ms", part / 100),
        }
    }
}
