//! A run as one self-contained HTML page: no script, no request to anywhere.

mod findings;
mod timeline;

use alloc::string::String;
use core::fmt::{self, Write as _};

use crate::text::lines;
use crate::{
    Check, ExitClass, Fact, Failure, Html, Outcome, Run, Section, TokenSummary, Until, Utc,
};

const STYLE: &str = include_str!("page.css");

impl Run {
    /// The run as a page to keep, to print or to send to whoever administers
    /// the tenant. It holds no secret: of the token only what
    /// [`TokenSummary`] holds.
    #[must_use]
    pub fn to_html(&self) -> String {
        let mut page = String::new();
        let _ = write_page(&mut page, self);
        page
    }
}

fn write_page(out: &mut String, run: &Run) -> fmt::Result {
    let class = run.exit_class();
    let good = class == ExitClass::Done;
    let verdict = match &run.outcome {
        Outcome::Token(_) => "Token obtained",
        Outcome::Shown => "Shown",
        Outcome::Failed(_) => "Failed",
    };
    write!(
        out,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; \
         style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n\
         <title>keyhole {}: {verdict}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n",
        Html(&run.command),
    )?;
    writeln!(
        out,
        "<header>\n<h1>keyhole {}</h1>\n<p class=\"verdict {}\"><strong>{verdict}</strong> \
         <span>exit code {}: {}</span></p>\n</header>\n<main>",
        Html(&run.command),
        if good { "good" } else { "bad" },
        class.code(),
        Html(class.meaning()),
    )?;
    match &run.outcome {
        Outcome::Token(token) => write_token(out, token, run.at)?,
        Outcome::Shown => {}
        Outcome::Failed(failure) => write_failure(out, failure, run.findings.is_empty())?,
    }
    if !run.findings.is_empty() {
        findings::write(out, &run.findings)?;
    }
    if !run.notes.is_empty() {
        out.write_str("<section>\n<h2>Notes</h2>\n<ul>\n")?;
        for note in &run.notes {
            writeln!(out, "<li>{}</li>", Html(note))?;
        }
        out.write_str("</ul>\n</section>\n")?;
    }
    if !run.steps.is_empty() {
        timeline::write(out, &run.steps)?;
    }
    if !run.uses.is_empty() {
        findings::write_uses(out, &run.uses)?;
    }
    for Section { title, facts, .. } in &run.sections {
        writeln!(out, "<section>\n<h2>{}</h2>", Html(title))?;
        write_facts(out, facts)?;
        out.write_str("</section>\n")?;
    }
    writeln!(
        out,
        "</main>\n<footer>keyhole {}, {}</footer>\n</body>\n</html>",
        Html(&run.version),
        Utc(run.at)
    )
}

fn write_token(out: &mut String, token: &TokenSummary, now: i64) -> fmt::Result {
    let until = Until {
        now,
        then: token.expires_on,
    };
    out.write_str("<section>\n<h2>Token</h2>\n<dl>\n")?;
    writeln!(
        out,
        "<dt>expires</dt><dd><time>{}</time> ({until} when this was written)</dd>",
        Utc(token.expires_on)
    )?;
    if let Some(refresh_on) = token.refresh_on {
        let refresh_on = Utc(refresh_on);
        writeln!(out, "<dt>refresh</dt><dd><time>{refresh_on}</time></dd>")?;
    }
    writeln!(
        out,
        "<dt>token</dt><dd>{}</dd>\n<dt>type</dt><dd>{}</dd>\n<dt>scope</dt><dd>{}</dd>\n\
         <dt>requests</dt><dd>{}</dd>\n</dl>\n</section>",
        Html(&token.shown()),
        Html(&token.token_type),
        Html(&token.scope),
        token.requests
    )
}

/// Where there are findings, they have the details.
fn write_failure(out: &mut String, failure: &Failure, details: bool) -> fmt::Result {
    writeln!(
        out,
        "<section>\n<h2>What failed</h2>\n<p>{}</p>",
        Html(&failure.message)
    )?;
    if !failure.next_step.is_empty() {
        writeln!(
            out,
            "<p class=\"hint\"><strong>What to do next.</strong> {}</p>",
            Html(&failure.next_step)
        )?;
    }
    if details {
        write_facts(out, &failure.details)?;
    }
    out.write_str("</section>\n")?;
    if failure.checks.is_empty() {
        return Ok(());
    }
    out.write_str("<section>\n<h2>Check in this order</h2>\n<ol>\n")?;
    for Check { text, commands } in &failure.checks {
        write!(out, "<li>{}", Html(text))?;
        if !commands.is_empty() {
            out.write_str("<pre>")?;
            for command in commands {
                writeln!(out, "{}", Html(command))?;
            }
            out.write_str("</pre>")?;
        }
        out.write_str("</li>\n")?;
    }
    out.write_str("</ol>\n</section>\n")
}

fn write_facts(out: &mut String, facts: &[Fact]) -> fmt::Result {
    if facts.is_empty() {
        return Ok(());
    }
    out.write_str("<dl>\n")?;
    for fact in facts {
        write!(out, "<dt>{}</dt><dd>", Html(&fact.label))?;
        for (index, line) in lines(&fact.value).iter().enumerate() {
            if index > 0 {
                out.write_str("<br>")?;
            }
            write!(out, "{}", Html(line))?;
        }
        out.write_str("</dd>\n")?;
    }
    out.write_str("</dl>\n")
}
