//! `verify`: the exchange, with a report.
//!
//! The program's steps are its sandbox's events. A component sees none of those:
//! its steps are what the exchange's result shows to have happened.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use keyhole_commands::arguments::{Invocation, Output};
use keyhole_commands::settings;
use keyhole_exchange::settings::Settings;
use keyhole_report::{ExitClass, Failure, Outcome, Run, Step, StepState, Style, TokenSummary};

use crate::bindings::keyhole::identity::token_provider::{
    self, AccessToken, AssertionFacts, TokenError,
};
use crate::output::Streams;
use crate::process::{Process, check, now, request};
use crate::{failure, help};

/// Makes the exchange and reports on it.
pub(crate) fn run(invocation: &Invocation, process: &Process, streams: &Streams) -> ExitClass {
    let mut run = Run {
        command: "verify".into(),
        version: env!("CARGO_PKG_VERSION").into(),
        at: now(),
        steps: Vec::new(),
        sections: Vec::new(),
        findings: Vec::new(),
        uses: Vec::new(),
        notes: Vec::new(),
        outcome: Outcome::Shown,
    };
    let follow = (invocation.output == Output::Text).then_some(streams);
    let result = exchange(invocation, process, follow, &mut run);
    run.at = now();
    run.outcome = match result {
        Ok(token) => Outcome::Token(token),
        Err(failure) => Outcome::Failed(failure),
    };
    let text = match follow {
        Some(_) => run.ending_to_text(Style::PLAIN),
        None => run.to_json(),
    };
    match streams.print(&text) {
        ExitClass::Done => run.exit_class(),
        unprinted => unprinted,
    }
}

fn exchange(
    invocation: &Invocation,
    process: &Process,
    follow: Option<&Streams>,
    run: &mut Run,
) -> Result<TokenSummary, Failure> {
    let mut took = |name: &str, state, detail: String| {
        let step = Step {
            name: name.into(),
            state,
            detail,
            at_us: None,
            us: None,
        };
        if let Some(streams) = follow {
            // A reader that went away is noticed when the report ends.
            let _ = streams.print(&step.to_text(Style::PLAIN));
        }
        run.steps.push(step);
    };
    let settings = match &invocation.refusal {
        Some(refusal) => Err(refusal.clone()),
        None => process.settings(invocation),
    };
    let settings = settings.inspect_err(|_| {
        took("settings", StepState::Failed, String::new());
    })?;
    took("settings", StepState::Done, settings::summary(&settings));
    run.notes
        .extend(settings.notes().iter().map(ToString::to_string));
    run.notes.extend(binding_note(process));
    run.sections.push(settings::section(&settings));
    check(invocation, &settings).inspect_err(|failure| {
        took("options", StepState::Failed, failure.message.clone());
    })?;
    let result = token_provider::get_token(&request(invocation));
    for (name, state, detail) in steps(&result, &settings) {
        took(name, state, detail);
    }
    match result {
        Ok(token) => Ok(shorten(&token)),
        Err(error) => Err(failure::of(&error, &settings)),
    }
}

type Taken = (&'static str, StepState, String);

/// What a result shows to have happened.
fn steps(result: &Result<AccessToken, TokenError>, settings: &Settings) -> Vec<Taken> {
    let mut steps = Vec::new();
    let file = settings.token_file();
    let mut read = |facts: Option<&AssertionFacts>| {
        if let Some(facts) = facts {
            let detail = format!("{file}, {} bytes", facts.size);
            steps.push(("token file read", StepState::Done, detail));
        }
    };
    match result {
        Ok(token) => {
            read(Some(&token.assertion));
            steps.push(("token accepted", StepState::Done, String::new()));
        }
        Err(TokenError::TokenFile(_)) => {
            steps.push(("token file read", StepState::Failed, file.to_string()));
        }
        Err(TokenError::Assertion(error)) => read(error.assertion.as_ref()),
        Err(TokenError::Refused(error)) => {
            read(error.assertion.as_ref());
            steps.push(answer(error.status));
        }
        Err(TokenError::Unavailable(error)) => {
            read(error.assertion.as_ref());
            steps.push(match error.status {
                Some(status) => answer(status),
                None => ("answer", StepState::Failed, String::new()),
            });
        }
        Err(TokenError::BadResponse(error)) => steps.push(answer(error.status)),
        Err(TokenError::Denied(_)) => {
            steps.push((
                "request",
                StepState::Refused,
                String::from("by the runtime"),
            ));
        }
        Err(TokenError::Configuration(_)) => {}
    }
    steps
}

fn answer(status: u16) -> Taken {
    let state = match (200..300).contains(&status) {
        true => StepState::Done,
        false => StepState::Failed,
    };
    let detail = match status {
        0 => String::new(),
        status => format!("HTTP {status}"),
    };
    ("answer", state, detail)
}

fn shorten(token: &AccessToken) -> TokenSummary {
    let (prefix, length) = TokenSummary::shorten(&token.token);
    TokenSummary {
        prefix,
        length,
        token_type: "Bearer".into(),
        expires_on: token.expires_on,
        refresh_on: token.refresh_on,
        scope: token.scope.clone(),
        requests: token.requests,
    }
}

/// A word to those whose pod has an identity binding: only the program asks its
/// token proxy, which has a CA of its own.
pub(crate) fn binding_note(process: &Process) -> Option<String> {
    process.variable(help::TOKEN_PROXY).map(|_| {
        format!(
            "{} is set, and a component asks the authority all the same: the program keyhole \
             asks the token proxy",
            help::TOKEN_PROXY
        )
    })
}
