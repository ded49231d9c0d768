//! `get-token`: kubectl's credential plugin.

use alloc::string::ToString;
use alloc::vec::Vec;

use keyhole_commands::arguments::{Invocation, Output};
use keyhole_commands::{login, token_error};
use keyhole_report::{BearerToken, ExecCredential, ExitClass, Failure, Style, note_to_text};

use crate::bindings::keyhole::identity::token_provider;
use crate::output::Streams;
use crate::process::{Process, check, request};
use crate::{failure, verify};

/// Exchanges the token and prints the reply.
pub(crate) fn run(invocation: &Invocation, process: &Process, streams: &Streams) -> ExitClass {
    let mut notes = Vec::new();
    exchange(invocation, process, streams, &mut notes).unwrap_or_else(|mut failure| {
        // kubectl is who sets it.
        if process.variable(login::EXEC_INFO).is_some() {
            token_error::shorten(&mut failure);
        }
        let mut text = failure.to_short_text(Style::PLAIN);
        for note in &notes {
            text += &note_to_text(note, Style::PLAIN);
        }
        streams.say(&text);
        failure.class
    })
}

fn exchange(
    invocation: &Invocation,
    process: &Process,
    streams: &Streams,
    notes: &mut Vec<alloc::string::String>,
) -> Result<ExitClass, Failure> {
    if let Some(refusal) = &invocation.refusal {
        return Err(refusal.clone());
    }
    let api_version = login::asked_version(process.variable(login::EXEC_INFO))?;
    let settings = process.settings(invocation)?;
    notes.extend(settings.notes().iter().map(ToString::to_string));
    notes.extend(verify::binding_note(process));
    check(invocation, &settings)?;
    let token = token_provider::get_token(&request(invocation))
        .map_err(|error| failure::of(&error, &settings))?;
    let bearer = BearerToken {
        token: &token.token,
        expires_on: token.expires_on,
        scope: &token.scope,
        tenant: settings.tenant().as_str(),
    };
    Ok(streams.print(&match invocation.output {
        Output::Token => bearer.to_bare_line(),
        Output::Json => bearer.to_json_line(),
        Output::Exec | Output::Text => ExecCredential {
            api_version,
            token: bearer.token,
            expires_on: bearer.expires_on,
        }
        .to_line(),
    }))
}
