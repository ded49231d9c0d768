//! The findings of a diagnosis, and the grants beside their uses.

use alloc::string::String;
use core::fmt::{self, Write as _};

use super::write_facts;
use crate::{Finding, FindingState, GrantUse, Html};

pub(super) fn write(out: &mut String, findings: &[Finding]) -> fmt::Result {
    out.write_str("<section>\n<h2>Checks</h2>\n<ol class=\"checks\">\n")?;
    for finding in findings {
        write_finding(out, finding)?;
    }
    out.write_str("</ol>\n</section>\n")
}

fn write_finding(out: &mut String, finding: &Finding) -> fmt::Result {
    let (class, mark, state) = match finding.state {
        FindingState::Right => ("good", "✓", "right"),
        FindingState::Doubtful => ("doubt", "!", "look at it"),
        FindingState::Wrong => ("bad", "✗", "wrong"),
        FindingState::NotReached => ("off", "–", "not reached"),
    };
    writeln!(
        out,
        "<li><div class=\"check\"><span class=\"state {class}\">\
         <span aria-hidden=\"true\">{mark}</span> {state}</span><h3>{}</h3>\
         <span class=\"said\">{}</span></div>",
        Html(finding.title),
        match finding.state {
            FindingState::NotReached => Html(""),
            _ => Html(&finding.said),
        }
    )?;
    if !finding.fix.is_empty() {
        writeln!(
            out,
            "<p class=\"hint below\"><strong>Fix.</strong> {}</p>",
            Html(&finding.fix)
        )?;
    }
    if !finding.facts.is_empty() || !finding.snippets.is_empty() {
        let open = match finding.state {
            FindingState::Wrong | FindingState::Doubtful => " open",
            FindingState::Right | FindingState::NotReached => "",
        };
        writeln!(
            out,
            "<details class=\"below\"{open}><summary>with these values</summary>"
        )?;
        write_facts(out, &finding.facts)?;
        for snippet in &finding.snippets {
            write!(
                out,
                "<p class=\"label\">To paste: {}</p>\n<pre>",
                Html(snippet.label)
            )?;
            for line in snippet.text.lines() {
                writeln!(out, "{}", Html(line))?;
            }
            out.write_str("</pre>\n")?;
        }
        out.write_str("</details>\n")?;
    }
    out.write_str("</li>\n")
}

/// More uses than this are a number, not dots.
const MOST_DOTS: u64 = 6;

pub(super) fn write_uses(out: &mut String, uses: &[GrantUse]) -> fmt::Result {
    out.write_str(
        "<section>\n<h2>Granted and used</h2>\n<table>\n<caption>Everything that was granted. \
         What is not here did not exist for the component.</caption>\n<thead><tr>\
         <th scope=\"col\">Grant</th><th scope=\"col\">Granted</th>\
         <th scope=\"col\">Used</th><th scope=\"col\">Refused beyond it</th>\
         </tr></thead>\n<tbody>\n",
    )?;
    for one in uses {
        write!(
            out,
            "<tr><th scope=\"row\">{}</th><td data-label=\"granted:\"><code>{}</code></td>\
             <td data-label=\"used:\">",
            Html(one.grant),
            Html(&one.granted)
        )?;
        write_used(out, one)?;
        out.write_str("</td><td data-label=\"refused:\">")?;
        if one.refused.is_empty() {
            out.write_str("<span class=\"off\">nothing</span>")?;
        }
        for (index, refused) in one.refused.iter().enumerate() {
            let between = if index > 0 { "<br>" } else { "" };
            write!(
                out,
                "{between}<span class=\"bad\">✗ {}</span>",
                Html(refused)
            )?;
        }
        out.write_str("</td></tr>\n")?;
    }
    out.write_str("</tbody>\n</table>\n</section>\n")
}

fn write_used(out: &mut String, one: &GrantUse) -> fmt::Result {
    // Limits are not used a number of times.
    if one.grant != "limits" {
        if (1..=MOST_DOTS).contains(&one.used) {
            out.write_str("<span class=\"dots\" aria-hidden=\"true\">")?;
            (0..one.used).try_for_each(|_| out.write_char('●'))?;
            out.write_str("</span> ")?;
        }
        match one.used {
            0 => out.write_str("<span class=\"off\">not used</span>")?,
            1 => out.write_str("once")?,
            used => write!(out, "{used} times")?,
        }
        if !one.detail.is_empty() {
            out.write_str("<br>")?;
        }
    }
    write!(out, "<span class=\"off\">{}</span>", Html(&one.detail))
}
