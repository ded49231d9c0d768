//! `keyhole guard`: a component, held to one request and one file on any runtime.

mod rule;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use keyhole_exchange::settings::{Origin, Settings, flag};
use keyhole_guard::{GuardError, GuardRule, RuleSource, guard};
use keyhole_host::Digest;
use keyhole_report::{ExitClass, Failure, Terminal};

use crate::flags::IdentityFlags;
use crate::whole_file::{Readers, WholeFile};
use crate::{artifact, exit, sandbox, untrusted};

pub(crate) use rule::section;

/// Hold a component to one request and one file on any runtime (full build)
///
/// Joins it with two guards into one component. The guards let the form of these
/// settings to their token endpoint pass and show their token file, read-only; all
/// else is refused, whatever the runtime grants. The rule is fixed in the file.
/// docs/guard.md says what guards cannot do.
#[derive(Debug, Args)]
pub(crate) struct Guard {
    /// Where to write the guarded component
    #[arg(long, short = 'o', value_name = "FILE")]
    output: PathBuf,

    /// What to guard instead of keyhole.wasm, which this program carries
    #[arg(long, value_name = "FILE")]
    component: Option<PathBuf>,

    /// Make the rule of the AZURE_* variables at each start instead
    ///
    /// Weaker: whoever sets the variables sets the rule. Without them everything is
    /// refused. An authority on http:// passes only if the program is started with
    /// --insecure-http.
    #[arg(
        long,
        conflicts_with_all = IdentityFlags::NAMES,
        conflicts_with = "insecure_http",
    )]
    rule_from_environment: bool,

    /// Allow an authority on http://, which only a loopback name or address can be
    #[arg(long)]
    insecure_http: bool,

    #[command(flatten)]
    identity: IdentityFlags,
}

impl Guard {
    /// Joins and writes.
    pub(crate) fn run(&self) -> ExitCode {
        let mut notes = Vec::new();
        match self.join(&mut notes) {
            Ok(()) => exit::code(ExitClass::Done),
            Err(failure) => exit::fail(&failure, &notes),
        }
    }

    fn join(&self, notes: &mut Vec<String>) -> Result<(), Failure> {
        let (source, allowed) = match self.rule_from_environment {
            true => (
                RuleSource::Environment,
                "what the AZURE_* variables ask for at its start".to_owned(),
            ),
            false => {
                let rule = self.rule(notes)?;
                let allowed = rule.to_string();
                (RuleSource::Fixed(rule), allowed)
            }
        };
        let (name, program) = match &self.component {
            None => ("keyhole.wasm".to_owned(), artifact::command()?),
            Some(file) => (file.display().to_string(), artifact::read(file)?),
        };
        let guards = artifact::guards()?;
        let joined = untrusted::within(JOINING, move || guard(&program, &source, &guards));
        let guarded = joined
            .ok_or_else(|| not_joined(&name))?
            .map_err(|error| refused(&name, &error))?;
        let output = self.output.display().to_string();
        WholeFile::new(&self.output, Readers::Umask)
            .and_then(|place| place.write(&guarded))
            .map_err(|error| {
                Failure::new(
                    ExitClass::Configuration,
                    format!("{output} cannot be written: {error}"),
                    "Name a file in a folder that is there and can be written to.",
                )
            })?;
        exit::print(&format!(
            "{}  {} bytes, {}\nallowed  {}\n",
            Terminal(&output),
            guarded.len(),
            Digest::of(&guarded),
            Terminal(&allowed)
        ))
    }

    fn rule(&self, notes: &mut Vec<String>) -> Result<GuardRule, Failure> {
        let settings = sandbox::resolve(&self.identity.to_settings_flags(), sandbox::variable)?;
        *notes = sandbox::notes(&settings);
        self.judge(&settings)
    }

    fn judge(&self, settings: &Settings) -> Result<GuardRule, Failure> {
        let wrong = |message, next_step| Failure::new(ExitClass::Configuration, message, next_step);
        if settings.origins().token_file == Origin::Flag(flag::GITHUB_ACTIONS_TOKEN) {
            return Err(wrong(
                "a guard shows a file, and the token of GitHub Actions is none".to_owned(),
                "Leave --github-actions-token out; a job can write its token to a file.",
            ));
        }
        let rule = GuardRule::of(settings);
        if rule.scheme == "http" && !self.insecure_http {
            return Err(wrong(
                format!(
                    "the authority {} would get the federated token in plain text",
                    settings.authority().url()
                ),
                "Use https://, or allow it for this loopback authority with --insecure-http.",
            ));
        }
        rule.checked().map_err(|_| {
            wrong(
                "the token file's path has control characters, and a rule is shown to people"
                    .to_owned(),
                "Give the file another name.",
            )
        })
    }
}

/// Longer than any program of eight megabytes takes.
const JOINING: Duration = Duration::from_secs(60);

fn not_joined(name: &str) -> Failure {
    Failure::new(
        ExitClass::Configuration,
        format!("{name} cannot be guarded: joining it failed or took too long"),
        "Build it anew with the usual tools; its types are odd.",
    )
}

fn refused(name: &str, error: &GuardError) -> Failure {
    let (class, next_step) = match error {
        GuardError::NoComponent(_) => (
            ExitClass::Configuration,
            "Name a component in binary form; of a core module `wasm-tools component new` makes \
             one.",
        ),
        GuardError::NothingToGuard => (
            ExitClass::Configuration,
            "It reaches neither network nor files, so any runtime holds it.",
        ),
        GuardError::NotHeld(_) => (
            ExitClass::Configuration,
            "A guarded component has HTTP requests, files, standard streams, variables, clocks and \
             random numbers. Build it without the rest: guarded as it is, it could go around the \
             guards.",
        ),
        GuardError::Bug(_) | GuardError::NoSuchRule(_) => (
            ExitClass::Bug,
            "Report it with the command and the version.",
        ),
        GuardError::Server(_) => (
            ExitClass::Configuration,
            "Guard what it asks for tokens instead.",
        ),
        _ => (
            ExitClass::Configuration,
            "Build it against WASI 0.2.12 or an earlier 0.2.",
        ),
    };
    Failure::new(
        class,
        format!("{name} cannot be guarded: {error}"),
        next_step,
    )
}
